//! Shadow models: each drives a part of the core through a sequence of operations and compares
//! it, after every one, with a description of what it should be that is too simple to be wrong.
//!
//! An operation is made of three bytes, so that a property test and a fuzz target share both the
//! operations and the model: [`operations`] cuts a fuzzer's input into what `vec(any::<[u8; 3]>())`
//! makes for a property test. A model panics where the core disagrees with it.

pub mod pool;
pub mod session;

/// What an operation is made of: which it is, and two numbers whose meaning it decides.
pub type Seed = [u8; 3];

/// A fuzzer's input as operations. What is left over at the end is ignored.
pub fn operations<O: From<Seed>>(bytes: &[u8]) -> Vec<O> {
    let (seeds, _) = bytes.as_chunks::<3>();
    seeds.iter().copied().map(O::from).collect()
}

/// One of them, whatever the number; `None` if there are none.
fn pick<T: Copy>(all: &[T], number: u8) -> Option<T> {
    all.get(usize::from(number) % all.len().max(1)).copied()
}
