//! From a seed to a [`Scenario`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use mptcp_core::config::{AddressList, Config, JoinOnAddAddr, LocalAddress, SchedulerKind};
use mptcp_core::time::Instant;
use mptcp_wire::Version;

use super::dice::Dice;
use super::meddle;
use super::scenario::{Connection, Deed, Kind, Late, Outage, Plan, Scenario};
use crate::host::HostConfig;
use crate::link::{LinkConfig, PathConfig};

/// Memory that core may use for one connection of a run, in octets.
pub(super) const POOL_LIMIT: usize = 4 << 20;
/// Ports of the connections begin here.
const FIRST_PORT: u16 = 5000;
/// Troubles begin within this time, when there is still something to be troubled.
const EARLY: u64 = 3000;

/// How often each kind is drawn, in parts of the sum.
const KINDS: [(Kind, u64); 11] = [
    (Kind::Clean, 15),
    (Kind::Rough, 32),
    (Kind::Handshake, 12),
    (Kind::Meddled, 12),
    (Kind::Coalesced, 4),
    (Kind::Stripped, 7),
    (Kind::Corrupted, 6),
    (Kind::Aborted, 5),
    (Kind::FirstPathDies, 5),
    (Kind::AllPathsDie, 2),
    (Kind::HalfClosed, 6),
];

impl Scenario {
    /// The scenario of a seed.
    #[must_use]
    pub fn draw(seed: u64) -> Scenario {
        let mut dice = Dice::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x6d70_7463_7073_696d);
        let kind = kind(&mut dice);
        let count = if kind == Kind::FirstPathDies { dice.between(2, 4) } else { dice.between(1, 4) } as usize;
        let families = families(&mut dice, kind, count);
        let addresses = [addresses(&families, 0, count), addresses(&families, 1, b_addresses(&mut dice, count))];
        let mut paths: Vec<PathConfig> = (0..count).map(|_| path(&mut dice, kind)).collect();
        let mut routes = Vec::new();
        for list in &addresses {
            routes.extend(list.iter().enumerate().map(|(n, addr)| (*addr, n)));
        }
        meddle::middleboxes(&mut dice, kind, &mut paths, &mut routes);
        let hosts = hosts(&mut dice, kind, &addresses);
        let outages = outages(&mut dice, kind, count);
        let connections = connections(&mut dice, kind, &addresses);
        let deeds = deeds(&mut dice, kind, &hosts, &connections);
        Scenario { seed, kind, hosts, paths, routes, outages, connections, deeds }
    }
}

fn kind(dice: &mut Dice) -> Kind {
    let mut draw = dice.below(KINDS.iter().map(|(_, weight)| weight).sum());
    for (kind, weight) in KINDS {
        if draw < weight {
            return kind;
        }
        draw -= weight;
    }
    Kind::Clean
}

/// Whether each path is IPv6.
fn families(dice: &mut Dice, kind: Kind, count: usize) -> Vec<bool> {
    // Where the first path dies, B's only address must be in reach over another.
    let style = dice.below(if kind == Kind::FirstPathDies { 3 } else { 4 });
    (0..count).map(|_| if style == 3 { dice.chance(50) } else { style == 2 }).collect()
}

/// B has as many addresses as there are paths, or only the first ones.
fn b_addresses(dice: &mut Dice, count: usize) -> usize {
    if dice.chance(40) { count } else { dice.between(1, count as u64) as usize }
}

fn addresses(families: &[bool], host: u8, count: usize) -> Vec<IpAddr> {
    let address = |(path, v6): (usize, &bool)| {
        if *v6 {
            IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, path as u16, u16::from(host) + 1))
        } else {
            IpAddr::V4(Ipv4Addr::new(10, 0, path as u8, host + 1))
        }
    };
    families.iter().enumerate().take(count).map(address).collect()
}

fn path(dice: &mut Dice, kind: Kind) -> PathConfig {
    let a_to_b = link(dice, kind);
    let b_to_a = if dice.chance(30) { link(dice, kind) } else { a_to_b.clone() };
    PathConfig { a_to_b, b_to_a, middleboxes: Vec::new() }
}

