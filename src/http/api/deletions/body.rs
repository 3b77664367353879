//! The parts that requests to delete one video and a whole account have in common.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::engine::CopyRequest;
use crate::http::error::Problem;
use crate::http::request::extract::Object;
use crate::http::request::times::parse_time;
use crate::model::{CopyKind, Engagement};
use crate::wire;

/// Engagement with a video; absent counts are 0. Kept without the video's id until it is aggregated.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = Engagement)]
pub struct EngagementBody {
    #[schema(maximum = 1_000_000_000_000_u64)]
    views: u64,
    #[schema(maximum = 1_000_000_000_000_u64)]
    likes: u64,
    #[schema(maximum = 1_000_000_000_000_u64)]
    comments: u64,
    #[schema(maximum = 1_000_000_000_000_u64)]
    shares: u64,
}

/// A stored copy of a video, or a cache or service that must drop it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCopy)]
pub struct CopyBody {
    /// `main` and `backup` at `file`, `s3`, `gs` or `az` addresses; `cache` and `callback` at `http` or `https` ones.
    #[schema(schema_with = wire::schema::copy_kind)]
    kind: CopyKind,
    /// Address of the copy. The settings limit which addresses are allowed.
    #[schema(min_length = 1, max_length = 4096)]
    uri: String,
    /// True: everything below the address, which must end with a slash.
    #[serde(default)]
    prefix: bool,
    /// Do not erase this backup before this time (RFC 3339).
    #[schema(format = DateTime)]
    delete_after: Option<String>,
}

/// The platform's own data; returned in responses, events and callbacks.
pub type Metadata = Option<Map<String, Value>>;

pub fn engagement(body: EngagementBody) -> Engagement {
    let EngagementBody { views, likes, comments, shares } = body;
    Engagement { views, likes, comments, shares }
}

/// The copies as the engine takes them.
///
/// # Errors
/// [`Kind::Invalid`](crate::http::error::Kind::Invalid) for a malformed time.
pub fn copies(bodies: Vec<Object<CopyBody>>) -> Result<Vec<CopyRequest>, Problem> {
    let copy = |Object(body): Object<CopyBody>| {
        let delete_after =
            body.delete_after.map(|at| parse_time("copies.delete_after", &at)).transpose()?;
        Ok(CopyRequest { kind: body.kind, uri: body.uri, prefix: body.prefix, delete_after })
    };
    bodies.into_iter().map(copy).collect()
}
