//! Which copy of a kernel runs.
//!
//! A kernel's body is written once, as plain loops over slices that the compiler vectorises; `multiversion!`
//! compiles it for the baseline, for AVX2 and for AVX-512 and picks one by what the CPU has. Since Rust neither
//! reorders nor fuses floating point, all copies give the same bits: only their speed differs.

/// The widest instruction set to use. Obtained once by `Level::detect` and handed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Baseline,
    Avx2,
    Avx512,
}

impl Level {
    /// What this CPU has, but no more than `ceiling`.
    pub fn detect(ceiling: Level) -> Level {
        let found = if std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512bw")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512vl")
            && std::arch::is_x86_feature_detected!("avx512vpopcntdq")
        {
            Level::Avx512
        } else if std::arch::is_x86_feature_detected!("avx2")
            && std::arch::is_x86_feature_detected!("popcnt")
        {
            Level::Avx2
        } else {
            Level::Baseline
        };
        found.min(ceiling)
    }
}

/// `multiversion! { fn name(args…) -> T { body } }` makes `fn name(cpu: Cpu, args…) -> T`.
macro_rules! multiversion {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block) => {
        $(#[$meta])*
        #[expect(unsafe_code, reason = "calling a copy compiled for features that `Cpu` proves")]
        #[allow(clippy::allow_attributes, clippy::too_many_arguments, reason = "kernels take slices and sizes")]
        $vis fn $name(cpu: $crate::fingerprint::cpu::Cpu, $($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            #[allow(clippy::allow_attributes, clippy::too_many_arguments, reason = "kernels take slices and sizes")]
            fn body($($arg: $ty),*) $(-> $ret)? $body
            #[target_feature(enable = "avx2,popcnt")]
            #[allow(clippy::allow_attributes, clippy::too_many_arguments, reason = "kernels take slices and sizes")]
            fn avx2($($arg: $ty),*) $(-> $ret)? { body($($arg),*) }
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq,popcnt")]
            #[allow(clippy::allow_attributes, clippy::too_many_arguments, reason = "kernels take slices and sizes")]
            fn avx512($($arg: $ty),*) $(-> $ret)? { body($($arg),*) }
            match cpu.level() {
                $crate::fingerprint::cpu::Level::Baseline => body($($arg),*),
                // SAFETY: a `Cpu` at this level exists only where `Level::detect` found these features.
                $crate::fingerprint::cpu::Level::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: as above.
                $crate::fingerprint::cpu::Level::Avx512 => unsafe { avx512($($arg),*) },
            }
        }
    };
}
pub(crate) use multiversion;

/// Proof that the CPU has what `level` names: it can only be made by looking.
#[derive(Debug, Clone, Copy)]
pub struct Cpu(Level);

impl Cpu {
    /// The best this machine can do.
    pub fn new() -> Cpu {
        Cpu::at_most(Level::Avx512)
    }

    /// No more than `ceiling`: for tests that compare the copies.
    pub fn at_most(ceiling: Level) -> Cpu {
        Cpu(Level::detect(ceiling))
    }

    /// This, but no more than `ceiling`.
    pub fn narrowed(self, ceiling: Level) -> Cpu {
        Cpu(self.0.min(ceiling))
    }

    pub fn level(self) -> Level {
        self.0
    }
}

impl Default for Cpu {
    fn default() -> Self {
        Cpu::new()
    }
}