fn link(dice: &mut Dice, kind: Kind) -> LinkConfig {
    let rate_bps = 300_000 << dice.below(7);
    let delay = if dice.chance(10) { Duration::from_micros(dice.below(1000)) } else { dice.millis(1, 80) };
    // From a quarter of a second of queue down to a handful of packets.
    let longest = rate_bps / 8 / 4;
    let queue_bytes = (longest >> dice.below(4)).max(8 * 1500) as usize;
    let mut link = LinkConfig { rate_bps, delay, queue_bytes, ..LinkConfig::default() };
    if dice.chance(30) {
        link.jitter = dice.millis(0, 15);
    }
    // A third ACK that gets lost may cost a connection its multipath, and with it the way out of a dead path.
    let whole = matches!(kind, Kind::Clean | Kind::FirstPathDies);
    let rough = kind == Kind::Rough || (!whole && dice.chance(30));
    if rough && dice.chance(60) {
        link.loss_ppm = dice.size(50_000) as u32;
    }
    if rough && dice.chance(40) {
        link.reorder_ppm = dice.size(50_000) as u32;
        link.reorder_delay = dice.millis(1, 30);
    }
    if rough && dice.chance(40) {
        link.duplicate_ppm = dice.size(30_000) as u32;
    }
    link
}

fn hosts(dice: &mut Dice, kind: Kind, addresses: &[Vec<IpAddr>; 2]) -> [HostConfig; 2] {
    let plain = if kind != Kind::FirstPathDies && dice.chance(6) { Some(dice.below(3)) } else { None };
    let mut hosts = [0, 1].map(|side| {
        let mut host = HostConfig::new(addresses[side].clone(), dice.seed());
        host.mp_addresses = mp_addresses(dice, kind, side, &addresses[side]);
        host.mptcp = config(dice, kind);
        if plain.is_some_and(|who| who == 2 || who == side as u64) {
            host.mptcp.enable = false;
        }
        host.pool_limit = POOL_LIMIT;
        host.mtu = dice.pick(&[1500, 1500, 1500, 1400, 1280, 9000]);
        host.send_buffer = buffer(dice);
        host.receive_buffer = buffer(dice);
        let scarce = matches!(kind, Kind::Rough | Kind::Clean) && dice.chance(20);
        host.refuse_per_mille = if scarce { dice.size(400) as u16 } else { 0 };
        host
    });
    if kind == Kind::Corrupted {
        hosts[0].mptcp.checksum |= dice.chance(50);
        hosts[1].mptcp.checksum |= !hosts[0].mptcp.checksum;
    }
    hosts
}

fn buffer(dice: &mut Dice) -> usize {
    if dice.chance(30) { dice.between(4_000, 40_000) as usize } else { 256 * 1024 }
}

fn mp_addresses(dice: &mut Dice, kind: Kind, side: usize, addresses: &[IpAddr]) -> AddressList {
    let mut list = AddressList::EMPTY;
    let share = if kind == Kind::FirstPathDies && side == 0 { 100 } else { dice.pick(&[0, 50, 100, 100]) };
    for &addr in addresses.iter().skip(1) {
        if dice.chance(share) {
            // One that the list refuses is not used.
            let _ = list.push(LocalAddress { addr, backup: dice.chance(15) });
        }
    }
    list
}

fn config(dice: &mut Dice, kind: Kind) -> Config {
    let mut cfg = Config::DEFAULT;
    cfg.v0 = dice.chance(80);
    if dice.chance(25) {
        cfg.version = Version::V0;
    }
    cfg.max_subflows = dice.between(1, 6) as u8;
    cfg.single_packet_maps = dice.chance(25);
    cfg.checksum = dice.chance(25);
    cfg.short_dsn = dice.chance(40);
    cfg.scheduler = dice.pick(&SchedulerKind::ALL);
    cfg.join_on_add_addr = dice.pick(&[JoinOnAddAddr::ActiveOpener, JoinOnAddAddr::Both, JoinOnAddAddr::Nobody]);
    cfg.deny_join_id0 = dice.chance(10);
    if kind == Kind::FirstPathDies {
        cfg.max_subflows = cfg.max_subflows.max(4);
        cfg.deny_join_id0 = false;
        cfg.version = Version::V1;
    }
    cfg
}

fn outages(dice: &mut Dice, kind: Kind, count: usize) -> Vec<Outage> {
    let mut outages = Vec::new();
    let early = |dice: &mut Dice| Instant::ZERO + dice.millis(0, EARLY);
    match kind {
        Kind::Rough if dice.chance(35) => {
            for _ in 0..dice.between(1, 3) {
                let from = early(dice);
                let until = Some(from + dice.millis(20, 8000));
                outages.push(Outage { path: dice.below(count as u64) as usize, from, until });
            }
        }
        Kind::FirstPathDies => {
            // Late enough for a join on the slowest path.
            let from = Instant::ZERO + dice.millis(2000, 3000);
            outages.push(Outage { path: 0, from, until: None });
        }
        Kind::AllPathsDie => {
            for path in 0..count {
                outages.push(Outage { path, from: early(dice), until: None });
            }
        }
        _ => {}
    }
    outages
}

