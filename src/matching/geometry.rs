//! Plane transforms from the deleted picture to the upload's, both in long sides.

/// `x' = a·x + b·y + c`, `y' = d·x + e·y + f`.
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
    pub fn similarity(k: f64, angle: f64, from: (f64, f64), to: (f64, f64)) -> Affine {
        let (s, c) = (k * angle.sin(), k * angle.cos());
        let (x, y) = from;
        Affine { a: c, b: -s, c: to.0 - (c * x - s * y), d: s, e: c, f: to.1 - (s * x + c * y) }
    }

    pub fn apply(&self, x: f64, y: f64) -> (f64, f64) {
        (self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f)
    }

    /// Of the linear part: how lengths grow in the mean, and the turn in radians.
    pub fn scale_and_turn(&self) -> (f64, f64) {
        let det = (self.a * self.e - self.b * self.d).abs();
        (det.sqrt(), (self.d - self.b).atan2(self.a + self.e))
    }

    /// Ratio of the larger to the smaller stretch, ≥ 1; infinite when degenerate or mirrored.
    pub fn anisotropy(&self) -> f64 {
        let (p, q) = ((self.a + self.e) / 2.0, (self.d - self.b) / 2.0);
        let (r, s) = ((self.a - self.e) / 2.0, (self.d + self.b) / 2.0);
        let (even, odd) = (p.hypot(q), r.hypot(s));
        if even > odd + 1e-9 { (even + odd) / (even - odd) } else { f64::INFINITY }
    }

    /// This transform followed by a mirror of the upload's picture of width `width`.
    pub fn mirrored(&self, width: f64) -> Affine {
        Affine { a: -self.a, b: -self.b, c: width - self.c, ..*self }
    }
}

/// A pair of points that should fall on each other, with a weight.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    pub from: (f64, f64),
    pub to: (f64, f64),
    pub weight: f64,
}

fn centred(pairs: &[Pair]) -> Option<((f64, f64), (f64, f64))> {
    let total: f64 = pairs.iter().map(|p| p.weight).sum();
    if total <= 0.0 {
        return None;
    }
    let mean = |get: fn(&Pair) -> f64| pairs.iter().map(|p| p.weight * get(p)).sum::<f64>() / total;
    Some(((mean(|p| p.from.0), mean(|p| p.from.1)), (mean(|p| p.to.0), mean(|p| p.to.1))))
}

/// Least-squares similarity (Umeyama 1991, in the plane). `None` for fewer than two distinct points.
pub fn fit_similarity(pairs: &[Pair]) -> Option<Affine> {
    let ((fx, fy), (tx, ty)) = centred(pairs)?;
    let (mut dot, mut cross, mut spread) = (0.0, 0.0, 0.0);
    for p in pairs {
        let (x, y) = (p.from.0 - fx, p.from.1 - fy);
        let (u, v) = (p.to.0 - tx, p.to.1 - ty);
        dot += p.weight * (x * u + y * v);
        cross += p.weight * (x * v - y * u);
        spread += p.weight * (x * x + y * y);
    }
    if spread < 1e-9 {
        return None;
    }
    let (c, s) = (dot / spread, cross / spread);
    Some(Affine { a: c, b: -s, c: tx - (c * fx - s * fy), d: s, e: c, f: ty - (s * fx + c * fy) })
}

/// Least-squares affine map. `None` when the points lie nearly on a line.
pub fn fit_affine(pairs: &[Pair]) -> Option<Affine> {
    let ((fx, fy), (tx, ty)) = centred(pairs)?;
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    let (mut ux, mut uy, mut vx, mut vy) = (0.0, 0.0, 0.0, 0.0);
    for p in pairs {
        let (x, y) = (p.from.0 - fx, p.from.1 - fy);
        let (u, v) = (p.to.0 - tx, p.to.1 - ty);
        xx += p.weight * x * x;
        xy += p.weight * x * y;
        yy += p.weight * y * y;
        ux += p.weight * u * x;
        uy += p.weight * u * y;
        vx += p.weight * v * x;
        vy += p.weight * v * y;
    }
    let det = xx * yy - xy * xy;
    if det < 1e-3 * (xx + yy) * (xx + yy) {
        return None;
    }
    let (a, b) = ((ux * yy - uy * xy) / det, (uy * xx - ux * xy) / det);
    let (d, e) = ((vx * yy - vy * xy) / det, (vy * xx - vx * xy) / det);
    Some(Affine { a, b, c: tx - a * fx - b * fy, d, e, f: ty - d * fx - e * fy })
}
