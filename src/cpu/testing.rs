//! One set of tests for all kernels: each level against the scalar one, on random inputs of awkward sizes.

use std::fmt::Debug;

use crate::cpu::{Cpu, Level};

/// Sizes around the widths of registers and of the blocks that kernels work in, and odd ones between.
const LENGTHS: [usize; 18] = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 511, 1000];
/// Elements by which an input is moved off its allocation, so that vectors are not aligned.
const OFFSETS: [usize; 3] = [0, 1, 3];

/// Runs a kernel at each level that this machine has, for each seed, length and offset, and compares what it returns
/// with the scalar level's. `kernel` makes its input from the [`Input`] alone and returns all that the kernel computed,
/// floating point numbers as bits.
///
/// # Panics
/// When a level differs from the scalar one.
pub(crate) fn every_level_agrees<T: PartialEq + Debug>(kernel: impl Fn(Cpu, &mut Input) -> T) {
    for (seed, length) in (1..).zip(LENGTHS) {
        for offset in OFFSETS {
            let input = || Input { state: seed, length, offset };
            let expected = kernel(Cpu::SCALAR, &mut input());
            for level in Level::ALL {
                let cpu = Cpu::at_most(level);
                assert_eq!(
                    kernel(cpu, &mut input()),
                    expected,
                    "{:?}, length {length}, offset {offset}",
                    cpu.level()
                );
            }
        }
    }
}

/// Random input of one run; the same for every level.
pub(crate) struct Input {
    state: u64,
    /// Number of elements that the run is about.
    pub length: usize,
    /// Elements to skip at the front of a slice that need not be aligned.
    pub offset: usize,
}

impl Input {
    /// A random number; an LCG's upper bits folded over its lower ones (Knuth's MMIX constants).
    pub fn word(&mut self) -> u64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.state ^ self.state >> 29
    }

    /// A number in `0.0..1.0`.
    pub fn share(&mut self) -> f32 {
        (self.word() >> 40) as f32 / (1 << 24) as f32
    }

    pub fn words(&mut self, count: usize) -> Vec<u64> {
        (0..count).map(|_| self.word()).collect()
    }

    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.word() >> 32) as u8).collect()
    }

    /// Numbers in `-255.0..255.0`, as differences of grey levels are.
    pub fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| (self.share() * 2.0 - 1.0) * 255.0).collect()
    }
}

/// The bits of floating point results, which compare exactly.
pub(crate) fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

#[test]
fn random_input_varies() {
    let mut input = Input { state: 1, length: 0, offset: 0 };
    let mut words = input.words(1000);
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), 1000);
    let floats = input.floats(1000);
    assert!(floats.iter().any(|v| *v < -200.0) && floats.iter().any(|v| *v > 200.0));
}

#[test]
#[should_panic(expected = "length 16")]
fn a_kernel_that_differs_is_caught() {
    // Counts calls, because a machine may have no level but the scalar one.
    let calls = std::cell::Cell::new(0);
    every_level_agrees(|_, input| {
        calls.set(calls.get() + 1);
        if input.length == 16 { calls.get() } else { 0 }
    });
}
