//! The pages as people meet them, in a real browser. Skipped and listed where there is no Chromium.

mod bulk;
mod care;
mod floor;
mod pages;
mod people;
mod pictures;
mod proxied;
mod review;
mod speed;
mod steady;
