//! Where the deleted picture sits in the upload's, as a page and a person can use it.

use crate::fingerprint::{Fingerprint, Rect, UploadPrint};
use crate::matching::align::consensus::Alignment;
use crate::matching::align::geometry::{Affine, DeletedPoint, Shape};
use crate::matching::evidence::unplaced_frames::View;
use crate::model::{Placement, Point};

/// The placement of an alignment.
pub fn of_alignment(
    upload: &UploadPrint,
    deleted: &Fingerprint,
    alignment: &Alignment,
) -> Placement {
    let (mirrored, inverted) = (alignment.variant.mirrored(), alignment.variant.inverted());
    let map = alignment.map;
    let whole = if mirrored { map.mirrored(f64::from(upload.width)) } else { map };
    of_map(upload, deleted, &whole, Manner { mirrored, inverted, shape: map.shape() })
}

/// The placement that a view of the upload's frames stands for: the deleted video's active picture fills the view.
pub fn of_view(upload: &UploadPrint, deleted: &Fingerprint, view: View) -> Placement {
    let from = deleted.active;
    let to = if view.is_active() {
        upload.active
    } else {
        Rect { x0: 0.0, y0: 0.0, x1: upload.width, y1: upload.height }
    };
    let sx = f64::from((to.x1 - to.x0) / (from.x1 - from.x0).max(1e-3));
    let sy = f64::from((to.y1 - to.y0) / (from.y1 - from.y0).max(1e-3));
    let map = Affine {
        a: sx,
        b: 0.0,
        c: f64::from(to.x0) - sx * f64::from(from.x0),
        d: 0.0,
        e: sy,
        f: f64::from(to.y0) - sy * f64::from(from.y0),
    };
    let mirrored = view.is_mirrored();
    // Mirrored inside the view, not inside the whole picture.
    let map = if mirrored { map.mirrored(f64::from(to.x0 + to.x1)) } else { map };
    let shape = Shape { scale: (sx * sy).sqrt(), turn: 0.0 };
    of_map(upload, deleted, &map, Manner { mirrored, inverted: view.inverted, shape })
}

struct Manner {
    mirrored: bool,
    inverted: bool,
    shape: Shape,
}

fn of_map(upload: &UploadPrint, deleted: &Fingerprint, map: &Affine, manner: Manner) -> Placement {
    let (w, h) = (f64::from(deleted.width), f64::from(deleted.height));
    let corner = |x: f64, y: f64| {
        let at = map.apply(DeletedPoint::new(x, y));
        Point { x: at.x / f64::from(upload.width), y: at.y / f64::from(upload.height) }
    };
    Placement {
        mirrored: manner.mirrored,
        inverted: manner.inverted,
        rotation_deg: manner.shape.turn.to_degrees(),
        scale: manner.shape.scale,
        quad: [corner(0.0, 0.0), corner(w, 0.0), corner(w, h), corner(0.0, h)],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fingerprint::Variant;
    use crate::matching::align::time_map::TimeMap;
    use crate::matching::tests::scene::{self, Scene, cases};

    proptest! {
        #![proptest_config(cases(128))]

        #[test]
        fn a_placement_says_how_the_planted_picture_lies(
            seed in 0u64..500,
            scale in 0.2f64..2.5,
            turn in -3.0f64..3.0,
            variant in 0usize..4,
        ) {
            let variant = Variant::ALL[variant];
            let planted = Scene { scale, turn, variant, ..Scene::new(seed) };
            let (upload, deleted) = (planted.upload(), planted.deleted());
            let time_map = TimeMap { speed: 1.0, offset_s: 0.0 };
            let mut alignment = scene::alignment(planted.map(), time_map);
            alignment.variant = variant;
            let placement = of_alignment(&upload, &deleted, &alignment);
            prop_assert!((placement.scale - scale).abs() < 1e-9);
            prop_assert!((placement.rotation_deg - turn.to_degrees()).abs() < 1e-6);
            prop_assert_eq!(placement.mirrored, variant.mirrored());
            prop_assert_eq!(placement.inverted, variant.inverted());
            // In long sides the sides of the quadrilateral are those of the picture, scaled.
            let (w, h) = (f64::from(upload.width), f64::from(upload.height));
            let side = |a: Point, b: Point| ((a.x - b.x) * w).hypot((a.y - b.y) * h);
            let [a, b, c, d] = placement.quad;
            for (own, length) in [
                (f64::from(deleted.width), side(a, b)),
                (f64::from(deleted.height), side(b, c)),
                (f64::from(deleted.width), side(c, d)),
                (f64::from(deleted.height), side(d, a)),
            ] {
                prop_assert!((length - own * scale).abs() < 1e-6, "{length} {own}");
            }
            // Clockwise as it is seen, unless it is mirrored.
            let turning = (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x);
            prop_assert_eq!(turning < 0.0, variant.mirrored());
        }
    }

    #[test]
    fn a_view_is_filled_by_the_active_picture() {
        let planted = Scene::new(91);
        let (mut upload, deleted) = (planted.upload(), planted.deleted());
        upload.active = Rect { x0: 0.25, y0: 0.1, x1: 0.75, y1: 0.4 };
        let close = |p: Point, x: f64, y: f64| (p.x - x).abs() < 1e-6 && (p.y - y).abs() < 1e-6;
        let (top, bottom) = (0.1 / f64::from(upload.height), 0.4 / f64::from(upload.height));
        for index in 0..4u8 {
            let view = View { index, inverted: index == 2 };
            let placement = of_view(&upload, &deleted, view);
            let [a, _, c, _] = placement.quad;
            let (mut left, mut right) = if index < 2 { (0.0, 1.0) } else { (0.25, 0.75) };
            let (top, bottom) = if index < 2 { (0.0, 1.0) } else { (top, bottom) };
            if placement.mirrored {
                std::mem::swap(&mut left, &mut right);
            }
            assert!(close(a, left, top) && close(c, right, bottom), "{index}: {placement:?}");
            assert_eq!((placement.mirrored, placement.inverted), (index % 2 == 1, index == 2));
        }
    }
}
