//! What went wrong on a stream of HTTP/2, and whose fault that is.

use super::upload::Upload;
use super::{CUT, GIVEN_UP, Lease};
use gatewright_core::fault::{Fault, FaultClass};
use h2::Reason;

/// The fault of a request whose stream ended.
pub(super) fn failed(lease: &Lease, upload: Option<&Upload>, error: &h2::Error) -> Fault {
    let lacks_the_rest = || upload.is_some_and(Upload::lacks_the_rest);
    match error.reason() {
        Some(Reason::CANCEL | Reason::NO_ERROR) if error.is_remote() && error.is_reset() => {
            if lacks_the_rest() {
                return Fault::sent(FaultClass::BadRequest, GIVEN_UP);
            }
        }
        // There are servers that give a client up with its whole connection. Or it is gone, whatever the client did:
        // with a stream that goes both ways it need not owe anything.
        None if error.is_io() && lacks_the_rest() => return fault(error),
        Some(_) | None => {}
    }
    blamed(lease, fault(error))
}

/// The fault, which is held against the endpoint unless it was in its right to refuse.
pub(super) fn blamed(lease: &Lease, fault: Fault) -> Fault {
    // Nor for a client that sent half a request.
    if fault.may_have_been_sent() && fault.class() != FaultClass::BadRequest {
        lease.blame();
    }
    fault
}

/// The fault of a request that the library refused to send.
pub(super) fn unsent(error: &h2::Error) -> Fault {
    Fault::unsent(FaultClass::Unreachable, error.to_string())
}

/// The fault behind an error on a stream that was begun.
pub(super) fn fault(error: &h2::Error) -> Fault {
    let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    // Our own, of a request whose payload was cut short.
    if error.is_reset() && !error.is_remote() && !error.is_library() {
        return Fault::sent(FaultClass::BadRequest, CUT);
    }
    // RFC 9113, 6.8 and 8.7: streams above the last one of a GOAWAY, and refused ones, were not
    // processed. Only such streams end with a GOAWAY of the server, which then has done nothing
    // about them; refusing one by one may be its way to say that it has too much to do.
    if error.is_remote() && error.is_go_away() {
        return Fault::unsent(FaultClass::Unreachable, error.to_string());
    }
    if error.is_remote() && refused {
        return Fault::refused(FaultClass::Unreachable, error.to_string());
    }
    // A GOAWAY of the library's ends the connection because of one stream, nobody knows which: to
    // all it carried, it broke.
    if error.is_reset() || error.is_io() || error.is_remote() || error.is_go_away() {
        return Fault::sent(FaultClass::Unreachable, error.to_string());
    }
    Fault::sent(FaultClass::BadReply, error.to_string())
}
