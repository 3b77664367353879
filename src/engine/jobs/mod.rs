//! Work that outlives a request: the runner for durable jobs, a clock that nobody can set, and many files in parallel.

pub mod monotonic_clock;
pub mod parallel;
pub mod runner;
