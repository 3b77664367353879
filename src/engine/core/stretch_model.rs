//! A model of stretches: what the rules on common parts and shares do to waves of re-uploads, to templates and to
//! attacks, without any pictures.
//!
//! A video is half seconds of 6 × 6 cells, each of which shows a moment of some source, or nothing. An upload shows of a
//! deleted video what both have. Detection is taken for perfect, so what is seen here is the rules alone: relations,
//! common parts, policy.

use crate::engine::core::common::{common_parts, minor_for_owners};
use crate::engine::policy::Policy;
use crate::fingerprint::{Fingerprint, Keyframe, Keypoint, Spot};
use crate::matching::VisualWeight;
use crate::model::extent::{CELLS, Extent, WHOLE, cell_centre};
use crate::model::{KeyId, OwnerKey, Share, Slot, VerdictKind, Weighed};
use crate::store::Relation;

/// A moment of a source.
type Moment = Option<(u32, usize)>;

/// A video: of each half second, what each cell shows.
#[derive(Debug, Clone, Default)]
struct Video(Vec<[Moment; CELLS]>);

impl Video {
    /// Seconds of a source, over the whole picture.
    fn of(source: u32, seconds: std::ops::Range<usize>) -> Video {
        let bins = 2 * seconds.start..2 * seconds.end;
        Video(bins.map(|bin| [Some((source, bin)); CELLS]).collect())
    }

    fn then(mut self, other: Video) -> Video {
        self.0.extend(other.0);
        self
    }

    /// The same with these cells covered by another video, over and over.
    fn under(mut self, cells: u64, over: &Video) -> Video {
        for (bin, shown) in self.0.iter_mut().enumerate() {
            let over = &over.0[bin % over.0.len()];
            for cell in (0..CELLS).filter(|cell| cells >> cell & 1 != 0) {
                shown[cell] = over[cell];
            }
        }
        self
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut keypoints = Vec::new();
        let times = || (0..self.0.len().div_ceil(4)).map(|n| 1.0 + 2.0 * n as f32);
        for at in times() {
            keypoints.extend((0..CELLS).map(|cell| {
                let (x, y) = cell_centre(cell);
                let (x, y) = (x as f32, y as f32);
                let spot = Spot { x, y, scale: 0.02, angle: 0.0, first_s: at, last_s: at };
                Keypoint { spot, hash: 0 }
            }));
        }
        Fingerprint {
            duration_s: self.0.len() as f32 / 2.0,
            keyframes: times().map(|time_s| Keyframe { time_s, flat: 0 }).collect(),
            keypoints,
            ..Fingerprint::empty(KeyId([0; 8]))
        }
    }

    /// The parts of it that `other` has as well.
    fn shared_with(&self, other: &Video) -> Extent {
        let has: std::collections::HashSet<(usize, (u32, usize))> = other
            .0
            .iter()
            .flat_map(|bin| bin.iter().enumerate())
            .filter_map(|(cell, moment)| Some((cell, (*moment)?)))
            .collect();
        let mut out = Extent::default();
        for (bin, cells) in self.0.iter().enumerate() {
            let shared = |(cell, moment): (usize, &Moment)| {
                moment.is_some_and(|moment| has.contains(&(cell, moment)))
            };
            let cells = cells.iter().enumerate().filter(|one| shared(*one));
            out.add(bin, cells.fold(0, |all, (cell, _)| all | 1 << cell));
        }
        out
    }

    fn weight(&self) -> VisualWeight {
        VisualWeight::of_deleted(&self.fingerprint())
    }
}

/// The tombstones of a platform.
#[derive(Default)]
struct Platform {
    deleted: Vec<(OwnerKey, Video)>,
}

fn owner(n: u8) -> OwnerKey {
    OwnerKey([n; 16])
}

impl Platform {
    fn delete(&mut self, by: u8, video: Video) -> usize {
        self.deleted.push((owner(by), video));
        self.deleted.len() - 1
    }

