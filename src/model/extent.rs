//! Parts of a video, in time and place: half seconds, and in each of them cells of a 6 × 6 grid over the picture.
//!
//! Two tombstones share an extent of each; what an upload shows of a deleted video is an extent of it; what many owners'
//! videos have in common is one, too.

/// Bins of time in a second.
pub const BINS_A_SECOND: f64 = 2.0;
/// Length of a bin, seconds.
pub const BIN_S: f64 = 1.0 / BINS_A_SECOND;
/// Cells along each side of the grid.
pub const GRID: usize = 6;
/// Cells of the grid.
pub const CELLS: usize = GRID * GRID;
/// Longest extent in the stored form, bins: some 24 days.
pub const EXTENT_BINS_MAX: usize = 1 << 22;
/// Size of a run in the stored form, bytes.
const RUN_BYTES: usize = 4 + 4 + 8;

/// Parts of a video.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extent {
    /// Of each bin, the cells as bits, row by row from the top left.
    bins: Vec<u64>,
}

/// All cells of a bin.
pub const WHOLE: u64 = (1 << CELLS) - 1;

/// The cell of a point in fractions of the picture; points outside belong to the nearest cell.
pub fn cell(x: f64, y: f64) -> usize {
    let along = |v: f64| ((v * GRID as f64).max(0.0) as usize).min(GRID - 1);
    along(y) * GRID + along(x)
}

/// The centre of a cell in fractions of the picture.
pub fn cell_centre(cell: usize) -> (f64, f64) {
    let centre = |at: usize| (at as f64 + 0.5) / GRID as f64;
    (centre(cell % GRID), centre(cell / GRID))
}

/// The bin of a time; times before the beginning belong to the first.
pub fn bin(at_s: f64) -> usize {
    (at_s * BINS_A_SECOND).max(0.0) as usize
}

/// The cells and those beside them.
pub fn grown(cells: u64) -> u64 {
    const LEFT: u64 = 0b000001_000001_000001_000001_000001_000001;
    const RIGHT: u64 = LEFT << (GRID - 1);
    let sideways = cells | (cells & !RIGHT) << 1 | (cells & !LEFT) >> 1;
    (sideways | sideways << GRID | sideways >> GRID) & WHOLE
}

impl Extent {
    /// The cells of a bin as bits; none beyond the end.
    pub fn cells(&self, bin: usize) -> u64 {
        self.bins.get(bin).copied().unwrap_or(0)
    }

    /// Number of bins up to the last that was added to.
    pub fn len(&self) -> usize {
        self.bins.len()
    }

    /// Whether no cell of any bin belongs to it.
    pub fn is_empty(&self) -> bool {
        self.bins.iter().all(|cells| *cells == 0)
    }

    /// Adds cells of one bin.
    pub fn add(&mut self, bin: usize, cells: u64) {
        if cells != 0 {
            if self.bins.len() <= bin {
                self.bins.resize(bin + 1, 0);
            }
            self.bins[bin] |= cells & WHOLE;
        }
    }

    /// Adds all of another extent.
    pub fn add_all(&mut self, other: &Extent) {
        other.bins.iter().enumerate().for_each(|(bin, cells)| self.add(bin, *cells));
    }

    /// The extent with everything within a second and a cell of it.
    pub fn padded(&self) -> Extent {
        let mut out = Extent::default();
        let around = BINS_A_SECOND as usize;
        for (bin, cells) in self.bins.iter().enumerate().filter(|(_, cells)| **cells != 0) {
            let cells = grown(*cells);
            (bin.saturating_sub(around)..=bin + around).for_each(|bin| out.add(bin, cells));
        }
        out
    }

    /// The part of it that does not belong to `other`.
    pub fn without(&self, other: &Extent) -> Extent {
        let left = |(bin, cells): (usize, &u64)| cells & !other.cells(bin);
        Extent { bins: self.bins.iter().enumerate().map(left).collect() }
    }

    /// The part that both have.
    pub fn within(&self, other: &Extent) -> Extent {
        let both = |(bin, cells): (usize, &u64)| cells & other.cells(bin);
        Extent { bins: self.bins.iter().enumerate().map(both).collect() }
    }

