//! How much the system takes of what a client has no room for.

use socket2::SockRef;
use std::os::fd::AsFd;

/// Without a bound that is megabytes, which no limit of ours counts and which all sockets of the machine share
/// (`tcp_mem`), and there is room again only once a third of them is gone: minutes for a client that reads
/// slowly, in which it looks like one that does not. Twice as much as what is on its way may well wait; a
/// client with a better line is not to run dry before its task has its next turn.
const UNSENT: u32 = 64 << 10;

/// Bounds it, for all that a listener accepts.
pub(crate) fn bound_unsent(listener: impl AsFd) {
    let listener = listener.as_fd();
    if let Err(error) = SockRef::from(&listener).set_tcp_notsent_lowat(UNSENT) {
        tracing::debug!(%error, "the system takes as much as it likes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn what_is_accepted_has_the_bound_of_its_listener() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        bound_unsent(&listener);
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let bound = SockRef::from(&accepted).tcp_notsent_lowat().unwrap();
        assert_eq!(bound, UNSENT);
    }
}
