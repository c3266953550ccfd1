//! What the demo's payment service decides, and how long it thinks about it.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

/// Above this amount, in minor units, there is never enough money.
const LIMIT: u64 = 100_000;

/// From this amount on the card's issuer is asked.
const ISSUER_ASKED: u64 = 50_000;

/// How long the issuer takes: long enough for a later request to be answered first, however
/// busy the machine is.
const ISSUER_TAKES: Duration = Duration::from_millis(150);

/// For this amount the issuer does not answer.
const ISSUER_SILENT: u64 = 77_700;

/// Beyond every timeout of the demo.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// An answer, and the time until it is given.
pub(super) struct Decision {
    pub(super) after: Duration,
    pub(super) status: StatusCode,
    pub(super) json: Value,
}

impl Decision {
    const fn new(status: StatusCode, json: Value) -> Self {
        Self {
            after: Duration::ZERO,
            status,
            json,
        }
    }
}

/// Decides on `POST /v1/merchants/{merchant}/authorisations`, and knows nothing else.
pub(super) fn decide(method: &Method, path: &str, json: &Value) -> Decision {
    let merchant = path
        .strip_prefix("/v1/merchants/")
        .and_then(|rest| rest.strip_suffix("/authorisations"))
        .filter(|merchant| !merchant.is_empty() && !merchant.contains('/'));
    let Some(merchant) = merchant else {
        return Decision::new(StatusCode::NOT_FOUND, json!({"reason": "no such resource"}));
    };
    if method != Method::POST {
        return Decision::new(StatusCode::METHOD_NOT_ALLOWED, json!({"reason": "POST it"}));
    }
    let (Some(pan), Some(amount)) = (json["pan"].as_str(), json["amount_minor"].as_u64()) else {
        let reason = json!({"reason": "pan and amount_minor are needed"});
        return Decision::new(StatusCode::BAD_REQUEST, reason);
    };
    if amount > LIMIT {
        return Decision::new(
            StatusCode::PAYMENT_REQUIRED,
            json!({"reason": "insufficient funds"}),
        );
    }
    let after = match amount {
        ISSUER_SILENT => FOR_EVER,
        ISSUER_ASKED.. => ISSUER_TAKES,
        _ => Duration::ZERO,
    };
    let approved = json!({"approval_code": approval_code(merchant, pan, amount)});
    Decision {
        after,
        ..Decision::new(StatusCode::CREATED, approved)
    }
}

/// Six letters and digits that follow from the request, so that a reply that got onto the wrong
/// request would show: FNV-1a, without the characters that are easily confused.
fn approval_code(merchant: &str, pan: &str, amount: u64) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let text = format!("{merchant}/{pan}/{amount}");
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let digit = |place: u32| {
        let index = (hash >> (20 + 5 * place)) & 31;
        char::from(DIGITS[usize::try_from(index).unwrap_or_default()])
    };
    (0..6).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pay(amount: u64) -> Decision {
        let json = json!({"pan": "4111111111111111", "amount_minor": amount, "currency": 978});
        decide(&Method::POST, "/v1/merchants/M123/authorisations", &json)
    }

    #[test]
    fn the_amount_decides() {
        for (amount, status, after) in [
            (1250, StatusCode::CREATED, Duration::ZERO),
            (ISSUER_ASKED, StatusCode::CREATED, ISSUER_TAKES),
            (ISSUER_SILENT, StatusCode::CREATED, FOR_EVER),
            (LIMIT, StatusCode::CREATED, ISSUER_TAKES),
            (LIMIT + 1, StatusCode::PAYMENT_REQUIRED, Duration::ZERO),
        ] {
            let decision = pay(amount);
            assert_eq!(
                (decision.status, decision.after),
                (status, after),
                "{amount}"
            );
        }
    }

    #[test]
    fn an_approval_code_is_its_requests_own() {
        let code = |amount| {
            pay(amount).json["approval_code"]
                .as_str()
                .map(str::to_owned)
        };
        assert_eq!(code(1250), code(1250));
        assert_ne!(code(1250), code(1251));
        assert_eq!(code(1250).map(|code| code.len()), Some(6));
    }

    #[test]
    fn what_it_does_not_know_it_refuses() {
        let post = |path, json: &Value| decide(&Method::POST, path, json).status;
        for path in [
            "/",
            "/v1/merchants//authorisations",
            "/v1/merchants/a/b/authorisations",
        ] {
            assert_eq!(post(path, &json!({})), StatusCode::NOT_FOUND, "{path}");
        }
        let path = "/v1/merchants/M123/authorisations";
        assert_eq!(post(path, &Value::Null), StatusCode::BAD_REQUEST);
        assert_eq!(
            decide(&Method::GET, path, &json!({})).status,
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
}
