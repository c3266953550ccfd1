//! ClientHellos of a real client, cut, changed and put into records of any size.

use gatewright_core::relay::{Sni, server_name};
use gatewright_proptests::{cases, check_hello};
use proptest::collection::vec;
use proptest::prelude::*;

const RECORD_HEAD: usize = 5;
const HELLO: &[u8] = include_bytes!("../../fuzz/seeds/hello/openssl-tls13");
const NAME: &str = "www.shop.example";

/// The handshake of a hello in records of these sizes, the last one again and again.
fn in_records(handshake: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut sizes = sizes.iter().copied();
    let mut size = sizes.next().unwrap_or(1);
    let (mut rest, mut records) = (handshake, Vec::new());
    while !rest.is_empty() {
        let (fragment, after) = rest.split_at(size.min(rest.len()));
        records.extend([22, 3, 1, 0, u8::try_from(fragment.len()).unwrap()]);
        records.extend(fragment);
        rest = after;
        size = sizes.next().unwrap_or(size);
    }
    records
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn records_of_any_size_name_the_same(sizes in vec(1_usize..=255, 1..8)) {
        let sent = in_records(&HELLO[RECORD_HEAD..], &sizes);
        prop_assert_eq!(server_name(&sent), Ok(Sni::Name(NAME.into())));
        check_hello(&sent);
    }

    #[test]
    fn what_is_near_to_a_hello_is_one_thing_for_good(
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        end in any::<prop::sample::Index>(),
    ) {
        let mut sent = HELLO.to_vec();
        for (at, byte) in edits {
            let at = at.index(sent.len());
            sent[at] = byte;
        }
        sent.truncate(end.index(sent.len()) + 1);
        check_hello(&sent);
    }
}
