//! What the fuzz targets do with their bytes. Each function panics if a property does not hold. So the same inputs run
//! under libFuzzer and as ordinary tests (`tests/inputs.rs`).

mod driver;
mod input;

use mptcp_core::config::{AddressList, SchedulerKind};
use mptcp_core::debug::DebugMask;
use mptcp_lab::host::TcpSegment;
use mptcp_lab::link::middlebox::MiddleboxSpec;
use mptcp_lab::link::{LinkConfig, Path, PathConfig};
use mptcp_wire::MpOption;
use mptcp_wire::tcp_options::{TcpOptions, mptcp_options};

pub use driver::segments;

/// Option areas and whole packets: what parses is emitted and parses back to the same; nothing is read past an
/// option's own length.
pub fn options(data: &[u8]) {
    for option in mptcp_options(data).flatten() {
        emitted_parses_back(&option);
    }
    for (_, option) in TcpOptions::new(data).flatten() {
        assert!(option.len() >= 2 && option.len() == usize::from(option[1]), "an option of another length");
    }
    if let Ok(option) = MpOption::parse(data) {
        emitted_parses_back(&option);
        let own = usize::from(data[1]);
        assert_eq!(MpOption::parse(&data[..own]), Ok(option), "octets past the option's end were looked at");
        for short in 0..own {
            assert!(MpOption::parse(&data[..short]).is_err(), "{short} of {own} octets were taken for the whole");
        }
    }
    if let Some(segment) = TcpSegment::parse(data) {
        assert_eq!(TcpSegment::parse(&segment.build()), Some(segment), "a packet changes when it is built anew");
    }
}

fn emitted_parses_back(option: &MpOption) {
    let mut buffer = [0xa5; 48];
    let len = option.emit(&mut buffer).expect("48 octets are enough for every option");
    assert_eq!(len, option.wire_len());
    assert!(len <= 40 && buffer[len..].iter().all(|octet| *octet == 0xa5), "written past the end");
    assert_eq!(MpOption::parse(&buffer[..len]), Ok(*option));
    assert!(option.emit(&mut buffer[..len - 1]).is_err(), "written into too little room");
}

/// The strings of `mp_addresses`, `mp_debug` and the scheduler: what is taken prints to a string that is taken again
/// and means the same.
pub fn settings(data: &[u8]) {
    if let Ok(list) = AddressList::parse(data) {
        assert_eq!(AddressList::parse(list.to_string().as_bytes()).as_ref(), Ok(&list));
        assert!(list.iter().count() == list.len());
    }
    // Up to the first zero octet stands what was set before, behind it the string that is set now.
    let (before, text) = match data.iter().position(|octet| *octet == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (&[][..], data),
    };
    let before = DebugMask::parse(before).unwrap_or(DebugMask::OFF);
    for mask in [before.apply(text), DebugMask::parse(data)].into_iter().flatten() {
        assert_eq!(DebugMask::from_bits(mask.bits()), mask);
        assert_eq!(DebugMask::parse(mask.to_string().as_bytes()), Ok(mask), "{mask}");
    }
    if let Ok(kind) = SchedulerKind::parse(data) {
        assert_eq!(SchedulerKind::parse(kind.name().as_bytes()), Ok(kind));
    }
}

/// The lab's descriptions of links and middleboxes, and the boxes at work on arbitrary packets: the first line is
/// the description, each of the others one packet.
pub fn links(data: &[u8]) {
    let mut parts = data.split(|octet| *octet == b'\n');
    let Some(line) = parts.next() else { return };
    let Ok(text) = std::str::from_utf8(line) else { return };
    let mut cfg = PathConfig::default();
    let mut any = false;
    if let Ok(link) = text.parse::<LinkConfig>() {
        cfg = PathConfig::symmetric(link);
        any = true;
    }
    if let Ok(spec) = text.parse::<MiddleboxSpec>() {
        cfg.middleboxes.push(spec);
        any = true;
    }
    if any {
        driver::carry(&cfg, parts);
    }
    // An idle path with any configuration stays idle.
    assert!(Path::new(cfg, 1).is_idle());
}
