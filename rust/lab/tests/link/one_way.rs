//! One link: rate, delay, order, losses, cuts.

use std::time::Duration;

use mptcp_core::time::Instant;
use mptcp_lab::link::{Direction, Link, LinkConfig, Path, PathConfig};
use proptest::prelude::*;

fn ms(n: u64) -> Instant {
    Instant::from_millis(n)
}

fn drain(link: &mut Link, until: Instant) -> Vec<(Instant, Vec<u8>)> {
    let mut out = Vec::new();
    while let Some(due) = link.next_due().filter(|due| *due <= until) {
        out.extend(link.poll(due).map(|packet| (due, packet)));
    }
    out
}

#[test]
fn a_packet_takes_size_over_rate_plus_delay() {
    let mut link = Link::new(LinkConfig::new(20, 10, 0), 1);
    link.push(ms(5), vec![0; 1500]);
    link.push(ms(5), vec![1; 1500]);
    // 1500 bytes at 20 Mbit/s are 600 microseconds.
    assert_eq!(link.next_due(), Some(Instant::from_micros(5_000 + 600 + 10_000)));
    assert_eq!(link.poll(Instant::from_micros(15_599)), None);
    assert_eq!(link.backlog(Instant::from_micros(5_599)), 3000);
    assert_eq!(link.backlog(Instant::from_micros(5_600)), 1500);
    let out = drain(&mut link, ms(1000));
    let times: Vec<u64> = out.iter().map(|(at, _)| at.micros()).collect();
    assert_eq!(times, [15_600, 16_200]);
    assert_eq!(link.next_due(), None);
}

#[test]
fn division_does_not_change_the_rate() {
    // 1000 bytes at 3 Mbit/s are 2666.67 microseconds: rounding down would gain 0.025 %.
    let mut link = Link::new(LinkConfig::new(3, 0, 0), 1);
    (0..3000).for_each(|_| link.push(ms(0), vec![0; 1000]));
    let last = drain(&mut link, ms(100_000)).last().unwrap().0;
    assert_eq!(last, ms(8000));
}

#[test]
fn the_queue_drops_at_its_tail() {
    let mut link = Link::new(LinkConfig::new(1, 0, 4000), 1);
    (0..5u8).for_each(|n| link.push(ms(0), vec![n; 1500]));
    assert_eq!(link.counters().dropped_queue, 3);
    // 12 ms for each packet: at 12 ms the first has left and one more fits.
    link.push(ms(12), vec![9; 1500]);
    let out: Vec<u8> = drain(&mut link, ms(1000)).iter().map(|(_, p)| p[0]).collect();
    assert_eq!(out, [0, 1, 9]);
    assert_eq!(link.counters().queue_peak_bytes, 3000);
}

#[test]
fn a_cut_loses_what_has_not_arrived_and_healing_brings_new_packets_through() {
    let mut link = Link::new(LinkConfig::new(0, 10, 0), 1);
    link.cut(ms(15));
    link.heal(ms(30));
    for at in [0, 5, 6, 20, 31] {
        link.push(ms(at), vec![at as u8; 100]);
    }
    // Polled late: what arrived before the cut, or with it, still comes out.
    let out: Vec<u64> = drain(&mut link, ms(1000)).iter().map(|(at, _)| at.micros()).collect();
    assert_eq!(out, [10_000, 15_000, 41_000]);
    assert_eq!(link.counters().dropped_cut, 2);

    let mut link = Link::new(LinkConfig::new(0, 10, 0), 1);
    link.cut(ms(15));
    [0, 5, 6].iter().for_each(|at| link.push(ms(*at), vec![*at as u8; 100]));
    let late: Vec<u8> = std::iter::from_fn(|| link.poll(ms(500))).map(|p| p[0]).collect();
    assert_eq!(late, [0, 5]);
    assert!(!link.is_up());
    link.set_up(ms(600), true);
    link.push(ms(600), vec![7; 100]);
    assert_eq!(link.poll(ms(610)).unwrap()[0], 7);
}

#[test]
fn a_path_hands_over_in_order_of_arrival() {
    let slow = LinkConfig::new(0, 20, 0);
    let fast = LinkConfig::new(0, 5, 0);
    let cfg = PathConfig { a_to_b: slow, b_to_a: fast, middleboxes: Vec::new() };
    let mut path = Path::new(cfg, 1);
    path.push(ms(0), Direction::AToB, vec![1]);
    path.push(ms(1), Direction::BToA, vec![2]);
    assert_eq!(path.next_due(), Some(ms(6)));
    assert_eq!(path.poll(ms(100)), Some((Direction::BToA, vec![2])));
    assert_eq!(path.poll(ms(100)), Some((Direction::AToB, vec![1])));
    assert!(path.is_idle());
}

#[test]
fn the_series_adds_up() {
    let mut link = Link::new(LinkConfig::new(8, 0, 0), 1);
    (0..300).for_each(|_| link.push(ms(0), vec![0; 1000]));
    drain(&mut link, ms(1000));
    // One packet each millisecond; the first arrives at 1 ms, so that 99 fall below 100 ms.
    assert_eq!(link.series().bytes(), [99_000, 100_000, 100_000, 1000]);
    assert_eq!(link.series().bytes().iter().sum::<u64>(), link.counters().delivered_bytes);
}

