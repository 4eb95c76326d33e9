//! Configuration strings: what they mean, and that nothing in them can do harm.

use std::time::Duration;

use mptcp_core::time::Instant;
use mptcp_lab::link::middlebox::{BoxKind, MiddleboxSpec};
use mptcp_lab::link::{Direction, LinkConfig, SegmentKind};
use proptest::prelude::*;

#[test]
fn a_link_on_one_line() {
    let text = "rate=20mbit, delay=10ms,jitter=500us,loss=0.5%,reorder=1%,reorder_delay=5ms,\
                duplicate=100ppm,queue=128k";
    let expected = LinkConfig {
        rate_bps: 20_000_000,
        delay: Duration::from_millis(10),
        jitter: Duration::from_micros(500),
        loss_ppm: 5000,
        reorder_ppm: 10_000,
        reorder_delay: Duration::from_millis(5),
        duplicate_ppm: 100,
        queue_bytes: 131_072,
    };
    assert_eq!(text.parse::<LinkConfig>().unwrap(), expected);
    assert_eq!("".parse::<LinkConfig>().unwrap(), LinkConfig::default());
}

#[test]
fn mistakes_are_explained() {
    for (text, part) in [
        ("speed=3", "unknown setting 'speed' (known: rate"),
        ("rate=20", "'rate=20' is not a rate such as"),
        ("rate=-1mbit", "is not a rate"),
        ("delay=10", "is not a time"),
        ("delay=2000000s", "at most an hour"),
        ("loss=101%", "is not a share"),
        ("loss=0.5", "is not a share"),
        ("queue=many", "is not a number of bytes"),
        ("rate=infmbit", "is not a rate"),
    ] {
        let said = text.parse::<LinkConfig>().unwrap_err().to_string();
        assert!(said.contains(part), "{text}: {said}");
    }
    for (text, part) in [
        ("teleport", "unknown setting 'teleport' (known: strip"),
        ("nat:on=syn", "unknown setting 'on'"),
        ("strip:on=sin", "segments joined by '+'"),
        ("strip:kind=256", "whole number in range"),
        ("nat:v4=fd73::1", "an IPv4 address"),
    ] {
        let said = text.parse::<MiddleboxSpec>().unwrap_err().to_string();
        assert!(said.contains(part), "{text}: {said}");
    }
}

#[test]
fn a_middlebox_on_one_line() {
    let text = "drop:dir=ba,on=syn+data,kind=30,subtype=1,after=1k,from=1s,until=2s,nth=3,rate=5%,\
                limit=9";
    let spec: MiddleboxSpec = text.parse().unwrap();
    assert_eq!(spec.kind, BoxKind::Drop);
    let s = spec.selector;
    assert_eq!(s.direction, Some(Direction::BToA));
    assert_eq!(s.on, [SegmentKind::Syn, SegmentKind::Data]);
    assert_eq!((s.kind, s.subtype, s.after_bytes), (Some(30), Some(1), 1024));
    assert_eq!((s.from, s.until), (Instant::from_millis(1000), Instant::from_millis(2000)));
    assert_eq!((s.nth, s.rate_ppm, s.limit), (3, 50_000, 9));

    let strip: MiddleboxSpec = "strip:shorten".parse().unwrap();
    assert_eq!(strip.kind, BoxKind::Strip { shorten: true });
}

proptest! {
    #[test]
    fn no_text_does_harm(text in "[a-z_0-9.,=:%+ -]{0,60}") {
        let _ = text.parse::<LinkConfig>();
        let _ = text.parse::<MiddleboxSpec>();
    }

    #[test]
    fn no_value_does_harm(key in prop::sample::select(vec!["rate", "delay", "jitter", "loss",
            "reorder", "reorder_delay", "duplicate", "queue"]), value in "\\PC{0,12}") {
        let _ = format!("{key}={value}").parse::<LinkConfig>();
    }
}