    fn relations(&self, of: usize) -> Vec<Relation> {
        let (_, own) = &self.deleted[of];
        let others = self.deleted.iter().enumerate().filter(|(at, _)| *at != of);
        let relation = |(at, (owner, other)): (usize, &(OwnerKey, Video))| {
            let (mine, theirs) = (own.shared_with(other), other.shared_with(own));
            (!mine.is_empty()).then(|| Relation {
                other: Slot(at as u32),
                other_owner: Some(*owner),
                version: 1,
                score: 50.0,
                share: own.weight().share(&mine),
                extent: mine.to_bytes(),
                other_share: other.weight().share(&theirs),
            })
        };
        others.filter_map(relation).collect()
    }

    /// The verdict on a stranger's upload, over all tombstones.
    fn check(&self, upload: &Video) -> VerdictKind {
        let policy = Policy::default();
        let verdicts = self.deleted.iter().enumerate().map(|(at, (own, video))| {
            let shown = video.shared_with(upload);
            if shown.stretches().iter().all(|bins| bins.len() < 2) {
                return VerdictKind::Allow;
            }
            let relations = self.relations(at);
            let weight = video.weight();
            let common = common_parts(&video.fingerprint(), Some(*own), &relations, &[]);
            let outside = common.map_or(shown.clone(), |common| shown.without(&common.padded()));
            let share = Share {
                deleted: weight.share(&shown),
                deleted_s: weight.of(&shown),
                outside_common_s: weight.of(&outside),
                upload: upload.weight().share(&upload.shared_with(video)),
            };
            policy.verdict(&Weighed {
                share: Some(share),
                deleted_duration_s: Some(video.0.len() as f64 / 2.0),
                minor_for_owners: Some(minor_for_owners(Some(*own), &relations)),
                ..Weighed::of_score(50.0)
            })
        });
        verdicts.max().unwrap_or(VerdictKind::Allow)
    }
}

/// The order in which videos are deleted: as given, backwards, and from the middle.
fn three_orders<T: Clone>(videos: &[T]) -> [Vec<T>; 3] {
    let (first, mut last) = (videos.to_vec(), videos.to_vec());
    last.reverse();
    let mut middle = videos.to_vec();
    middle.rotate_left(videos.len() / 2);
    [first, last, middle]
}

/// Other people's deletions of an original: whole, cut, in compilations, and the attacks on it.
fn wave(original: u32, lasts_s: usize) -> Vec<(u8, Video)> {
    let whole = || Video::of(original, 0..lasts_s);
    let part = |from: f64, to: f64| {
        let at = |share: f64| (share * lasts_s as f64) as usize;
        Video::of(original, at(from)..at(to))
    };
    let junk = |n: u32, s: usize| Video::of(1000 + n, 0..s);
    let cuts = (0..4).map(|n| part(0.1 * f64::from(n), 0.1 * f64::from(n) + 0.4));
    let mut wave: Vec<Video> = vec![whole(), whole()];
    wave.extend(cuts);
    wave.extend((0..3).map(|n| junk(n, 20).then(whole()).then(junk(n + 10, 20))));
    wave.extend((0..6).map(|n| Video::of(original, 0..3).then(junk(20 + n, 30))));
    wave.extend((0..3).map(|n| {
        let piece = |from: usize| Video::of(original, from..from + 3.min(lasts_s - from));
        piece(0).then(junk(30 + n, 9)).then(piece(lasts_s / 2)).then(junk(40 + n, 9))
    }));
    (1u8..).zip(wave).collect()
}

#[test]
fn no_wave_of_deletions_makes_a_re_upload_of_the_original_anything_but_blocked() {
    for lasts_s in [8, 20, 60] {
        let mut all = wave(7, lasts_s);
        all.push((200, Video::of(7, 0..lasts_s)));
        for order in three_orders(&all) {
            let mut platform = Platform::default();
            order.into_iter().for_each(|(by, video)| _ = platform.delete(by, video));
            let half = Video::of(7, 0..lasts_s / 2);
            for upload in [Video::of(7, 0..lasts_s), half] {
                assert_eq!(platform.check(&upload), VerdictKind::Block, "{lasts_s} s");
            }
        }
    }
}

