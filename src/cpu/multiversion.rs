//! The macro that compiles a kernel once for each level.

/// Compiles a function once for each [`Level`](crate::cpu::Level), and picks a build by the
/// [`Cpu`](crate::cpu::Cpu) that becomes its first argument.
///
/// ```text
/// multiversion! {
///     fn sum(values: &[u32]) -> u32 { values.iter().sum() }
/// }
/// // becomes: fn sum(cpu: Cpu, values: &[u32]) -> u32
/// ```
///
/// Generic parameters stand in square brackets, `fn scale['a, S: Sample + 'a](row: &'a [S])`, because a macro cannot
/// match angle brackets. A second body, `avx512 { … }`, replaces the common one at that level, where intrinsics do what
/// the compiler does not find by itself; on other architectures it is not compiled.
///
/// The body is inlined into each build, so that helpers marked `#[inline(always)]` are compiled for its features too.
macro_rules! multiversion {
    (
        $(#[$meta:meta])* $vis:vis fn $name:ident $([$($generics:tt)*])?
        ($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block
    ) => {
        $crate::cpu::multiversion! {
            $(#[$meta])* $vis fn $name $([$($generics)*])? ($($arg: $ty),*) $(-> $ret)? $body
            avx512 { body($($arg),*) }
        }
    };
    (
        $(#[$meta:meta])* $vis:vis fn $name:ident $([$($generics:tt)*])?
        ($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? $body:block avx512 $wide:block
    ) => {
        $(#[$meta])*
        #[allow(
            clippy::allow_attributes, clippy::too_many_arguments, unsafe_code,
            reason = "kernels take slices and sizes; a `Cpu` proves the features of a build"
        )]
        $vis fn $name $(<$($generics)*>)? (cpu: $crate::cpu::Cpu, $($arg: $ty),*) $(-> $ret)? {
            #[inline(always)]
            fn body $(<$($generics)*>)? ($($arg: $ty),*) $(-> $ret)? $body

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,popcnt")]
            fn avx2 $(<$($generics)*>)? ($($arg: $ty),*) $(-> $ret)? { body($($arg),*) }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(
                enable = "avx2,popcnt,avx512f,avx512bw,avx512dq,avx512vl,avx512vpopcntdq"
            )]
            fn avx512 $(<$($generics)*>)? ($($arg: $ty),*) $(-> $ret)? $wide

            match cpu.level() {
                // SAFETY: a `Cpu` of this level exists only where detection has found these features.
                #[cfg(target_arch = "x86_64")]
                $crate::cpu::Level::Avx2 => unsafe { avx2($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                $crate::cpu::Level::Avx512 => unsafe { avx512($($arg),*) },
                _ => body($($arg),*),
            }
        }
    };
}
pub(crate) use multiversion;
