//! What fits, and what does not.

use super::*;
use proptest::prelude::*;

fn seq() -> impl Strategy<Value = DataSeq> {
    prop_oneof![any::<u32>().prop_map(DataSeq::Short), any::<u64>().prop_map(DataSeq::Long)]
}

prop_compose! {
    fn any_map()(dsn in seq(), ssn: u32, len: u16, csum: Option<u16>) -> DssMap {
        DssMap { dsn, ssn, len, csum }
    }
}

proptest! {
    /// What is written at one go is what the encoder writes, in any room.
    #[test]
    fn a_dss_is_what_the_encoder_makes_of_it(
        data_ack in prop::option::of(seq()), map in prop::option::of(any_map()), fin: bool, room in 0_usize..41,
    ) {
        let dss = Dss { data_ack, map, data_fin: fin && map.is_some() };
        let (mut quick, mut slow) = ([0_u8; 40], [0_u8; 40]);
        let (mut one, mut other) = (OptionBuf::new(&mut quick, room), OptionBuf::new(&mut slow, room));
        prop_assert_eq!(one.push_dss(&dss), other.push(&MpOption::Dss(dss)));
        prop_assert_eq!(one.finish(), other.finish());
        prop_assert_eq!(quick, slow);
    }
}
