//! Who is let in by HTTP/2: RFC 8441, 5. What RFC 6455 asks of the fields holds here, too, less the key and what
//! belongs to the upgrade.

use super::answer::Refusal;
use super::opening::{Fields, MAX_FIELDS, is_allowed, subprotocol};
use gatewright_config::plan::WebSocketPlan;
use h2::ext::Protocol;
use http::header::{ALLOW, CONTENT_TYPE, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};
use httparse::Header;

/// Looks at a request: the answer of a server that agrees.
///
/// # Errors
/// Why there is no WebSocket for it.
pub(crate) fn judge_extended(
    request: &Parts,
    plan: &WebSocketPlan,
) -> Result<Response<()>, Refusal> {
    let protocol = request.extensions.get::<Protocol>();
    if request.method == Method::CONNECT && protocol.is_none() {
        // RFC 9110, 9.3.6: this would be a tunnel to somewhere else.
        return Err(Refusal::Protocol);
    }
    if request.uri.path() != &*plan.path {
        return Err(Refusal::Path);
    }
    if request.method != Method::CONNECT {
        return Err(Refusal::Method);
    }
    if protocol.is_none_or(|protocol| protocol.as_str() != "websocket") {
        return Err(Refusal::Protocol);
    }
    if request.headers.len() > MAX_FIELDS {
        return Err(Refusal::LongHead);
    }
    let headers: Vec<Header<'_>> = (request.headers.iter())
        .map(|(name, value)| Header {
            name: name.as_str(),
            value: value.as_bytes(),
        })
        .collect();
    agree(Fields(&headers), request.uri.authority().is_some(), plan)
}

fn agree(
    fields: Fields<'_>,
    has_authority: bool,
    plan: &WebSocketPlan,
) -> Result<Response<()>, Refusal> {
    if !has_authority || fields.has_body() {
        return Err(Refusal::Syntax);
    }
    if fields.one("sec-websocket-version") != Some("13") {
        return Err(Refusal::Version);
    }
    if !is_allowed(&fields, &plan.origins) {
        return Err(Refusal::Origin);
    }
    let mut response = Response::new(());
    if let Some(name) = subprotocol(&fields, &plan.subprotocols)? {
        let name = HeaderValue::from_str(name).map_err(|_| Refusal::Subprotocol)?;
        response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, name);
    }
    Ok(response)
}

impl Refusal {
    /// The answer's head, which [`words`](Self::words) follow. Nothing is said of the connection, which
    /// others share, and nothing of an upgrade, which HTTP/2 has not (RFC 9113, 8.6).
    pub(crate) fn extended_answer(self) -> Response<()> {
        let mut response = Response::new(());
        *response.status_mut() = match self {
            Self::Syntax | Self::Key | Self::Subprotocol | Self::NoUpgrade | Self::Version => {
                StatusCode::BAD_REQUEST
            }
            Self::LongHead => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Origin => StatusCode::FORBIDDEN,
            // RFC 9220, 3.
            Self::Protocol => StatusCode::NOT_IMPLEMENTED,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        match self {
            Self::Method => headers.insert(ALLOW, HeaderValue::from_static("CONNECT")),
            Self::Version => headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
            Self::Syntax
            | Self::LongHead
            | Self::Path
            | Self::NoUpgrade
            | Self::Key
            | Self::Origin
            | Self::Subprotocol
            | Self::Protocol
            | Self::Full => None,
        };
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_config::plan::Origins;
    use http::Request;

    fn plan() -> WebSocketPlan {
        WebSocketPlan {
            path: "/pos".into(),
            origins: Origins::Listed(vec!["https://shop.example".into()]),
            subprotocols: vec!["pos".into()],
        }
    }

    /// A request that is good, changed.
    fn judged(change: impl FnOnce(&mut Parts)) -> Result<Response<()>, Refusal> {
        let request = Request::builder()
            .method(Method::CONNECT)
            .uri("https://gateway/pos?token=1")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-protocol", "x, pos")
            .header("origin", "https://shop.example")
            .extension(Protocol::from_static("websocket"))
            .body(());
        let (mut parts, ()) = request.unwrap().into_parts();
        change(&mut parts);
        judge_extended(&parts, &plan())
    }

    #[test]
    fn a_good_request_is_agreed_to() {
        let response = judged(|_| {}).unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[SEC_WEBSOCKET_PROTOCOL], "pos");
    }

    #[test]
    fn any_other_request_is_refused_for_its_reason() {
        let refused = |change: fn(&mut Parts)| judged(change).unwrap_err();
        let other = |parts: &mut Parts| {
            parts
                .extensions
                .insert(Protocol::from_static("connect-udp"));
        };
        assert_eq!(refused(other), Refusal::Protocol);
        let plain = |parts: &mut Parts| {
            parts.extensions.remove::<Protocol>();
        };
        assert_eq!(refused(plain), Refusal::Protocol);
        let get = |parts: &mut Parts| {
            parts.extensions.remove::<Protocol>();
            parts.method = Method::GET;
        };
        assert_eq!(refused(get), Refusal::Method);
        let elsewhere = |parts: &mut Parts| parts.uri = "https://gateway/po".parse().unwrap();
        assert_eq!(refused(elsewhere), Refusal::Path);
        let nobodys = |parts: &mut Parts| parts.uri = "/pos".parse().unwrap();
        assert_eq!(refused(nobodys), Refusal::Syntax);
        for (name, value, refusal) in [
            ("sec-websocket-version", "8", Refusal::Version),
            ("sec-websocket-protocol", "x", Refusal::Subprotocol),
            ("origin", "https://shop.test", Refusal::Origin),
            ("content-length", "1", Refusal::Syntax),
        ] {
            let changed = judged(|parts| {
                parts.headers.insert(name, HeaderValue::from_static(value));
            });
            assert_eq!(changed.unwrap_err(), refusal, "{name}");
        }
        let many = judged(|parts| {
            for _ in 0..MAX_FIELDS {
                parts.headers.append("x", HeaderValue::from_static("y"));
            }
        });
        assert_eq!(many.unwrap_err(), Refusal::LongHead);
    }
}
