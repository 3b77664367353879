//! Which uploads are put before moderators, and with what their cases are opened: a function of the report.

pub mod changes;
pub mod open;
pub mod options;
pub mod plot;
