//! Definitions in the language of Kaitai Struct: what they read, what they write and what is wrong
//! with them, as its reference and its compiler say.

mod directions;
mod expressions;
mod grading;
mod ids;
mod loading;
mod names;
mod own;
mod reading;
mod support;
mod used;
mod writing;
