//! Levels of instruction sets, and the proof that this machine has one.

use std::ffi::OsStr;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

/// An instruction set for which kernels are compiled, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The baseline of the architecture (SSE2 on x86-64): the definition of every kernel.
    Scalar,
    /// AVX2 and POPCNT: Intel Haswell (2013), AMD Excavator (2015) and later.
    Avx2,
    /// AVX-512 F, BW, DQ, VL and VPOPCNTDQ, beside AVX2: Intel Ice Lake (2019), AMD Zen 4 (2022) and later.
    Avx512,
}

impl Level {
    /// All levels, lowest first.
    pub const ALL: [Level; 3] = [Level::Scalar, Level::Avx2, Level::Avx512];

    /// The highest level that this machine has.
    #[cfg(target_arch = "x86_64")]
    fn detect() -> Level {
        use std::arch::is_x86_feature_detected as has;
        if !(has!("avx2") && has!("popcnt")) {
            return Level::Scalar;
        }
        let avx512 = has!("avx512f")
            && has!("avx512bw")
            && has!("avx512dq")
            && has!("avx512vl")
            && has!("avx512vpopcntdq");
        if avx512 { Level::Avx512 } else { Level::Avx2 }
    }

    /// The highest level that this machine has.
    #[cfg(not(target_arch = "x86_64"))]
    fn detect() -> Level {
        Level::Scalar
    }

    fn as_str(self) -> &'static str {
        match self {
            Level::Scalar => "scalar",
            Level::Avx2 => "avx2",
            Level::Avx512 => "avx512",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no [`Level`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown CPU level; use scalar, avx2 or avx512")]
pub struct UnknownLevel;

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        Level::ALL.into_iter().find(|level| level.as_str() == text).ok_or(UnknownLevel)
    }
}

/// Proof that this machine has the features of a [`Level`]: only detection makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpu(Level);

impl Cpu {
    /// The lowest level, which every machine has.
    pub const SCALAR: Cpu = Cpu(Level::Scalar);

    /// The highest level that this machine has, within the process's [`ceiling`].
    pub fn detect() -> Cpu {
        Cpu(Level::detect().min(ceiling()))
    }

    /// As [`Cpu::detect`], but no higher than `most`.
    pub fn at_most(most: Level) -> Cpu {
        Cpu::detect().narrowed(most)
    }

    /// This, but no higher than `most`. Levels are nested, so the proof holds for each below it.
    pub fn narrowed(self, most: Level) -> Cpu {
        Cpu(self.0.min(most))
    }

    /// The level whose features are proven.
    pub fn level(self) -> Level {
        self.0
    }
}

impl Default for Cpu {
    fn default() -> Self {
        Cpu::detect()
    }
}

/// The highest level that this process may use: `CENOTAPH_CPU_MAX` (`scalar`, `avx2` or `avx512`), else no limit.
///
/// For tests: `CENOTAPH_CPU_MAX=scalar cargo test` runs everything on the definition of each kernel. The variable only
/// lowers the level; any other value counts as `scalar`.
pub fn ceiling() -> Level {
    static CEILING: LazyLock<Level> = LazyLock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "a limit for tests, not a setting")]
        let value = std::env::var_os("CENOTAPH_CPU_MAX");
        ceiling_of(value.as_deref())
    });
    *CEILING
}

fn ceiling_of(value: Option<&OsStr>) -> Level {
    match value.filter(|value| !value.is_empty()) {
        None => Level::Avx512,
        Some(value) => value.to_str().and_then(|text| text.parse().ok()).unwrap_or(Level::Scalar),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_lowers_the_level_and_never_raises_it() {
        let of = |value: &str| ceiling_of(Some(OsStr::new(value)));
        assert_eq!((of("scalar"), of("avx2")), (Level::Scalar, Level::Avx2));
        assert_eq!((ceiling_of(None), of("")), (Level::Avx512, Level::Avx512));
        assert_eq!((of("AVX2"), of("avx1024")), (Level::Scalar, Level::Scalar));
        for most in Level::ALL {
            assert!(Cpu::at_most(most).level() <= most.min(Level::detect()).min(ceiling()));
            assert_eq!(Cpu::SCALAR.narrowed(most), Cpu::SCALAR);
        }
    }

    #[test]
    fn a_level_survives_its_text() {
        for level in Level::ALL {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        assert_eq!("sse9".parse::<Level>(), Err(UnknownLevel));
    }
}
