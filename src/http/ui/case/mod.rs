//! One case: [`page`] shows it, with [`proof`] (the evidence), [`history`] and the forms of [`choices`]; [`mod@file`] and
//! [`pictures`] serve its upload; [`decide`] handles the forms; [`undo`] is the bar that undoes the last decision.
//!
//! Opening a case does not claim it. A POST claims it: the page's script sends one with the first key or click that
//! prepares a decision.

pub mod choices;
pub mod decide;
pub mod file;
pub mod history;
pub mod page;
pub mod pictures;
pub mod proof;
pub mod undo;
