//! Sessions, beside their model.

use gatewright_proptests::cases;
use gatewright_proptests::models::{Seed, session};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_session_keeps_its_promises(
        setting in any::<u8>().prop_map(session::Setting::from),
        operations in vec(any::<Seed>().prop_map(session::Operation::from), 0..150),
    ) {
        session::run(setting, &operations);
    }
}
