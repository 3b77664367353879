//! Triage: which uploads need a moderator, and what their cases contain.
//!
//! `uploads` calls [`CaseOpening`] with a report and stores the case in the transaction that records
//! the verdict. Triage itself writes nothing: a case is a function of the report, the options, the clock and a random
//! draw. `review` then manages the open cases and shares [`Options`] and
//! [`CaseChanges`].

mod changes;
pub(in crate::engine) mod open;
mod options;
pub(in crate::engine) mod plot;

pub use changes::CaseChanges;
pub use open::CaseOpening;
pub(in crate::engine) use open::Looks;
pub use options::Options;
