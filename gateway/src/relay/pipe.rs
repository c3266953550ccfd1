//! Pipes that bytes go through without a copy (`splice(2)`).

use rustix::pipe::{
    PipeFlags, SpliceFlags, fcntl_getpipe_size, fcntl_setpipe_size, pipe_with, splice,
};
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;

/// What a pipe is to hold: the most that a user without privileges gets by default
/// (`/proc/sys/fs/pipe-max-size`). Where the system allows less, less it is.
const CAPACITY: usize = 1 << 20;
/// Pipes in use at a time; those who get none copy.
const MOST: usize = 32;
/// Empty pipes that are kept. The kernel's share of an empty pipe is a few kilobytes.
const SPARE: usize = 8;

/// The pipes of one worker.
#[derive(Debug, Default)]
pub(crate) struct Pipes {
    spare: RefCell<Vec<Pipe>>,
    lent: Cell<usize>,
}

#[derive(Debug)]
struct Pipe {
    reader: OwnedFd,
    writer: OwnedFd,
    capacity: usize,
}

impl Pipe {
    fn new() -> io::Result<Self> {
        let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // Refused to a user who has many pipes already: then it keeps the size that it has.
        let _ = fcntl_setpipe_size(&writer, CAPACITY);
        let capacity = fcntl_getpipe_size(&writer)?;
        Ok(Self {
            reader,
            writer,
            capacity,
        })
    }
}

/// A pipe in use. It goes back when it is dropped; if bytes are in it, it is closed.
#[derive(Debug)]
pub(super) struct Lent {
    /// Always there but while it is dropped.
    pipe: Option<Pipe>,
    filled: usize,
    pipes: Rc<Pipes>,
}

impl Pipes {
    /// An empty pipe, if there is one to be had.
    pub(super) fn lend(self: &Rc<Self>) -> Option<Lent> {
        if self.lent.get() >= MOST {
            return None;
        }
        let spare = self.spare.borrow_mut().pop();
        let pipe = spare.or_else(|| Pipe::new().ok())?;
        self.lent.set(self.lent.get() + 1);
        Some(Lent {
            pipe: Some(pipe),
            filled: 0,
            pipes: Rc::clone(self),
        })
    }
}

impl Lent {
    pub(super) const fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// Takes what is there to be read, but not more than the pipe holds; 0 at its end. Only for
    /// an empty pipe: then "would block" is about the source.
    pub(super) fn fill(&mut self, from: impl AsFd) -> io::Result<usize> {
        let Some(pipe) = &self.pipe else { return Ok(0) };
        let moved = splice(
            from,
            None,
            &pipe.writer,
            None,
            pipe.capacity,
            SpliceFlags::MOVE | SpliceFlags::NONBLOCK,
        )?;
        self.filled += moved;
        Ok(moved)
    }

    /// Writes what is in it, as far as the target takes it.
    pub(super) fn drain(&mut self, to: impl AsFd) -> io::Result<usize> {
        let Some(pipe) = &self.pipe else { return Ok(0) };
        let moved = splice(
            &pipe.reader,
            None,
            to,
            None,
            self.filled,
            SpliceFlags::MOVE | SpliceFlags::NONBLOCK,
        )?;
        self.filled = self.filled.saturating_sub(moved);
        Ok(moved)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.pipes.lent.set(self.pipes.lent.get() - 1);
        let mut spare = self.pipes.spare.borrow_mut();
        if self.filled == 0 && spare.len() < SPARE {
            spare.extend(self.pipe.take());
        }
    }
}
