//! The eight ways in which a stored picture may be rotated or mirrored before it is shown.

use crate::model::Luma;

/// First exchanges rows and columns (`transpose`), then mirrors the result left–right (`flip_x`) and top–bottom
/// (`flip_y`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Orientation {
    pub transpose: bool,
    pub flip_x: bool,
    pub flip_y: bool,
}

impl Orientation {
    /// From the linear part of a display matrix: shown x = a·x + c·y, shown y = b·x + d·y, y downward. Rounds to the
    /// nearest multiple of 90°.
    pub fn from_matrix(a: i32, b: i32, c: i32, d: i32) -> Self {
        let straight = i64::from(a).abs() + i64::from(d).abs();
        let crossed = i64::from(b).abs() + i64::from(c).abs();
        if straight >= crossed {
            Orientation { transpose: false, flip_x: a < 0, flip_y: d < 0 }
        } else {
            Orientation { transpose: true, flip_x: c < 0, flip_y: b < 0 }
        }
    }

    /// The picture as shown.
    pub fn apply(self, stored: Luma) -> Luma {
        if self == Orientation::default() {
            return stored;
        }
        let (width, height) = self.shown(stored.width, stored.height);
        let mut pixels = Vec::with_capacity(stored.pixels.len());
        for y in 0..height {
            let y = if self.flip_y { height - 1 - y } else { y };
            for x in 0..width {
                let x = if self.flip_x { width - 1 - x } else { x };
                let (from_x, from_y) = if self.transpose { (y, x) } else { (x, y) };
                pixels.push(stored.pixels[(from_y * stored.width + from_x) as usize]);
            }
        }
        Luma::new(width, height, pixels)
    }

    /// The width and height at which a picture of the stored size is shown. The map is its own inverse.
    pub fn shown(self, width: u32, height: u32) -> (u32, u32) {
        if self.transpose { (height, width) } else { (width, height) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: i32 = 1 << 16;

    fn turned(orientation: Orientation) -> (u32, u32, Vec<u8>) {
        // 1 2 3
        // 4 5 6
        let luma = orientation.apply(Luma::new(3, 2, vec![1, 2, 3, 4, 5, 6]));
        (luma.width, luma.height, luma.pixels)
    }

    #[test]
    fn display_matrices_rotate_as_players_do() {
        let clockwise = Orientation::from_matrix(0, ONE, -ONE, 0);
        assert_eq!(turned(clockwise), (2, 3, vec![4, 1, 5, 2, 6, 3]));
        let half = Orientation::from_matrix(-ONE, 0, 0, -ONE);
        assert_eq!(turned(half), (3, 2, vec![6, 5, 4, 3, 2, 1]));
        let counterclockwise = Orientation::from_matrix(0, -ONE, ONE, 0);
        assert_eq!(turned(counterclockwise), (2, 3, vec![3, 6, 2, 5, 1, 4]));
        let mirrored = Orientation::from_matrix(-ONE, 0, 0, ONE);
        assert_eq!(turned(mirrored), (3, 2, vec![3, 2, 1, 6, 5, 4]));
    }

    #[test]
    fn a_matrix_of_zeros_or_extremes_does_not_overflow() {
        assert_eq!(Orientation::from_matrix(0, 0, 0, 0), Orientation::default());
        turned(Orientation::from_matrix(i32::MIN, i32::MIN, i32::MIN, i32::MIN));
    }
}
