//! What connections within one machine are spared.

use rustix::net::sockopt;
use std::net::IpAddr;
use std::os::fd::AsFd;

/// The one algorithm that every Linux has and that every process may choose (tcp(7),
/// `tcp_allowed_congestion_control`).
const UNPACED: &str = "reno";

/// Has what is sent over the loopback leave at once. There is no path there whose capacity a
/// sender has to find out; where the system's own algorithm is one that paces (bbr), a timer
/// for each burst would cost more than the bytes. To other machines the system's choice stays. A
/// listener's choice is that of the connections that it accepts.
pub(crate) fn spare_pacing(socket: impl AsFd, address: IpAddr) {
    if !address.to_canonical().is_loopback() {
        return;
    }
    if let Err(error) = sockopt::set_tcp_congestion(socket, UNPACED) {
        tracing::debug!(%error, "the system's congestion control stays");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    fn algorithm(socket: impl AsFd) -> String {
        sockopt::tcp_congestion(socket).unwrap()
    }

    #[test]
    fn what_is_accepted_over_the_loopback_is_not_paced() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        spare_pacing(&listener, address.ip());
        let _client = TcpStream::connect(address).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        assert_eq!(algorithm(&accepted), UNPACED);
    }

    #[test]
    fn to_other_machines_the_systems_choice_stays() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let before = algorithm(&listener);
        for elsewhere in ["0.0.0.0", "::", "192.0.2.1", "2001:db8::1"] {
            spare_pacing(&listener, elsewhere.parse().unwrap());
        }
        assert_eq!(algorithm(&listener), before);
    }
}
