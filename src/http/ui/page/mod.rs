//! What all pages share.
//!
//! `visitor` identifies the person, `form` reads what they submit, `frame` is the layout around every page and its
//! headers, `assets` serves the stylesheet and scripts, `words` formats numbers and times, `proof` words the evidence of
//! a match, `chart` draws.

pub mod assets;
pub mod chart;
pub mod form;
pub mod frame;
pub mod proof;
pub mod visitor;
pub mod words;