fn connections(dice: &mut Dice, kind: Kind, addresses: &[Vec<IpAddr>; 2]) -> Vec<Connection> {
    let count = if dice.chance(75) { 1 } else { dice.between(2, 4) };
    let most = 3_000_000 / count;
    (0..count)
        .map(|n| {
            let at = if n == 0 { Instant::from_millis(1) } else { Instant::ZERO + dice.millis(0, 800) };
            // Mostly over the first path; over any that both have, of the same family, as it must be.
            let place =
                if kind == Kind::FirstPathDies || dice.chance(80) { 0 } else { dice.below(addresses[1].len() as u64) };
            let place = place as usize;
            let apps = applications(dice, kind, most);
            Connection { at, from: addresses[0][place], to: addresses[1][place], port: FIRST_PORT + n as u16, apps }
        })
        .collect()
}

/// Octets of one direction: few, so that everything happens at once, or enough to fill every buffer.
fn amount(dice: &mut Dice, most: u64) -> u64 {
    if dice.chance(40) { dice.size(most) } else { dice.between(most / 10, most) }
}

fn applications(dice: &mut Dice, kind: Kind, most: u64) -> [Plan; 2] {
    let mut writes = match dice.below(4) {
        0 => [amount(dice, most), 0],
        1 => [0, amount(dice, most)],
        _ => [amount(dice, most / 2), amount(dice, most / 2)],
    };
    if matches!(kind, Kind::FirstPathDies | Kind::AllPathsDie) {
        // So much that the cut meets it.
        writes[dice.below(2) as usize] = most;
    }
    let mut patient = dice.below(4) as usize;
    let mut late = None;
    if kind == Kind::HalfClosed {
        patient = dice.below(2) as usize;
        let chunk = 1 + dice.size(15_000);
        let from = if dice.chance(40) { 0 } else { writes[patient] };
        writes[patient] = from + chunk * dice.between(1, 5);
        let pause = if dice.chance(80) { dice.millis(1, 3000) } else { dice.millis(1, 60_000) };
        late = Some(Late { from, chunk, pause });
    }
    [0, 1].map(|side| {
        let slow = dice.chance(20);
        Plan {
            writes: writes[side],
            shuts_last: side == patient,
            late: late.filter(|_| side == patient),
            reads: slow.then(|| (dice.between(2_000, 30_000) as usize, dice.millis(1, 200))),
            aborts: (kind == Kind::Aborted && (side == 0 || dice.chance(30)))
                .then(|| Instant::ZERO + dice.millis(0, EARLY)),
            closes_early: dice.chance(30),
            patience: match kind {
                Kind::AllPathsDie => Some(Duration::from_secs(dice.between(100, 600))),
                // Longer than the slowest reader takes: only what became plain TCP needs it.
                Kind::FirstPathDies => Some(Duration::from_secs(900)),
                _ => None,
            },
        }
    })
}

fn deeds(dice: &mut Dice, kind: Kind, hosts: &[HostConfig; 2], conns: &[Connection]) -> Vec<(Instant, Deed)> {
    let mut deeds = Vec::new();
    if !matches!(kind, Kind::Rough | Kind::Clean | Kind::Meddled) || dice.chance(50) {
        return deeds;
    }
    for _ in 0..dice.between(1, 4) {
        let at = Instant::ZERO + dice.millis(0, EARLY);
        let side = dice.below(2) as usize;
        let addresses = &hosts[side].addresses;
        let n = dice.below(addresses.len() as u64) as usize;
        match dice.below(4) {
            0 => {
                let list = mp_addresses(dice, kind, side, addresses);
                deeds.push((at, Deed::Addresses(side, list)));
            }
            // Where a connection began there may be no other way.
            1 if kind == Kind::Rough && !conns.iter().any(|c| [c.from, c.to].contains(&addresses[n])) => {
                deeds.push((at, Deed::Lost(side, addresses[n])));
                deeds.push((at + dice.millis(10, 3000), Deed::Back(side, addresses[n])));
            }
            _ => deeds.push((at, Deed::Backup(side, dice.below(4) as usize, dice.chance(60)))),
        }
    }
    deeds.sort_by_key(|(at, _)| *at);
    deeds
}
