//! Pools, beside their model.

use gatewright_proptests::cases;
use gatewright_proptests::models::{Seed, pool};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_pool_keeps_its_promises(
        setting in any::<u8>().prop_map(pool::Setting::from),
        operations in vec(any::<Seed>().prop_map(pool::Operation::from), 0..150),
    ) {
        pool::run(setting, &operations);
    }
}
