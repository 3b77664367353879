//! Which uploads are put before moderators, and with what their cases are opened: a function of the report.

mod changes;
pub(in crate::engine) mod open;
mod options;
pub(in crate::engine) mod plot;

pub use changes::CaseChanges;
pub use open::CaseOpening;
pub(in crate::engine) use open::Looks;
pub use options::Options;
