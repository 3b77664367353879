//! The few transcendental functions of the hash path, built from additions and multiplications.
//!
//! Implementations of libm differ in the last bit, and one bit of a descriptor can change a bit of a hash. IEEE 754
//! fixes the results of `+ − × ÷ √`, and Rust never contracts `a * b + c` to one rounding, so these functions return
//! the same bits on every machine.

pub const PI: f32 = std::f32::consts::PI;
pub const TAU: f32 = std::f32::consts::TAU;

/// The greater of two numbers, neither of them NaN. One instruction, where `f32::max` needs three to handle NaN.
#[inline(always)]
pub fn greater(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

/// The lesser of two numbers, neither of them NaN.
#[inline(always)]
pub fn lesser(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

/// The angle of `(x, y)`, radians in −π..=π; 0 for the origin. The error is below 3e-5.
///
/// The minimax polynomial of atan on 0..=1 (Abramowitz & Stegun 4.4.49), extended to all octants by symmetry. It has no
/// branches, so that loops over it vectorise.
#[inline(always)]
pub fn atan2(y: f32, x: f32) -> f32 {
    let (ax, ay) = (x.abs(), y.abs());
    let (small, large) = (lesser(ax, ay), greater(ax, ay));
    let a = small / (large + 1e-30);
    let s = a * a;
    let p =
        ((((0.020_835_1 * s - 0.085_133) * s + 0.180_141) * s - 0.330_299_5) * s + 0.999_866) * a;
    let p = if ay > ax { std::f32::consts::FRAC_PI_2 - p } else { p };
    let p = if x < 0.0 { PI - p } else { p };
    if y < 0.0 { -p } else { p }
}

/// Sine and cosine of an angle in −π..=π, radians. The error is below 2e-6.
#[inline(always)]
pub fn sin_cos(angle: f32) -> (f32, f32) {
    (sine(angle), sine_wrapped(angle + std::f32::consts::FRAC_PI_2))
}

fn sine_wrapped(angle: f32) -> f32 {
    sine(if angle > PI { angle - TAU } else { angle })
}

/// Taylor series to x¹⁵, after folding into −π/2..=π/2.
fn sine(angle: f32) -> f32 {
    let half = std::f64::consts::FRAC_PI_2;
    let mut x = f64::from(angle);
    if x > half {
        x = std::f64::consts::PI - x;
    } else if x < -half {
        x = -std::f64::consts::PI - x;
    }
    let s = x * x;
    let mut term = x;
    let mut sum = x;
    let mut n = 1.0;
    for _ in 0..7 {
        term = -term * s / ((n + 1.0) * (n + 2.0));
        sum += term;
        n += 2.0;
    }
    sum as f32
}

/// e^x for any finite x: halves x into −0.5..=0.5, evaluates a Taylor series, and squares the result as often.
pub fn exp(x: f64) -> f64 {
    let mut halvings = 0;
    let mut r = x;
    while r.abs() > 0.5 {
        r *= 0.5;
        halvings += 1;
    }
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 1..16 {
        term *= r / f64::from(n);
        sum += term;
    }
    for _ in 0..halvings {
        sum *= sum;
    }
    sum
}

/// 2^x.
pub fn exp2(x: f64) -> f64 {
    exp(x * std::f64::consts::LN_2)
}

/// The natural logarithm of a positive normal number, by the series of atanh on its mantissa.
pub fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1023;
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    // atanh series: ln m = 2 atanh((m − 1) / (m + 1)), m in 1..2.
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let s = z * z;
    let (mut power, mut sum) = (z, 0.0);
    for n in 0..24 {
        sum += power / f64::from(2 * n + 1);
        power *= s;
    }
    2.0 * sum + exponent as f64 * std::f64::consts::LN_2
}

/// The cosine of any angle, radians, by a Taylor series after folding into one turn; for the tables of the transform.
pub fn cosine(angle: f64) -> f64 {
    let turns = angle / std::f64::consts::TAU;
    let x = (turns - turns.round()) * std::f64::consts::TAU;
    let s = x * x;
    let (mut term, mut sum) = (1.0, 1.0);
    let mut n = 0.0;
    for _ in 0..16 {
        term = -term * s / ((n + 1.0) * (n + 2.0));
        sum += term;
        n += 2.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_polynomials_follow_libm_closely() {
        for i in -1000..=1000 {
            let a = f64::from(i) * std::f64::consts::PI / 1000.0;
            let (s, c) = sin_cos(a as f32);
            assert!((f64::from(s) - a.sin()).abs() < 2e-6, "sin {a}");
            assert!((f64::from(c) - a.cos()).abs() < 2e-6, "cos {a}");
            assert!((cosine(a * 7.0) - (a * 7.0).cos()).abs() < 1e-12, "cosine {a}");
            assert!((exp(a * 3.0) / (a * 3.0).exp() - 1.0).abs() < 1e-12, "exp {a}");
            let x = f64::from(i + 1001) * 0.37;
            assert!((ln(x) - x.ln()).abs() < 1e-12, "ln {x}");
            let (y, x) = (a.sin() as f32 * 5.0, a.cos() as f32 * 5.0);
            let d = f64::from(atan2(y, x)) - f64::from(y).atan2(f64::from(x));
            assert!(
                d.abs() < 3e-5 || (d.abs() - std::f64::consts::TAU).abs() < 3e-5,
                "atan2 {a} {d}"
            );
        }
        assert_eq!(atan2(0.0, 0.0), 0.0);
    }
}
