//! What definitions cost, hostile ones most of all.

mod allocations;
mod attacks;
mod meter;
mod peers;
