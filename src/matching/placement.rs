//! Where the deleted picture sits in the upload's, in words a person and a page can use.

use crate::fingerprint::{Fingerprint, UploadPrint};
use crate::matching::consensus::Alignment;
use crate::matching::geometry::Affine;
use crate::model::{Placement, Point};

/// The placement of an alignment: corners of the whole deleted picture, clockwise from its own top left.
pub fn placement(upload: &UploadPrint, deleted: &Fingerprint, alignment: &Alignment) -> Placement {
    let (scale, turn) = alignment.map.scale_and_turn();
    let mirrored = alignment.variant.mirrored();
    let map =
        if mirrored { alignment.map.mirrored(f64::from(upload.width)) } else { alignment.map };
    of_map(
        upload,
        deleted,
        &map,
        Turn { mirrored, inverted: alignment.variant.inverted(), scale, turn },
    )
}

/// The placement that a stored view of a frame stands for (`view` as in `UploadFrame::views`).
pub fn of_view(upload: &UploadPrint, deleted: &Fingerprint, view: u8, inverted: bool) -> Placement {
    let from = deleted.active;
    let to = if view < 2 {
        crate::fingerprint::Rect { x0: 0.0, y0: 0.0, x1: upload.width, y1: upload.height }
    } else {
        upload.active
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
    let mirrored = view % 2 == 1;
    // Mirrored inside the view, not inside the whole picture.
    let map = if mirrored {
        Affine { a: -map.a, b: -map.b, c: f64::from(to.x0 + to.x1) - map.c, ..map }
    } else {
        map
    };
    of_map(upload, deleted, &map, Turn { mirrored, inverted, scale: (sx * sy).sqrt(), turn: 0.0 })
}

struct Turn {
    mirrored: bool,
    inverted: bool,
    scale: f64,
    turn: f64,
}

fn of_map(upload: &UploadPrint, deleted: &Fingerprint, map: &Affine, turn: Turn) -> Placement {
    let (w, h) = (f64::from(deleted.width), f64::from(deleted.height));
    let corner = |x: f64, y: f64| {
        let (x, y) = map.apply(x, y);
        Point { x: x / f64::from(upload.width), y: y / f64::from(upload.height) }
    };
    Placement {
        mirrored: turn.mirrored,
        inverted: turn.inverted,
        rotation_deg: turn.turn.to_degrees(),
        scale: turn.scale,
        quad: [corner(0.0, 0.0), corner(w, 0.0), corner(w, h), corner(0.0, h)],
    }
}
