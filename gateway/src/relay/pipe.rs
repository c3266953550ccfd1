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
/// What it must hold at least to be of use: a user who has many pipes gets them with 8 KiB.
const LEAST: usize = 64 << 10;
/// After the system refused a pipe, so many wishes are not passed on to it.
const ABSTINENCE: u32 = 256;
/// Pipes in use at a time; those who get none copy.
const MOST: usize = 32;
/// Empty pipes that are kept. The kernel's share of an empty pipe is a few kilobytes.
const SPARE: usize = 8;

/// The pipes of one worker.
#[derive(Debug, Default)]
pub(crate) struct Pipes {
    spare: RefCell<Vec<Pipe>>,
    lent: Cell<usize>,
    abstinent: Cell<u32>,
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
        if capacity < LEAST {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
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
        let pipe = spare.or_else(|| self.open())?;
        self.lent.set(self.lent.get() + 1);
        Some(Lent {
            pipe: Some(pipe),
            filled: 0,
            pipes: Rc::clone(self),
        })
    }
}

impl Pipes {
    /// A new pipe, unless the system refuses it or did so a short while ago.
    fn open(&self) -> Option<Pipe> {
        let abstinent = self.abstinent.get();
        if abstinent > 0 {
            self.abstinent.set(abstinent - 1);
            return None;
        }
        let pipe = Pipe::new();
        if let Err(error) = &pipe {
            tracing::debug!(%error, "no pipe to be had: bytes are copied");
            self.abstinent.set(ABSTINENCE);
        }
        pipe.ok()
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;

    #[test]
    fn bytes_go_through_and_the_pipe_comes_back() {
        let pipes = Rc::new(Pipes::default());
        let ((mut near, from), (to, mut far)) =
            (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        near.write_all(b"abc").unwrap();
        let mut pipe = pipes.lend().unwrap();
        assert_eq!(pipe.fill(&from).unwrap(), 3);
        assert!(!pipe.is_empty());
        assert_eq!(pipe.drain(&to).unwrap(), 3);
        assert!(pipe.is_empty());
        drop(pipe);
        assert_eq!(pipes.spare.borrow().len(), 1);
        drop(to);
        let mut read = String::new();
        far.read_to_string(&mut read).unwrap();
        assert_eq!(read, "abc");
    }

    #[test]
    fn a_pipe_with_bytes_in_it_is_lent_to_nobody_else() {
        let pipes = Rc::new(Pipes::default());
        let (mut near, from) = UnixStream::pair().unwrap();
        near.write_all(b"secret").unwrap();
        let mut pipe = pipes.lend().unwrap();
        pipe.fill(&from).unwrap();
        drop(pipe);
        assert_eq!(pipes.spare.borrow().len(), 0);
        assert_eq!(pipes.lent.get(), 0);
    }

    #[test]
    fn there_are_only_so_many() {
        let pipes = Rc::new(Pipes::default());
        let lent: Vec<_> = std::iter::from_fn(|| pipes.lend()).collect();
        assert_eq!(lent.len(), MOST);
        drop(lent);
        assert_eq!(pipes.spare.borrow().len(), SPARE);
        assert!(pipes.lend().is_some());
    }

    #[test]
    fn who_was_refused_does_not_ask_at_once() {
        let pipes = Rc::new(Pipes::default());
        pipes.abstinent.set(1);
        assert!(pipes.lend().is_none());
        assert!(pipes.lend().is_some());
    }
}
