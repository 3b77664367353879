//! Work that outlives a request: the runner for durable jobs, bounded pools for blocking work, a clock that nobody can
//! set, and many files in parallel.

pub mod monotonic_clock;
pub mod parallel;
pub mod pools;
pub mod runner;
