//! What operators ask of a data folder: health checks, measures, backups.

pub mod backup;
pub mod doctor;
pub mod measure;
