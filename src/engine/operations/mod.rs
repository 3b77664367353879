//! What operators ask of a data folder: health checks, measures, backups.

mod backup;
mod doctor;
mod measure;

pub use doctor::{Finding, diagnose};
