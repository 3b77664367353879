//! The API document: [`openapi`] completes what the endpoints declare, [`shapes`] has the schemas that several
//! endpoints share, [`served`] serves it as JSON and [`docs`] as a page.

pub mod docs;
pub mod openapi;
pub mod served;
pub mod shapes;
