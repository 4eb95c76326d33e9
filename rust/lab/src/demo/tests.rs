use std::time::Duration;

use mptcp_core::time::Instant;

use super::{Mode, PathFacts, Provenance, Run, Story, Summary, page, table};
use crate::link::{Direction, LinkConfig, Path, PathConfig};

/// The copy was cut at 2 s and stood still from then on for 3 s, of 10 s.
fn story(mode: Mode) -> Story {
    let linux = |mbit| (mode == Mode::Linux).then_some(mbit);
    let summary = Summary {
        provenance: Provenance {
            when: "2026-01-02T03:04:05Z".into(),
            commit: "0123456789-dirty".into(),
            kernel: "Linux 6.18.0".into(),
        },
        mode,
        paths: vec![PathFacts { rate_mbit: 20.0, delay_ms: 10.0 }, PathFacts { rate_mbit: 10.0, delay_ms: 25.0 }],
        plain_tcp_mbit: 19.0,
        linux_mbit: linux(28.0),
        linux_reverse_mbit: linux(27.5),
        ours_mbit: 28.5,
        ours_reverse_mbit: 27.0,
        sum_mbit: 30.0,
        ours_ratio: 0.95,
        ours_reverse_ratio: 0.9,
        linux_ratio: linux(0.93),
        sha256_ok: true,
        handover_gap_ms: 3000.0,
        copy_bytes: 16 << 20,
        seconds: 10,
        punctual: true,
    };
    let mut path = Path::new(PathConfig::symmetric(LinkConfig::new(20, 10, 1 << 20)), 1);
    let sent = Instant::ZERO + Duration::from_millis(9850);
    path.push(sent, Direction::AToB, vec![0x45; 1000]);
    assert!(path.poll(sent + Duration::from_secs(1)).is_some());
    let run = Run {
        name: "scp".into(),
        mbit: None,
        reverse: false,
        cut: Some(2.0),
        standstill: Some((2.0, 3.0)),
        links: path.reports(0).into_iter().collect(),
        lateness: None,
    };
    Story { summary, runs: vec![run] }
}

#[test]
fn the_table_names_unit_directions_and_origin() {
    let text = table(&story(Mode::Linux));
    for said in [
        "payload, Mbit/s     share of 30\n",
        "Ours to Linux                              28.50          95.0 %\n",
        "Linux to ours                              27.00          90.0 %\n",
        "2026-01-02T03:04:05Z, commit 0123456789-dirty, Linux 6.18.0.\n",
    ] {
        assert!(text.contains(said), "{said:?} in {text}");
    }
    let text = table(&story(Mode::Simulated));
    assert!(text.contains("Ours to ours, reverse") && !text.contains("Linux to"), "{text}");
}

#[test]
fn the_page_draws_sum_and_standstill_where_they_are() {
    let html = page(&story(Mode::Linux));
    for said in [
        "<th class=\"number\">Payload, Mbit/s</th>",
        "<th>Ours to Linux</th>",
        "<p class=\"origin\">2026-01-02T03:04:05Z, commit 0123456789-dirty, Linux 6.18.0.</p>",
        // The top of the axis is 40.
        "<line class=\"sum\" x1=\"44\" x2=\"548\" y1=\"55.5\" y2=\"55.5\"/>",
        "both paths: 30</text>",
        // 9.9 s are 504 wide.
        "<rect class=\"standstill\" x=\"145.8\" y=\"12\" width=\"152.7\"",
        "stood still for 3000 ms</text>",
    ] {
        assert!(html.contains(said), "{said:?} in {html}");
    }
}
