//! Work that outlives a request.
//!
//! [`runner`] claims due jobs from the store under a lease and runs a bounded number of them. A job may run twice, so
//! it must be idempotent. [`monotonic_clock`] measures leases and undo periods, so that setting the system clock does
//! not end or prolong them. [`parallel`] is for commands: many files on a bounded number of threads.

mod monotonic_clock;
mod parallel;
mod runner;

pub(in crate::engine) use monotonic_clock::MonotonicClock;
pub use parallel::each;
pub use runner::{Claim, Job, Options, Runner, Source, Take, Wake};
