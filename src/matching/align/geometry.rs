//! Points of the two pictures, and plane transforms from the deleted picture to the upload's.
//!
//! All lengths are in long sides of the picture that they are measured in, so that a transform without stretch is
//! a similarity whatever the aspect ratio.
//!
//! # Fits
//!
//! Both fits minimise the weighted sum of squared misses `Σ w · |map(from) − to|²` in closed form. The points are first
//! moved to their weighted means, which takes the shift out of the problem.
//!
//! - [`fit_similarity`] has two unknowns left, `c = k·cos θ` and `s = k·sin θ`. Their normal equations are diagonal:
//!   `c = Σ w (x·u + y·v) / Σ w (x² + y²)` and `s = Σ w (x·v − y·u) / Σ w (x² + y²)` (Umeyama, *Least-squares
//!   estimation of transformation parameters between two point patterns*, PAMI 1991, in the plane).
//! - [`fit_affine`] has four, in two independent 2 × 2 systems. It refuses points that lie nearly on a line: there the
//!   stretch across the line is noise.

use std::marker::PhantomData;

use crate::model::{InDeleted, InUpload};

/// Weighted spread below which points count as one place, square long sides; guards a division.
const SPREAD_MIN: f64 = 1e-9;
/// Determinant of the points' scatter, as a share of its squared trace, below which they count as collinear: the short
/// axis of their ellipse is some 3 % of the long one. Tuned.
const COLLINEAR: f64 = 1e-3;

/// A point of one picture, in that picture's long sides from its top left; `V` is [`InUpload`] or [`InDeleted`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PicturePoint<V> {
    pub x: f64,
    pub y: f64,
    picture: PhantomData<V>,
}

/// A point of the upload's picture. For a mirrored variant that is the upload's picture mirrored back.
pub type UploadPoint = PicturePoint<InUpload>;
/// A point of the deleted video's picture.
pub type DeletedPoint = PicturePoint<InDeleted>;

impl<V> PicturePoint<V> {
    pub const fn new(x: f64, y: f64) -> Self {
        PicturePoint { x, y, picture: PhantomData }
    }

    /// Squared distance to another point of the same picture.
    pub fn distance_squared(&self, other: &Self) -> f64 {
        let (dx, dy) = (self.x - other.x, self.y - other.y);
        dx * dx + dy * dy
    }
}

/// A transform from the deleted picture to the upload's: `x' = a·x + b·y + c`, `y' = d·x + e·y + f`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Affine {
    pub a: f64,
    pub b: f64,
    pub c: f64,
    pub d: f64,
    pub e: f64,
    pub f: f64,
}

impl Affine {
    /// Scale `k` and turn `angle` (radians) such that `from` lands on `to`.
    pub fn similarity(k: f64, angle: f64, from: DeletedPoint, to: UploadPoint) -> Affine {
        let (s, c) = (k * angle.sin(), k * angle.cos());
        let DeletedPoint { x, y, .. } = from;
        Affine { a: c, b: -s, c: to.x - (c * x - s * y), d: s, e: c, f: to.y - (s * x + c * y) }
    }

    /// Where a point of the deleted picture lies in the upload's.
    pub fn apply(&self, point: DeletedPoint) -> UploadPoint {
        let DeletedPoint { x, y, .. } = point;
        UploadPoint::new(self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f)
    }

    /// Scale and turn of the linear part.
    pub fn shape(&self) -> Shape {
        let det = (self.a * self.e - self.b * self.d).abs();
        Shape { scale: det.sqrt(), turn: (self.d - self.b).atan2(self.a + self.e) }
    }

    /// Ratio of the larger to the smaller stretch, ≥ 1; infinite for a degenerate or mirroring transform.
    pub fn anisotropy(&self) -> f64 {
        let (p, q) = ((self.a + self.e) / 2.0, (self.d - self.b) / 2.0);
        let (r, s) = ((self.a - self.e) / 2.0, (self.d + self.b) / 2.0);
        let (even, odd) = (p.hypot(q), r.hypot(s));
        if even > odd + 1e-9 { (even + odd) / (even - odd) } else { f64::INFINITY }
    }

    /// The transform back; `None` for one that leaves no area.
    pub fn inverse(&self) -> Option<Inverse> {
        let Affine { a, b, c, d, e, f } = *self;
        let det = a * e - b * d;
        if det.abs() < SPREAD_MIN {
            return None;
        }
        let (a, b, d, e) = (e / det, -b / det, -d / det, a / det);
        Some(Inverse(Affine { a, b, c: -(a * c + b * f), d, e, f: -(d * c + e * f) }))
    }

