//! Pages of lists: the parameters and the response.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::error::{Kind, Problem};

/// Default number of items per page.
const LIMIT: usize = 50;
/// Largest number of items per page.
const LIMIT_MAX: usize = 500;

/// Selects a page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `meta.next` of the previous page.
    pub cursor: Option<String>,
    /// Items per page, 1 to 500; 50 when absent.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<usize>,
}

impl PageQuery {
    /// The number of items per page.
    ///
    /// # Errors
    /// [`Kind::Invalid`] outside 1 to 500.
    pub fn limit(&self) -> Result<usize, Problem> {
        page_limit(self.limit)
    }
}

/// The number of items per page: the requested one, or the default.
///
/// # Errors
/// [`Kind::Invalid`] outside 1 to 500.
pub fn page_limit(asked: Option<usize>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(LIMIT);
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::new(Kind::Invalid, format!("`limit`: must be between 1 and {LIMIT_MAX}.")))
}

/// The problem for a cursor that no list has returned.
pub fn bad_cursor() -> Problem {
    Problem::new(Kind::Invalid, "`cursor`: invalid cursor; use `meta.next` of the previous page.")
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub meta: PageMeta,
}

/// The position of a page in its list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageMeta {
    /// The `cursor` of the next page; null on the last page.
    #[schema(required)]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of at most `limit` items. `rows` holds one more than `limit` if there is a next page; `cursor` is the
    /// position after an item.
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
