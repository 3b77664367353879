//! Work that outlives a request: the runner for durable jobs, a clock that nobody can set, and many files in parallel.

mod monotonic_clock;
mod parallel;
mod runner;

pub(in crate::engine) use monotonic_clock::MonotonicClock;
pub use parallel::each;
pub use runner::{Claim, Job, Options, Runner, Source, Take, Wake};
