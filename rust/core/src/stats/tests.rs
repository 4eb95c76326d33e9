//! Names, values and their order.

use super::Stats;
use std::collections::BTreeSet;
use std::vec::Vec;

#[test]
fn each_counter_has_its_name_and_its_value_in_the_order_of_the_fields() {
    let stats = Stats { maps_new: 1, bytes_reinjected: 3, bad_hmacs: 19, rst_received: u64::MAX, ..Stats::default() };
    let listed: Vec<_> = stats.iter().collect();
    assert_eq!(listed.first(), Some(&("maps_new", 1)));
    assert_eq!(listed.last(), Some(&("rst_received", u64::MAX)));
    // The C face copies by place: one `u64` for each name, and nothing between.
    assert_eq!(listed.len(), size_of::<Stats>() / size_of::<u64>());
    let names: BTreeSet<_> = listed.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), listed.len(), "a name twice");
    let counted: Vec<_> = stats.iter().filter(|(_, value)| *value != 0).collect();
    let expected = [("maps_new", 1), ("bytes_reinjected", 3), ("bad_hmacs", 19), ("rst_received", u64::MAX)];
    assert_eq!(counted, expected);
}
