//! Operations on a data folder: health checks with advice ([`doctor`]), gauges for the metrics ([`measure`]), online
//! backups ([`backup`]). None of them changes the folder, and all of them run beside a writer.

mod backup;
mod doctor;
mod measure;

pub use doctor::{Finding, diagnose};
