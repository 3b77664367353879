//! Statistics of deleted videos that outlive them: sums over periods, which name nobody.

pub mod list;
