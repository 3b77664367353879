//! What a request to delete says, in the parts that one video and a whole account have in common.

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::engine::CopyRequest;
use crate::engine::wire;
use crate::http::error::Problem;
use crate::http::request::extract::Object;
use crate::http::request::times::parse_time;
use crate::model::{CopyKind, Engagement};

/// How a video was received, in numbers; what is absent is 0. Kept without a name, until it is summed up.
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

/// One stored instance of a video, or a part of the platform that must forget it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewCopy)]
pub struct CopyBody {
    /// `main` and `backup` at `file`, `s3`, `gs` or `az` addresses; `cache` and `callback` at `http` or `https` ones.
    #[schema(schema_with = wire::schema::copy_kind)]
    kind: CopyKind,
    /// Where it is; the settings say what is allowed.
    #[schema(min_length = 1, max_length = 4096)]
    uri: String,
    /// Everything below the address, which ends with a slash then.
    #[serde(default)]
    prefix: bool,
    /// A backup that must not go before this time, by RFC 3339.
    #[schema(format = DateTime)]
    delete_after: Option<String>,
}

/// What the platform says besides; given back in answers, events and callbacks.
pub type Metadata = Option<Map<String, Value>>;

pub fn engagement(body: EngagementBody) -> Engagement {
    let EngagementBody { views, likes, comments, shares } = body;
    Engagement { views, likes, comments, shares }
}

/// # Errors
/// 422 for a time that is none.
pub fn copies(bodies: Vec<Object<CopyBody>>) -> Result<Vec<CopyRequest>, Problem> {
    let copy = |Object(body): Object<CopyBody>| {
        let delete_after =
            body.delete_after.map(|at| parse_time("copies.delete_after", &at)).transpose()?;
        Ok(CopyRequest { kind: body.kind, uri: body.uri, prefix: body.prefix, delete_after })
    };
    bodies.into_iter().map(copy).collect()
}