    /// This transform followed by a mirror of an upload's picture of this width.
    pub fn mirrored(&self, width: f64) -> Affine {
        Affine { a: -self.a, b: -self.b, c: width - self.c, ..*self }
    }
}

/// A transform from the upload's picture to the deleted one's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inverse(Affine);

impl Inverse {
    /// Where a point of the upload's picture lies in the deleted one's.
    pub fn deleted(&self, point: UploadPoint) -> DeletedPoint {
        let at = self.0.apply(DeletedPoint::new(point.x, point.y));
        DeletedPoint::new(at.x, at.y)
    }
}

/// Scale and turn of a transform.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shape {
    /// Growth of lengths, mean over all directions.
    pub scale: f64,
    /// Radians, −π..π, clockwise as the picture is seen (y points down).
    pub turn: f64,
}

/// A point of each picture that should fall on each other, with a weight.
#[derive(Debug, Clone, Copy)]
pub struct PointPair {
    pub from: DeletedPoint,
    pub to: UploadPoint,
    pub weight: f64,
}

impl PointPair {
    /// Squared distance from where `map` puts the deleted point to the upload's.
    pub fn miss_squared(&self, map: &Affine) -> f64 {
        let at = map.apply(self.from);
        (at.x - self.to.x).powi(2) + (at.y - self.to.y).powi(2)
    }
}

/// Weighted means of both sides.
fn centres(pairs: &[PointPair]) -> Option<(DeletedPoint, UploadPoint)> {
    let total: f64 = pairs.iter().map(|p| p.weight).sum();
    if total <= 0.0 {
        return None;
    }
    let mean =
        |get: fn(&PointPair) -> f64| pairs.iter().map(|p| p.weight * get(p)).sum::<f64>() / total;
    Some((
        DeletedPoint::new(mean(|p| p.from.x), mean(|p| p.from.y)),
        UploadPoint::new(mean(|p| p.to.x), mean(|p| p.to.y)),
    ))
}

/// The least-squares similarity. `None` for fewer than two distinct points.
pub fn fit_similarity(pairs: &[PointPair]) -> Option<Affine> {
    let (from, to) = centres(pairs)?;
    let (mut dot, mut cross, mut spread) = (0.0, 0.0, 0.0);
    for p in pairs {
        let (x, y) = (p.from.x - from.x, p.from.y - from.y);
        let (u, v) = (p.to.x - to.x, p.to.y - to.y);
        dot += p.weight * (x * u + y * v);
        cross += p.weight * (x * v - y * u);
        spread += p.weight * (x * x + y * y);
    }
    if spread < SPREAD_MIN {
        return None;
    }
    let (c, s) = (dot / spread, cross / spread);
    Some(Affine {
        a: c,
        b: -s,
        c: to.x - (c * from.x - s * from.y),
        d: s,
        e: c,
        f: to.y - (s * from.x + c * from.y),
    })
}

/// The least-squares affine map. `None` when the points lie nearly on a line.
pub fn fit_affine(pairs: &[PointPair]) -> Option<Affine> {
    let (from, to) = centres(pairs)?;
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    let (mut ux, mut uy, mut vx, mut vy) = (0.0, 0.0, 0.0, 0.0);
    for p in pairs {
        let (x, y) = (p.from.x - from.x, p.from.y - from.y);
        let (u, v) = (p.to.x - to.x, p.to.y - to.y);
        xx += p.weight * x * x;
        xy += p.weight * x * y;
        yy += p.weight * y * y;
        ux += p.weight * u * x;
        uy += p.weight * u * y;
        vx += p.weight * v * x;
        vy += p.weight * v * y;
    }
    let det = xx * yy - xy * xy;
    if det < COLLINEAR * (xx + yy) * (xx + yy) {
        return None;
    }
    let (a, b) = ((ux * yy - uy * xy) / det, (uy * xx - ux * xy) / det);
    let (d, e) = ((vx * yy - vy * xy) / det, (vy * xx - vx * xy) / det);
    Some(Affine {
        a,
        b,
        c: to.x - a * from.x - b * from.y,
        d,
        e,
        f: to.y - d * from.x - e * from.y,
    })
}
