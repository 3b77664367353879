//! Work that outlives a request.
//!
//! [`runner`] claims due jobs from the store under a lease and runs a bounded number of them. A job may run twice, so
//! it must be idempotent. Leases and due times of jobs are wall-clock times. [`monotonic_clock`] measures moderators'
//! claims and undo periods, so that setting the system clock neither ends nor prolongs them. [`parallel`] is for
//! commands: many files on a bounded number of threads.

mod monotonic_clock;
mod parallel;
mod runner;

pub(in crate::engine) use monotonic_clock::MonotonicClock;
pub use parallel::each;
pub use runner::{Claim, Job, Options, Runner, Source, Take, Wake};
