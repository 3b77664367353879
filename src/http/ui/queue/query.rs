//! The filter of the queue's page: from its address to the engine's query, and back.

use serde::Deserialize;

use crate::engine::{CaseQuery, Whose};
use crate::model::{CaseOrder, CaseState, HOUR_S, TombstoneId, UnixSeconds};

/// Values of a filter with their labels.
pub type Choices = &'static [(&'static str, &'static str)];

pub const VERDICTS: Choices = &[("review", "review"), ("block", "block"), ("allow", "allow")];
pub const KINDS: Choices = &[
    ("same_bytes", "identical file"),
    ("whole", "full frame"),
    ("inset", "part of the frame"),
    ("altered", "altered"),
    ("frames", "frames only"),
    ("none", "no match"),
];
/// Hours since the case was opened: at least, or with a minus sign at most.
pub const AGES: Choices = &[
    ("-1", "less than 1 h"),
    ("1", "more than 1 h"),
    ("4", "more than 4 h"),
    ("24", "more than 1 d"),
    ("72", "more than 3 d"),
];
pub const SIZES: Choices = &[("2", "2 or more"), ("5", "5 or more"), ("20", "20 or more")];
pub const ORDERS: Choices =
    &[("score", "highest score first"), ("age", "oldest first"), ("due", "due first")];

/// The query of the queue's page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct QueueQuery {
    pub queue: String,
    pub verdict: String,
    pub kind: String,
    pub age: String,
    pub members: String,
    pub order: String,
    pub tombstone: String,
    pub free: String,
    /// The position after which the page begins.
    pub after: String,
    pub undo: String,
    pub done: String,
}

impl QueueQuery {
    /// Parses a query string; unknown parameters are ignored.
    pub fn parse(text: &str) -> QueueQuery {
        let mut query = QueueQuery::default();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            if let Some(field) = query.field(&name) {
                *field = value.into_owned();
            }
        }
        query
    }

    fn field(&mut self, name: &str) -> Option<&mut String> {
        Some(match name {
            "queue" => &mut self.queue,
            "verdict" => &mut self.verdict,
            "kind" => &mut self.kind,
            "age" => &mut self.age,
            "members" => &mut self.members,
            "order" => &mut self.order,
            "tombstone" => &mut self.tombstone,
            "free" => &mut self.free,
            _ => return None,
        })
    }

    /// The filter as a query string, without position and messages; empty for the unfiltered queue.
    pub fn filter_text(&self) -> String {
        let mut pairs = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.pairs().into_iter().filter(|(_, value)| !value.is_empty()) {
            pairs.append_pair(name, value);
        }
        pairs.finish()
    }

    fn pairs(&self) -> [(&'static str, &str); 8] {
        [
            ("queue", &self.queue),
            ("verdict", &self.verdict),
            ("kind", &self.kind),
            ("age", &self.age),
            ("members", &self.members),
            ("order", &self.order),
            ("tombstone", &self.tombstone),
            ("free", &self.free),
        ]
    }

    /// Whether any filter besides queue and order is set.
    pub fn is_filtered(&self) -> bool {
        let plain = ["queue", "order"];
        self.pairs().iter().any(|(name, value)| !plain.contains(name) && !value.is_empty())
    }

    /// The engine's query. Invalid values are ignored: they come from old bookmarks.
    pub fn of_engine(&self, now: UnixSeconds) -> CaseQuery {
        let hours: Option<i64> = self.age.parse().ok().filter(|h: &i64| h.abs() < 10_000);
        let whose = match (self.queue.as_str(), self.free.as_str()) {
            ("mine", _) => Whose::Mine,
            (_, "yes") => Whose::Free,
            _ => Whose::All,
        };
        let tombstone = Some(self.tombstone.trim()).filter(|id| !id.is_empty());
        CaseQuery {
            state: match self.queue.as_str() {
                "escalated" => CaseState::Escalated,
                "closed" => CaseState::Closed,
                _ => CaseState::Open,
            },
            verdict: self.verdict.parse().ok(),
            kind: self.kind.parse().ok(),
            tombstone: tombstone.map(|id| TombstoneId(id.to_owned())),
            opened_before: hours.filter(|h| *h > 0).map(|h| now - h * HOUR_S),
            opened_after: hours.filter(|h| *h < 0).map(|h| now + h * HOUR_S),
            members_min: self.members.parse().ok(),
            whose,
            appealed: (self.queue == "appeals").then_some(true),
            order: self.order.parse().unwrap_or(CaseOrder::Score),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_survives_its_address() {
        let text = "queue=mine&kind=inset&age=4&tombstone=a%26b";
        let query = QueueQuery::parse(&format!("{text}&undo=x&after=y&colour=red"));
        assert_eq!(query.filter_text(), text);
        let asked = query.of_engine(100_000);
        assert_eq!((asked.whose, asked.opened_before), (Whose::Mine, Some(100_000 - 4 * HOUR_S)));
        assert_eq!(asked.tombstone, Some(TombstoneId("a&b".into())));
        assert!(query.is_filtered() && !QueueQuery::parse("queue=mine&order=age").is_filtered());
        assert_eq!(QueueQuery::parse("kind=nonsense&age=x").of_engine(0), CaseQuery::default());
    }
}
