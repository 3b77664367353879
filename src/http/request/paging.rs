//! Lists come in pages: the parameters of a list, and its answer.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::error::{Kind, Problem};

/// Items of a page, when nothing is said.
const LIMIT: usize = 50;
/// Items of a page at most.
const LIMIT_MAX: usize = 500;

/// Which page of a list is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `meta.next` of the page before.
    pub cursor: Option<String>,
    /// Items of the page, 1 to 500; 50 when absent.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<usize>,
}

impl PageQuery {
    /// # Errors
    /// 422 outside 1 to 500.
    pub fn limit(&self) -> Result<usize, Problem> {
        page_limit(self.limit)
    }
}

/// # Errors
/// 422 outside 1 to 500.
pub fn page_limit(asked: Option<usize>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(LIMIT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::new(Kind::Invalid, format!("`limit`: it lies between 1 and {LIMIT_MAX}.")))
}

/// # Errors
/// 422: `cursor` is none that we gave.
pub fn bad_cursor() -> Problem {
    Problem::new(Kind::Invalid, "`cursor`: it is none that this list gave.")
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub meta: PageMeta,
}

/// How a list goes on.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageMeta {
    /// For `cursor` of the next page; null at the end.
    #[schema(required)]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of at most `limit` items, of which `rows` holds one more when there are more; `cursor` names the place
    /// behind an item.
    pub fn cut<R>(
        mut rows: Vec<R>,
        limit: usize,
        cursor: impl Fn(&R) -> String,
        item: impl Fn(R) -> T,
    ) -> Page<T> {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor);
        Page { items: rows.into_iter().map(item).collect(), meta: PageMeta { next } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_the_next_only_when_there_is_one() {
        let page = |rows: Vec<u32>| Page::cut(rows, 2, ToString::to_string, |row| row);
        let first = page(vec![1, 2, 3]);
        assert_eq!((first.items, first.meta.next.as_deref()), (vec![1, 2], Some("2")));
        let last = page(vec![1, 2]);
        assert_eq!((last.items.len(), last.meta.next), (2, None));
        assert_eq!(page(Vec::new()).meta.next, None);
    }

    #[test]
    fn limits_outside_the_range_are_refused() {
        assert_eq!(page_limit(None).unwrap(), LIMIT);
        assert_eq!(page_limit(Some(500)).unwrap(), 500);
        assert!(page_limit(Some(0)).is_err() && page_limit(Some(501)).is_err());
    }
}
