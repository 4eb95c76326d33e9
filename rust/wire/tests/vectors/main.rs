//! Every form of every option, its octets written out by hand from the diagrams of RFC 8684 (and RFC 6824
//! where version 0 differs). Each must parse to the option beside it and be written as the same octets.

mod addresses;
mod data;
mod handshake;
mod signals;

use mptcp_wire::{Key, MpOption, Subtype};

const KEY_A: Key = Key(0x0102_0304_0506_0708);
const KEY_B: Key = Key(0x1112_1314_1516_1718);

#[track_caller]
fn holds(octets: &[u8], option: MpOption, subtype: Subtype) {
    assert_eq!(MpOption::parse(octets), Ok(option));
    assert_eq!(option.wire_len(), octets.len());
    assert_eq!(option.subtype(), subtype);
    let mut written = [0xa5; 41];
    assert_eq!(option.emit(&mut written), Ok(octets.len()));
    let (option_octets, beyond) = written.split_at(octets.len());
    assert_eq!(option_octets, octets);
    assert!(beyond.iter().all(|octet| *octet == 0xa5));
}
