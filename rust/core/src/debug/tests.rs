//! Strings of `mp_debug`, there and back.

use std::string::{String, ToString};

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<DebugMask, DebugError> {
    DebugMask::parse(text.as_bytes())
}

fn levels(mask: DebugMask, class: DebugClass) -> std::vec::Vec<u8> {
    (0..=255).filter(|l| mask.enabled(class, *l)).collect()
}

#[test]
fn up_to_a_level_or_only_that_level() {
    let mask = parse("DSMAP:5 reass:=3 MpSession:1 SBSTATUS:0").unwrap();
    assert_eq!(levels(mask, DebugClass::DsMap), [1, 2, 3, 4, 5]);
    assert_eq!(levels(mask, DebugClass::Reass), [3]);
    assert_eq!(levels(mask, DebugClass::MpSession), [1]);
    assert_eq!(levels(mask, DebugClass::SbStatus), [0_u8; 0]);
    assert_eq!(mask.to_string(), "MPSESSION:1 DSMAP:5 REASS:=3");
}

#[test]
fn all_sets_every_class_and_a_later_entry_holds() {
    let mask = parse("ALL:2 DSMAP:=4").unwrap();
    assert_eq!(mask.to_string(), "MPSESSION:2 DSMAP:=4 SBSTATUS:2 REASS:2");
    assert_eq!(parse("DSMAP:=4 ALL:2").unwrap().to_string(), "ALL:2");
    assert_eq!(parse("all:=5").unwrap().to_string(), "ALL:=5");
    assert_eq!(parse("DSMAP:1 DSMAP:0"), Ok(DebugMask::OFF));
    assert_eq!(parse("ALL:=0"), Ok(DebugMask::OFF));
}

#[test]
fn classes_that_are_not_named_keep_theirs() {
    let mask = parse("MPSESSION:1").unwrap();
    let mask = mask.apply(b"DSMAP:5\n").unwrap();
    assert_eq!(mask.to_string(), "MPSESSION:1 DSMAP:5");
    assert_eq!(mask.apply(b"MPSESSION:0").unwrap().to_string(), "DSMAP:5");
    for off in ["", "0", " \n", "ALL:0"] {
        assert_eq!(mask.apply(off.as_bytes()), Ok(DebugMask::OFF));
    }
}

#[test]
fn a_bad_entry_is_named_and_nothing_before_it_counts() {
    use DebugErrorKind as Kind;
    let table = [
        ("DSMAP", 0, 0..5, Kind::NoLevel),
        ("DSMAP:5 REASS", 1, 8..13, Kind::NoLevel),
        ("DSMAP:5 0", 1, 8..9, Kind::NoLevel),
        ("DSMAPS:5", 0, 0..8, Kind::UnknownClass),
        (":5", 0, 0..2, Kind::UnknownClass),
        ("DSMAP:6", 0, 0..7, Kind::BadLevel),
        ("DSMAP:", 0, 0..6, Kind::BadLevel),
        ("DSMAP:=", 0, 0..7, Kind::BadLevel),
        ("DSMAP:==1", 0, 0..9, Kind::BadLevel),
        ("DSMAP:05", 0, 0..8, Kind::BadLevel),
        ("DSMAP:-1", 0, 0..8, Kind::BadLevel),
        ("DSMAP :1", 0, 0..5, Kind::NoLevel),
        ("ALL:1,DSMAP:2", 0, 0..13, Kind::BadLevel),
    ];
    for (text, index, range, kind) in table {
        assert_eq!(parse(text), Err(DebugError { index, range, kind }), "{text}");
    }
    let texts = [
        ("ALL:1 DSMAP:9", "entry 2 (at byte 6): levels are 0 to 5"),
        ("DSMAP", "entry 1 (at byte 0): write CLASS:n or CLASS:=n"),
        (" SUBFLOW:1", "entry 1 (at byte 1): classes are MPSESSION DSMAP SBSTATUS REASS ALL"),
    ];
    for (text, expected) in texts {
        assert_eq!(parse(text).unwrap_err().to_string(), expected);
    }
}

// C tests `bits() >> (8 * class + level) & 1`.
#[test]
fn the_bits_are_where_c_looks() {
    let mask = parse("DSMAP:2 REASS:=5").unwrap();
    for class in DebugClass::ALL {
        for level in 0..=MAX_LEVEL {
            let bit = mask.bits() >> (8 * class as u32 + u32::from(level)) & 1 == 1;
            assert_eq!(bit, mask.enabled(class, level));
        }
    }
    assert_eq!(mask.bits(), 0x2000_0600);
    assert_eq!(DebugMask::from_bits(mask.bits()), mask);
    // Bits 0, 6 and 7 of a class are no levels, and do not come back to C.
    assert_eq!(DebugMask::from_bits(u32::MAX), parse("ALL:5").unwrap());
    assert_eq!(DebugMask::from_bits(0xc1c1_c1c1), DebugMask::OFF);
}

fn entry() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "(?i:MPSESSION|DSMAP|SBSTATUS|REASS|ALL):=?[0-5]",
        1 => "[A-Z]{0,9}:?=?[0-9]?",
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        match DebugMask::parse(&bytes) {
            Ok(mask) => prop_assert_eq!(parse(&mask.to_string()), Ok(mask)),
            Err(error) => prop_assert!(bytes.get(error.range).is_some_and(|e| !e.is_empty())),
        }
    }

    #[test]
    fn likely_strings_read_back_to_the_same_mask(
        entries in prop::collection::vec(entry(), 0..8),
        before in prop::collection::vec("(DSMAP|ALL):=?[0-5]", 0..3),
    ) {
        let text = entries.join(" ");
        let before = parse(&before.join(" ")).unwrap();
        match before.apply(text.as_bytes()) {
            Ok(mask) => {
                prop_assert_eq!(parse(&mask.to_string()), Ok(mask));
                // One entry after the other comes to the same.
                let steps = entries.iter().filter(|e| !e.is_empty());
                let one_by_one = steps.fold(before, |m, e| m.apply(e.as_bytes()).unwrap());
                if !text.trim().is_empty() && text.trim() != "0" {
                    prop_assert_eq!(one_by_one, mask);
                }
            }
            Err(error) => {
                let named = &text[error.range];
                prop_assert_eq!(text.split_whitespace().nth(error.index), Some(named));
                prop_assert!(parse(named).is_err() || named == "0");
            }
        }
    }
}
