//! The API document: `openapi` makes it from the endpoints, `shapes` are the schemas that several endpoints share,
//! `served` hands it out as JSON, `docs` as a page.

pub mod docs;
pub mod openapi;
pub mod served;
pub mod shapes;
