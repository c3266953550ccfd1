//! What is refused, and where.

use crate::support::fault_paths;

#[test]
fn a_fault_is_reported_once() {
    let paths = fault_paths("instances:\n  x: {value: y + 1}\n");
    assert_eq!(paths, ["/instances/x/value"]);
}
