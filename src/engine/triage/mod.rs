//! Triage: which uploads need a moderator, and what their cases contain.
//!
//! `uploads` calls [`CaseOpening`](open::CaseOpening) with a report and stores the case in the transaction that records
//! the verdict. Triage itself writes nothing: a case is a function of the report, the options, the clock and a random
//! draw. `review` then manages the open cases and shares [`Options`](options::Options) and
//! [`CaseChanges`](changes::CaseChanges).

pub mod changes;
pub mod open;
pub mod options;
pub mod plot;