#[test]
fn a_template_never_blocks_a_stranger_and_is_allowed_from_three_owners_on() {
    let ident = || Video::of(1, 0..3);
    let episode = |n: u32| ident().then(Video::of(100 + n, 0..21));
    let stranger = ident().then(Video::of(500, 0..17));
    for owners in [1u8, 2, 3, 5, 20] {
        let all: Vec<(u8, Video)> = (1..=owners).map(|n| (n, episode(n.into()))).collect();
        for order in three_orders(&all) {
            let mut platform = Platform::default();
            order.into_iter().for_each(|(by, video)| _ = platform.delete(by, video));
            let verdict = platform.check(&stranger);
            let right = if owners < 3 { VerdictKind::Review } else { VerdictKind::Allow };
            assert_eq!(verdict, right, "{owners} owners");
            assert_eq!(platform.check(&episode(1)), VerdictKind::Block, "the episode itself");
        }
    }
}

#[test]
fn one_owner_and_many_videos_are_a_template_too() {
    let mut platform = Platform::default();
    for n in 0..3 {
        platform.delete(1, Video::of(1, 0..3).then(Video::of(100 + n, 0..21)));
    }
    let stranger = Video::of(1, 0..3).then(Video::of(500, 0..17));
    assert_eq!(platform.check(&stranger), VerdictKind::Allow);
}

#[test]
fn a_lower_third_is_a_part_of_the_picture_and_not_of_the_time() {
    let strip = (0..CELLS / 6).fold(0u64, |cells, cell| cells | 1 << (CELLS - 1 - cell));
    let third = Video::of(1, 0..30);
    let news = |n: u32| Video::of(100 + n, 0..30).under(strip, &third);
    for owners in [1u8, 2, 5] {
        let mut platform = Platform::default();
        (1..=owners).for_each(|n| _ = platform.delete(n, news(n.into())));
        let verdict = platform.check(&news(900));
        assert!(verdict < VerdictKind::Block, "{owners} owners: {verdict:?}");
        assert_eq!(platform.check(&news(1)), VerdictKind::Block);
    }
}

#[test]
fn two_accounts_can_free_a_third_of_a_video_inside_other_material_and_no_more() {
    let mut platform = Platform::default();
    platform.delete(200, Video::of(7, 0..30));
    for by in 1..=2 {
        platform.delete(by, Video::of(7, 0..6).then(Video::of(300 + u32::from(by), 0..60)));
    }
    let inside = |s: usize| Video::of(7, 0..s).then(Video::of(500, 0..60));
    assert_eq!(platform.check(&inside(6)), VerdictKind::Allow, "the documented limit");
    assert_eq!(platform.check(&Video::of(7, 0..6)), VerdictKind::Review, "by itself it is not");
    assert_eq!(platform.check(&inside(12)), VerdictKind::Block);
    assert_eq!(platform.check(&inside(30)), VerdictKind::Block);
}

#[test]
fn somebody_who_deletes_the_template_itself_does_not_block_those_who_use_it() {
    let ident = || Video::of(1, 0..4);
    let mut platform = Platform::default();
    platform.delete(200, ident());
    let stranger = ident().then(Video::of(500, 0..17));
    assert_eq!(
        platform.check(&stranger),
        VerdictKind::Block,
        "nothing shows yet that it is a template"
    );
    for by in 1..=3 {
        platform.delete(by, ident().then(Video::of(100 + u32::from(by), 0..24)));
    }
    assert_eq!(platform.check(&stranger), VerdictKind::Review);
    assert_eq!(platform.check(&ident()), VerdictKind::Block, "the template and nothing else");
    assert_eq!(WHOLE.count_ones() as usize, CELLS);
}