    /// The maximal runs of bins that are not empty.
    pub fn stretches(&self) -> Vec<std::ops::Range<usize>> {
        let mut out: Vec<std::ops::Range<usize>> = Vec::new();
        for bin in (0..self.bins.len()).filter(|bin| self.bins[*bin] != 0) {
            match out.last_mut() {
                Some(last) if last.end == bin => last.end += 1,
                _ => out.push(bin..bin + 1),
            }
        }
        out
    }

    /// Stored form: runs of bins with the same cells, little-endian: first bin (u32), number of bins (u32), cells (u64).
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut bin = 0;
        for run in self.bins.chunk_by(|a, b| a == b) {
            if run[0] != 0 {
                bytes.extend((bin as u32).to_le_bytes());
                bytes.extend((run.len() as u32).to_le_bytes());
                bytes.extend(run[0].to_le_bytes());
            }
            bin += run.len();
        }
        bytes
    }

    /// Parses the form of [`Extent::to_bytes`]; `None` if it is not one, or longer than `bins_max` bins.
    pub fn from_bytes(bytes: &[u8], bins_max: usize) -> Option<Extent> {
        let (runs, rest) = bytes.as_chunks::<RUN_BYTES>();
        let mut out = Extent::default();
        for run in runs {
            let [first, number] = [0, 4].map(|at| {
                let bytes = [run[at], run[at + 1], run[at + 2], run[at + 3]];
                u32::from_le_bytes(bytes) as usize
            });
            let cells = u64::from_le_bytes(std::array::from_fn(|at| run[8 + at]));
            if first.checked_add(number).is_none_or(|end| end > bins_max) || cells & !WHOLE != 0 {
                return None;
            }
            (first..first + number).for_each(|bin| out.add(bin, cells));
        }
        rest.is_empty().then_some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bins: &[(usize, u64)]) -> Extent {
        let mut out = Extent::default();
        bins.iter().for_each(|(bin, cells)| out.add(*bin, *cells));
        out
    }

    #[test]
    fn it_survives_its_bytes_and_refuses_others() {
        for extent in [of(&[]), of(&[(0, 1), (1, 1), (7, WHOLE), (9, 5)])] {
            assert_eq!(Extent::from_bytes(&extent.to_bytes(), 10), Some(extent));
        }
        let long = of(&[(99, 1)]).to_bytes();
        assert_eq!(Extent::from_bytes(&long, 99), None, "longer than the video");
        assert_eq!(Extent::from_bytes(&long[1..], 1000), None);
        let mut beyond = of(&[(0, 1)]).to_bytes();
        beyond[15] = 0xff;
        assert_eq!(Extent::from_bytes(&beyond, 10), None, "no such cell");
    }

    #[test]
    fn a_cell_grows_to_its_neighbours_and_not_across_the_picture() {
        assert_eq!(grown(1 << 7).count_ones(), 9);
        assert_eq!(grown(1).count_ones(), 4, "a corner");
        assert_eq!(grown(1 << 5).count_ones(), 4);
        assert_eq!(grown(1 << 35).count_ones(), 4);
        assert_eq!(grown(WHOLE), WHOLE);
        for at in 0..CELLS {
            let (x, y) = cell_centre(at);
            assert_eq!(cell(x, y), at);
        }
        assert_eq!((cell(-1.0, -1.0), cell(2.0, 2.0)), (0, 35));
    }

    #[test]
    fn padding_reaches_a_second_to_either_side() {
        let padded = of(&[(4, 1 << 14)]).padded();
        assert_eq!(padded.stretches(), vec![2..7]);
        assert_eq!(of(&[(0, 1)]).padded().stretches(), vec![0..3]);
    }

    #[test]
    fn parts_are_added_taken_out_and_met() {
        let (a, b) = (of(&[(0, 3), (2, 1)]), of(&[(0, 1), (3, 8)]));
        assert_eq!(a.without(&b).cells(0), 2);
        assert_eq!(a.within(&b).stretches(), vec![0..1]);
        let mut both = a.clone();
        both.add_all(&b);
        assert_eq!((both.cells(0), both.len(), both.stretches().len()), (3, 4, 2));
        assert!(a.without(&a).is_empty() && !a.is_empty());
    }
}
