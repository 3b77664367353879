//! Cases of the review queue: a verdict opens or joins one, reviewers claim and decide it, it settles when the time to
//! undo is over, and an appeal reopens it.
//!
//! Flow: `verdict` records what a check decided and calls `open`; `case` holds the row and `change_case`, which reads
//! a case, asks the engine's rules for the change and writes it in one transaction; `settle` closes what is due and
//! applies the outcome to every member; `appeal` reopens. `list`, `show`, `events`, `stats` and `plots` read for the
//! pages; `viewing` counts how long a reviewer looks at sensitive material; `retention` erases what is past its time.
//!
//! Invariants: an upload is a member of at most one open case; `version` rises with every change; every decision and
//! every undo stays on record.

mod appeal;
mod case;
mod events;
mod list;
mod open;
mod plots;
mod retention;
mod settle;
mod show;
mod stats;
mod verdict;
mod viewing;

pub use appeal::{AppealOutcome, NewAppeal};

pub use events::CaseOccurrence;
pub use list::{COUNTED_MAX, CaseCounts, CaseFilter, CasePlace, CaseRow, NotAPlace};
pub use open::{Joining, NewCase};
pub use plots::RankedPlot;
pub use retention::{ErasedCounts, RetentionLimits};
pub use settle::{DueCase, MemberEnd, Settlement};
pub use show::{CaseFile, CaseMember, EarlierCase};
pub use stats::{CaseStats, DayStats, ReviewerStats};
pub use verdict::{NewDecision, Reversal};
pub use viewing::Viewing;
