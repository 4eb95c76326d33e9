//! ADD_ADDR and REMOVE_ADDR.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mptcp_wire::{AddAddr, AddAddrForm, AddrIds, MpOption, Subtype};

use crate::holds;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 33));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 3, 4, 5, 6));
const V6_OCTETS: [u8; 16] = [0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6];
const HMAC_OCTETS: [u8; 8] = [0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58];
const ANNOUNCE: AddAddrForm = AddAddrForm::Announce { hmac: 0x5152_5354_5556_5758 };

/// Each form is: head (length and the four bits), address ID, address, port, HMAC.
#[track_caller]
fn add_addr_holds(head: [u8; 3], addr: IpAddr, port: Option<u16>, form: AddAddrForm) {
    let mut octets = head.to_vec();
    octets.push(5);
    match addr {
        IpAddr::V4(_) => octets.extend([192, 0, 2, 33]),
        IpAddr::V6(_) => octets.extend(V6_OCTETS),
    }
    if port.is_some() {
        octets.extend([0x1f, 0x90]);
    }
    if form == ANNOUNCE {
        octets.extend(HMAC_OCTETS);
    }
    let option = AddAddr { addr_id: 5, addr, port, form };
    holds(&octets, MpOption::AddAddr(option), Subtype::AddAddr);
}

#[test]
fn add_addr_announcements() {
    add_addr_holds([30, 16, 0x30], V4, None, ANNOUNCE);
    add_addr_holds([30, 18, 0x30], V4, Some(8080), ANNOUNCE);
    add_addr_holds([30, 28, 0x30], V6, None, ANNOUNCE);
    add_addr_holds([30, 30, 0x30], V6, Some(8080), ANNOUNCE);
}

#[test]
fn add_addr_echoes() {
    add_addr_holds([30, 8, 0x31], V4, None, AddAddrForm::Echo);
    add_addr_holds([30, 10, 0x31], V4, Some(8080), AddAddrForm::Echo);
    add_addr_holds([30, 20, 0x31], V6, None, AddAddrForm::Echo);
    add_addr_holds([30, 22, 0x31], V6, Some(8080), AddAddrForm::Echo);
}

#[test]
fn add_addr_of_version_0() {
    add_addr_holds([30, 8, 0x34], V4, None, AddAddrForm::V0);
    add_addr_holds([30, 10, 0x34], V4, Some(8080), AddAddrForm::V0);
    add_addr_holds([30, 20, 0x36], V6, None, AddAddrForm::V0);
    add_addr_holds([30, 22, 0x36], V6, Some(8080), AddAddrForm::V0);
}

#[test]
fn add_addr_leaves_mapped_addresses_mapped() {
    let mapped = Ipv4Addr::new(192, 0, 2, 33).to_ipv6_mapped();
    let option =
        MpOption::AddAddr(AddAddr { addr_id: 1, addr: IpAddr::V6(mapped), port: None, form: AddAddrForm::Echo });
    assert_eq!(option.wire_len(), 20);
    let mut written = [0; 20];
    assert_eq!(option.emit(&mut written), Ok(20));
    assert_eq!(MpOption::parse(&written), Ok(option));
}

#[test]
fn remove_addr() {
    let one = AddrIds::from_slice(&[7]).unwrap();
    holds(&[30, 4, 0x40, 7], MpOption::RemoveAddr(one), Subtype::RemoveAddr);
    let three = AddrIds::from_slice(&[7, 0, 255]).unwrap();
    assert_eq!(three.iter().collect::<Vec<_>>(), [7, 0, 255]);
    assert_eq!(three.iter().len(), 3);
    holds(&[30, 6, 0x40, 7, 0, 255], MpOption::RemoveAddr(three), Subtype::RemoveAddr);
    let mut fullest = vec![30, 40, 0x40];
    fullest.extend([9; AddrIds::MAX]);
    holds(&fullest, MpOption::RemoveAddr(AddrIds::from_slice(&[9; AddrIds::MAX]).unwrap()), Subtype::RemoveAddr);
}

#[test]
fn addr_ids_take_one_to_37() {
    assert_eq!(AddrIds::from_slice(&[]), None);
    assert_eq!(AddrIds::from_slice(&[1; 38]), None);
    assert_eq!(AddrIds::from_slice(&[1; 256 + 3]), None);
    let ids = AddrIds::from_slice(&[3, 1]).unwrap();
    assert_eq!(ids.as_slice(), [3, 1]);
    assert_ne!(ids, AddrIds::from_slice(&[3, 1, 0]).unwrap());
    assert_eq!(format!("{ids:?}"), "AddrIds([3, 1])");
}
