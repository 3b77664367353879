//! Stretches of a deleted video that a moderator rules to be a template, or not its owner's: common for all uploads.

use crate::engine::core::Engine;
use crate::engine::error::{Error, Result};
use crate::engine::tombstones::check_note;
use crate::model::{
    Actor, AuditEntry, DeletedSpan, Environment, StretchGround, StretchId, TemplateStretch,
    TombstoneId,
};

/// Largest share of a deleted video that may be ruled common. To clear more of it, retire the tombstone.
const SHARE_MAX: f64 = 0.3;
/// Shortest stretch, seconds: shorter ones say nothing.
const SECONDS_MIN: f64 = 0.5;

/// A stretch to be ruled common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewStretch {
    pub span: DeletedSpan,
    pub ground: StretchGround,
}

impl Engine {
    /// Rules that a stretch of a deleted video is common. `None` if there is no such tombstone.
    ///
    /// # Errors
    /// - [`Error::Invalid`] if the stretch is shorter than half a second or does not lie within the video, if it and the
    ///   stretches in force make more than 30 % of the video, or if the note is too long;
    /// - [`Error::Store`] if the store cannot be read or written;
    /// - [`Error::NoEntropy`] if the system returns no random bytes.
    pub fn add_stretch(
        &self,
        tombstone: &TombstoneId,
        new: NewStretch,
        note: Option<String>,
        actor: Actor,
        environment: &Environment,
    ) -> Result<Option<TemplateStretch>> {
        check_note(note.as_deref())?;
        let Some(found) = self.store().get_by_id(tombstone)? else { return Ok(None) };
        check(&new.span, found.duration_s)?;
        let id = StretchId::make(environment).map_err(|source| Error::NoEntropy { source })?;
        let (at, subject) = (environment.now(), tombstone.to_string());
        let NewStretch { span, ground } = new;
        let one = TemplateStretch { id, span, ground, by: actor, at, undone: None };
        let entry = AuditEntry { at, actor, action: "tombstone.stretch", subject, note };
        let seconds_max = SHARE_MAX * found.duration_s;
        let admits = |others: &[TemplateStretch]| {
            let spans = others.iter().map(|other| other.span).chain([span]);
            seconds(spans.collect()) <= seconds_max
        };
        match self.store().add_template_stretch(found.slot, &one, &entry, admits)? {
            None => Ok(None),
            Some(true) => Ok(Some(one)),
            Some(false) => {
                let why = format!(
                    "must, with the other stretches, be at most {:.0} % of the video ({seconds_max:.1} s); to \
                     clear more of it, retire the tombstone",
                    100.0 * SHARE_MAX
                );
                Err(Error::Invalid { what: "stretch", why })
            }
        }
    }

    /// Undoes such a ruling. False if the tombstone has no such stretch in force.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read or written.
    pub fn undo_stretch(
        &self,
        tombstone: &TombstoneId,
        id: StretchId,
        actor: Actor,
        environment: &Environment,
    ) -> Result<bool> {
        let Some(found) = self.store().get_by_id(tombstone)? else { return Ok(false) };
        let (at, subject) = (environment.now(), tombstone.to_string());
        let action = "tombstone.stretch_undo";
        let entry = AuditEntry { at, actor, action, subject, note: None };
        Ok(self.store().undo_template_stretch(found.slot, id, &entry)?)
    }

    /// Up to `limit` such rulings that follow `after`, undone ones included, oldest first. `None` if there is no such
    /// tombstone.
    ///
    /// # Errors
    /// [`Error::Store`] if the store cannot be read.
    pub fn stretches(
        &self,
        tombstone: &TombstoneId,
        after: Option<StretchId>,
        limit: usize,
    ) -> Result<Option<Vec<TemplateStretch>>> {
        let Some(found) = self.store().get_by_id(tombstone)? else { return Ok(None) };
        Ok(Some(self.store().template_stretch_history(found.slot, after, limit)?))
    }
}

fn check(span: &DeletedSpan, duration_s: f64) -> Result<()> {
    let invalid = |why: String| Err(Error::Invalid { what: "stretch", why });
    if !(span.start_s.is_finite() && span.end_s.is_finite()) || span.duration_s() < SECONDS_MIN {
        return invalid(format!("must end at least {SECONDS_MIN} s after its start"));
    }
    if span.start_s < 0.0 || span.end_s > duration_s + 0.01 {
        return invalid(format!("must lie within the video, which is {duration_s:.2} s long"));
    }
    Ok(())
}

/// Seconds that some spans cover together.
fn seconds(mut spans: Vec<DeletedSpan>) -> f64 {
    spans.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    let (mut all_s, mut covered_s) = (0.0, f64::NEG_INFINITY);
    for span in spans {
        all_s += (span.end_s - span.start_s.max(covered_s)).max(0.0);
        covered_s = covered_s.max(span.end_s);
    }
    all_s
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_stretches_count_once() {
        let spans = [(4.0, 6.0), (0.0, 2.0), (5.0, 7.0), (1.0, 1.5)];
        assert_eq!(seconds(spans.map(|(a, b)| DeletedSpan::new(a, b)).to_vec()), 5.0);
        assert_eq!(seconds(Vec::new()), 0.0);
    }

    #[test]
    fn a_stretch_lies_within_the_video_and_has_a_length() {
        assert!(check(&DeletedSpan::new(0.0, 3.0), 3.0).is_ok());
        for (from_s, to_s) in [(1.0, 1.4), (2.0, 1.0), (-1.0, 1.0), (1.0, 3.1), (f64::NAN, 2.0)] {
            assert!(check(&DeletedSpan::new(from_s, to_s), 3.0).is_err(), "{from_s} {to_s}");
        }
    }
}
