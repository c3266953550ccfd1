//! What definitions cost, hostile ones most of all.

mod attacks;
mod meter;
mod peers;
