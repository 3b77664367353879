//! Synthetic hashes with the statistics of real ones.
//!
//! A patch hash is the signs of 64 correlated Gaussians: x = Q·diag(√λ)·z. λ are the eigenvalues of the
//! Gaussians' correlations, found from the correlations ρ of real hash bits by sin(π/2 · ρ); Q is a random
//! rotation, as under any fingerprint key. What Gaussians lack is the crowd of plain corners and edges, in which
//! all but a few strong directions are weak: a share `CROWD` of the hashes has the weaker directions scaled
//! by `CROWD_SCALE`. Share and scale are those that give the counts of near pairs (≤ 10 bits) and of equal
//! words among keypoints of different real clips. `--estimate CLIPS.tsv` prints what `hashes.txt` holds.
//!
//! To be fast, z is drawn in eight groups of directions from tables of 512 draws each: a hash is a sum of
//! eight rows, of 2^72 possible sums.

/// λ, largest first; share and scale of the crowd; made by `--estimate`.
const ESTIMATED: &str = include_str!("hashes.txt");

const BITS: usize = 64;
const GROUPS: usize = 8;
const DRAWS: usize = 512;

/// A seeded generator: SplitMix64.
#[derive(Clone)]
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn gauss(&mut self) -> f64 {
        let u = self.uniform().max(1e-300);
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// A word in which each bit is set with probability `p`, in steps of 1/64.
    pub fn flips(&mut self, p: f64) -> u64 {
        let steps = (p * 64.0).round() as u32;
        (0..6).fold(0, |bits, i| {
            let word = self.next();
            if steps >> i & 1 == 1 { bits | word } else { bits & word }
        })
    }
}

/// What is estimated from real hashes.
#[derive(Clone, Debug)]
pub struct Shape {
    pub eigenvalues: Vec<f64>,
    pub crowd: f64,
    pub crowd_scale: f64,
    pub crowd_from: usize,
}

impl Shape {
    pub fn estimated() -> Shape {
        let numbers: Vec<f64> = ESTIMATED
            .lines()
            .filter(|l| !l.starts_with('#'))
            .flat_map(str::split_whitespace)
            .map(|n| n.parse().expect("a number"))
            .collect();
        Shape {
            crowd: numbers[0],
            crowd_scale: numbers[1],
            crowd_from: numbers[2] as usize,
            eigenvalues: numbers[3..3 + BITS].to_vec(),
        }
    }
}

/// Draws hashes.
pub struct Hashes {
    /// For plain and crowd, for each group and draw, 64 summands.
    tables: Vec<[i16; BITS]>,
    crowd: u64,
}

impl Hashes {
    pub fn new(shape: &Shape, seed: u64) -> Hashes {
        let mut random = Random(seed);
        let rotation = rotation(&mut random);
        let mut tables = Vec::with_capacity(2 * GROUPS * DRAWS);
        for crowd in [false, true] {
            for group in 0..GROUPS {
                for _ in 0..DRAWS {
                    let mut row = [0.0; BITS];
                    for direction in (group..BITS).step_by(GROUPS) {
                        let weak = crowd && direction >= shape.crowd_from;
                        let scale = if weak { shape.crowd_scale } else { 1.0 };
                        let z = random.gauss() * shape.eigenvalues[direction].sqrt() * scale;
                        (0..BITS).for_each(|b| row[b] += z * rotation[direction][b]);
                    }
                    tables.push(row.map(|v| (v * 1000.0) as i16));
                }
            }
        }
        Hashes { tables, crowd: (shape.crowd * 1024.0) as u64 }
    }

    pub fn draw(&self, random: &mut Random) -> u64 {
        let choice = random.next();
        let crowd = usize::from(choice & 1023 < self.crowd) * GROUPS * DRAWS;
        let draws = random.next() ^ choice >> 10 << 63;
        let mut sums = [0i16; BITS];
        for group in 0..GROUPS {
            let draw = if group < 7 { draws >> (9 * group) } else { choice >> 20 } as usize;
            let row = &self.tables[crowd + group * DRAWS + draw % DRAWS];
            sums.iter_mut().zip(row).for_each(|(s, v)| *s = s.wrapping_add(*v));
        }
        sums.iter().enumerate().fold(0, |bits, (i, s)| bits | u64::from(*s > 0) << i)
    }
}

fn rotation(random: &mut Random) -> Vec<[f64; BITS]> {
    let mut rows: Vec<[f64; BITS]> = Vec::new();
    while rows.len() < BITS {
        let mut row = [0.0; BITS].map(|_: f64| random.gauss());
        for other in &rows {
            let along: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
            row.iter_mut().zip(other).for_each(|(a, b)| *a -= along * b);
        }
        let length = row.iter().map(|a| a * a).sum::<f64>().sqrt();
        rows.push(row.map(|a| a / length));
    }
    rows
}