fn any_config() -> impl Strategy<Value = LinkConfig> {
    let rate = prop_oneof![Just(0u64), 10_000..100_000_000u64];
    let chance = prop_oneof![Just(0u32), 0..300_000u32];
    let queue = prop_oneof![Just(0usize), 1..20_000usize];
    let times = (0..50_000u64, prop_oneof![Just(0u64), 0..20_000u64], 0..30_000u64);
    (rate, times, chance.clone(), chance.clone(), chance, queue).prop_map(
        |(rate_bps, (delay, jitter, held), loss_ppm, reorder_ppm, duplicate_ppm, queue_bytes)| LinkConfig {
            rate_bps,
            delay: Duration::from_micros(delay),
            jitter: Duration::from_micros(jitter),
            loss_ppm,
            reorder_ppm,
            reorder_delay: Duration::from_micros(held),
            duplicate_ppm,
            queue_bytes,
        },
    )
}

/// Numbered packets at growing times: (gap in microseconds, length).
fn any_traffic() -> impl Strategy<Value = Vec<(u64, usize)>> {
    prop::collection::vec((0..3_000u64, 2..1500usize), 1..200)
}

fn play(link: &mut Link, traffic: &[(u64, usize)]) -> Vec<(Instant, Vec<u8>)> {
    let mut now = Instant::ZERO;
    let mut out = Vec::new();
    for (n, (gap, len)) in traffic.iter().enumerate() {
        now = now + Duration::from_micros(*gap);
        out.extend(drain(link, now));
        let mut packet = vec![0; *len];
        packet[..2].copy_from_slice(&(n as u16).to_be_bytes());
        link.push(now, packet);
    }
    out.extend(drain(link, Instant::from_micros(u64::MAX / 2)));
    out
}

fn number(packet: &[u8]) -> u16 {
    u16::from_be_bytes([packet[0], packet[1]])
}

proptest! {
    #[test]
    fn every_packet_is_accounted_for(cfg in any_config(), traffic in any_traffic(), seed: u64,
                                     cut in 0..200_000u64, hole in 0..100_000u64) {
        let mut link = Link::new(cfg, seed);
        link.cut(Instant::from_micros(cut));
        link.heal(Instant::from_micros(cut + hole));
        let out = play(&mut link, &traffic);
        let c = link.counters();
        prop_assert_eq!(c.offered, traffic.len() as u64);
        prop_assert_eq!(c.delivered, out.len() as u64);
        let gone = c.dropped_queue + c.dropped_loss + c.dropped_cut;
        prop_assert_eq!(c.offered + c.duplicated, c.delivered + gone);
        let bytes: usize = out.iter().map(|(_, p)| p.len()).sum();
        prop_assert_eq!(c.delivered_bytes, bytes as u64);
        for (_, packet) in &out {
            prop_assert_eq!(packet.len(), traffic[usize::from(number(packet))].1);
        }
    }

    #[test]
    fn jitter_and_loss_never_reorder(mut cfg in any_config(), traffic in any_traffic(), seed: u64) {
        cfg.reorder_ppm = 0;
        let out = play(&mut Link::new(cfg, seed), &traffic);
        prop_assert!(out.is_sorted_by_key(|(at, _)| *at));
        prop_assert!(out.is_sorted_by_key(|(_, packet)| number(packet)));
    }

    #[test]
    fn no_interval_exceeds_the_rate(mut cfg in any_config(), traffic in any_traffic(), seed: u64) {
        cfg.jitter = Duration::ZERO;
        cfg.reorder_ppm = 0;
        cfg.duplicate_ppm = 0;
        cfg.rate_bps = cfg.rate_bps.max(10_000);
        let rate = cfg.rate_bps;
        let out = play(&mut Link::new(cfg, seed), &traffic);
        for (i, (start, _)) in out.iter().enumerate() {
            let mut bits = 0;
            for (end, packet) in &out[i + 1..] {
                bits += packet.len() as u64 * 8;
                // Two microseconds: both ends of the interval are rounded.
                let may = (end.since(*start).as_micros() as u64 + 2) * rate / 1_000_000;
                prop_assert!(bits <= may + 1, "{bits} bits where {may} may pass");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_packets(cfg in any_config(), traffic in any_traffic(), seed: u64) {
        let first = play(&mut Link::new(cfg.clone(), seed), &traffic);
        let second = play(&mut Link::new(cfg, seed), &traffic);
        prop_assert_eq!(first, second);
    }
}

#[test]
fn chances_are_what_they_say() {
    let cfg: LinkConfig = "loss=2%,duplicate=3%,reorder=5%".parse().unwrap();
    let mut link = Link::new(cfg, 42);
    (0..100_000).for_each(|n| link.push(ms(n), vec![0; 40]));
    drain(&mut link, ms(1 << 40));
    let c = link.counters();
    // Five standard deviations about the means of 2000, 2940 and 4900.
    assert!((1780..2220).contains(&c.dropped_loss), "{c:?}");
    assert!((2675..3205).contains(&c.duplicated), "{c:?}");
    assert!((4560..5240).contains(&c.reordered), "{c:?}");
}

#[test]
fn reordering_lets_later_packets_pass() {
    let cfg: LinkConfig = "delay=10ms,reorder=10%,reorder_delay=3ms".parse().unwrap();
    let mut link = Link::new(cfg, 7);
    let out = play(&mut link, &vec![(1000, 100); 500]);
    let late = out.windows(2).filter(|w| number(&w[0].1) > number(&w[1].1)).count();
    assert!(late > 20 && link.counters().reordered > 20, "{late}");
}
