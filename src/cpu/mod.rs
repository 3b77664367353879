//! CPU features: detected here, proven by a type, chosen once.
//!
//! A kernel is a short, hot function over slices. Its body is written once, in plain Rust, as loops that the compiler
//! vectorises. `multiversion!` compiles that body once for each [`Level`]: the baseline of the architecture, AVX2 and
//! AVX-512. The kernel takes a [`Cpu`] as its first argument and runs the build that the `Cpu` names.
//!
//! - A `Cpu` is the proof that the machine has the features of its level: only detection makes one. It is obtained
//!   once, when a hasher, a detector, a scaler or a searcher is constructed, and handed down from there.
//! - The scalar build is the definition. Rust neither reorders nor fuses floating point operations, so every build
//!   returns the same bits; only the speed differs. `every_level_agrees` (in `testing`) holds each kernel to that.
//! - `CENOTAPH_CPU_MAX` lowers the level of a whole process for tests (see [`ceiling`]). Nothing raises it above what
//!   the machine has.
//!
//! On an architecture other than x86-64 there is one level, [`Level::Scalar`], and no `unsafe` code is compiled here.

mod level;
mod multiversion;
#[cfg(test)]
pub(crate) mod testing;

pub use level::{Cpu, Level, UnknownLevel, ceiling};
pub(crate) use multiversion::multiversion;
