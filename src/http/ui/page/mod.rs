//! What all pages share.
//!
//! [`visitor`] authenticates the user, [`form`] reads what they submit, [`frame`] is the layout and the headers of
//! every page, [`assets`] serves the stylesheet and scripts, [`words`] formats numbers and times, [`proof`] describes
//! the evidence of a match, [`chart`] draws bar charts.

pub mod assets;
pub mod chart;
pub mod form;
pub mod frame;
pub mod proof;
pub mod visitor;
pub mod words;
