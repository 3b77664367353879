//! Numbers as bytes and back: the only casts of the index. Files are little-endian, and so is every target.

#![expect(unsafe_code, reason = "casts between slices of numbers and bytes, and prefetches")]

#[cfg(target_endian = "big")]
compile_error!("the index maps little-endian files and cannot run on a big-endian machine");

/// Types without padding, for which every bit pattern is a value.
///
/// # Safety
/// An implementor has no padding, no invalid bit patterns and an alignment of at most 8.
pub(crate) unsafe trait Plain: Copy {}
// SAFETY: integers have neither padding nor invalid patterns.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl Plain for u64 {}
// SAFETY: an array of integers has no padding either.
unsafe impl Plain for [u64; 3] {}

/// The bytes of `values`.
pub(crate) fn as_bytes<T: Plain>(values: &[T]) -> &[u8] {
    // SAFETY: `Plain` has no padding, so all bytes are initialised; the length is that of the slice.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), std::mem::size_of_val(values)) }
}

/// `count` values that start `offset` bytes into `bytes`; `None` when they do not fit or are not aligned.
pub(crate) fn values_at<T: Plain>(bytes: &[u8], offset: u64, count: u64) -> Option<&[T]> {
    let start = usize::try_from(offset).ok()?;
    let count = usize::try_from(count).ok()?;
    let end = start.checked_add(count.checked_mul(size_of::<T>())?)?;
    let part = bytes.get(start..end)?;
    if part.as_ptr().align_offset(align_of::<T>()) != 0 {
        return None;
    }
    // SAFETY: `part` spans exactly `count` values, is aligned, and any bytes are a valid `T`.
    Some(unsafe { std::slice::from_raw_parts(part.as_ptr().cast(), count) })
}

/// Prefetches the cache line that contains `values[index]`. An index out of range does nothing.
#[inline(always)]
pub(crate) fn prefetch<T>(values: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if index < values.len() {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the address is inside `values`; a prefetch reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(values.as_ptr().add(index).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, index);
}
