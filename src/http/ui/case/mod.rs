//! One case: `page` shows it, `file` plays its upload, `pictures` stand in for a file that a browser cannot play, `proof`
//! and `history` are parts of the page; `choices` are the forms on it, `decide` takes them, `undo` offers the last one back.

pub mod choices;
pub mod decide;
pub mod file;
pub mod history;
pub mod page;
pub mod pictures;
pub mod proof;
pub mod undo;
