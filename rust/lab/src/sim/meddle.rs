//! The middleboxes of a scenario.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::dice::Dice;
use super::scenario::Kind;
use crate::link::PathConfig;
use crate::link::middlebox::MiddleboxSpec;

/// Puts the boxes of this kind of trouble onto the paths, and a NAT's addresses into the routes.
pub(super) fn middleboxes(dice: &mut Dice, kind: Kind, paths: &mut [PathConfig], routes: &mut Vec<(IpAddr, usize)>) {
    let everywhere = dice.chance(60);
    let one = dice.below(paths.len() as u64) as usize;
    let drawn = drawn(dice, kind);
    for (n, path) in paths.iter_mut().enumerate() {
        if everywhere || n == one {
            path.middleboxes.extend(drawn.iter().map(|text| spec(text)));
        }
    }
    if kind == Kind::Meddled && dice.chance(40) {
        for (n, path) in paths.iter_mut().enumerate() {
            if everywhere || n == one {
                nat(dice, n, path, routes);
            }
        }
    }
}

/// A box from its line.
fn spec(text: &str) -> MiddleboxSpec {
    match text.parse() {
        Ok(spec) => spec,
        Err(error) => unreachable!("{text}: {error}"),
    }
}

fn drawn(dice: &mut Dice, kind: Kind) -> Vec<String> {
    let way = dice.pick(&["", "dir=ab,", "dir=ba,"]);
    match kind {
        Kind::Handshake => (0..dice.between(1, 2)).map(|_| handshake(dice)).collect(),
        Kind::Meddled => (0..dice.between(1, 2)).map(|_| harmless(dice, way)).collect(),
        Kind::Coalesced => {
            vec![format!("coalesce:{way}max={},rate={}%", dice.pick(&[1500, 3000, 9000]), dice.between(1, 100))]
        }
        Kind::Stripped => vec![stripped(dice, way)],
        Kind::Corrupted => {
            let after = dice.size(200_000);
            let often = dice.pick(&["limit=1", "limit=3", "rate=1%", "rate=20%", "nth=1"]);
            vec![format!("corrupt:{way}on=data,after={after},{often}")]
        }
        _ => Vec::new(),
    }
}

/// Everything that a box may do to a handshake without harm to the connection.
fn handshake(dice: &mut Dice) -> String {
    let shorten = dice.pick(&["", ",shorten"]);
    match dice.below(10) {
        0 => format!("strip:on=syn,subtype=0{shorten}"),
        1 => format!("strip:on=synack,subtype=0{shorten}"),
        2 => format!("strip:on=thirdack,subtype=0{shorten}"),
        // The data that repeats MP_CAPABLE in v1.
        3 => format!("strip:on=thirdack+data+ack,subtype=0{shorten}"),
        4 => format!("strip:on=syn,subtype=1{shorten}"),
        5 => format!("strip:on=synack,subtype=1{shorten}"),
        6 => format!("strip:on=thirdack,subtype=1{shorten}"),
        7 => "drop:on=syn,subtype=1".into(),
        // A firewall that does not know the option: only a SYN without it passes.
        8 => "drop:on=syn,subtype=0".into(),
        _ => format!("strip:subtype={}{shorten}", dice.pick(&[3, 4, 5])),
    }
}

fn harmless(dice: &mut Dice, way: &str) -> String {
    match dice.below(4) {
        0 => format!("split:{way}rate={}%", dice.between(1, 100)),
        1 => format!("split:{way}on=data,at={}", dice.between(1, 1000)),
        2 => "sequence".into(),
        _ => format!("sequence:{}", dice.pick(&["a=1", "b=4294967295", "a=2147483648,b=7", "keep_sack"])),
    }
}

fn stripped(dice: &mut Dice, way: &str) -> String {
    let after = dice.size(200_000);
    let what = dice.pick(&["", "subtype=2,", "on=data,", "on=ack,", "rate=30%,"]);
    format!("strip:{way}{what}after={after}")
}

fn nat(dice: &mut Dice, n: usize, path: &mut PathConfig, routes: &mut Vec<(IpAddr, usize)>) {
    let v4 = Ipv4Addr::new(192, 0, 2, n as u8 + 1);
    let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, n as u16, 1);
    let place = dice.below(path.middleboxes.len() as u64 + 1) as usize;
    path.middleboxes.insert(place, spec(&format!("nat:v4={v4},v6={v6}")));
    routes.push((v4.into(), n));
    routes.push((v6.into(), n));
}
