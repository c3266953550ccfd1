//! The server's name in a ClientHello, whatever a client sends.

use gatewright_core::relay::{LONGEST_HELLO, Sni, server_name};

/// Holds what is found in `sent` to what is found in its beginnings: it takes more bytes for as
/// long as they could be anything, and what they are once said to be they are for good.
///
/// # Panics
/// If it does not hold.
pub fn check_hello(sent: &[u8]) {
    let mut known = None;
    for end in 0..=sent.len().min(2 * LONGEST_HELLO) {
        let found = server_name(&sent[..end]);
        if let Ok(Sni::Name(name)) = &found {
            assert!((1..=253).contains(&name.len()), "{name:?}");
            assert!(!name.contains(|c: char| c.is_ascii_uppercase() || !c.is_ascii_graphic()));
        }
        match &known {
            None if found == Ok(Sni::Incomplete) => {
                assert!(end < LONGEST_HELLO, "no patience without end");
            }
            None => known = Some(found),
            Some(before) => assert_eq!(before, &found, "after {end} bytes"),
        }
    }
}
