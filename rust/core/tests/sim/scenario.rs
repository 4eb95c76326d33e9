//! What a run is like, drawn from its seed.

use crate::app::{App, Late, Shut};
use crate::host::{Host, Setup};
use crate::link::Link;
use crate::world::{Deed, World};
use mptcp_core::config::{Config, JoinOnAddAddr, SchedulerKind};
use mptcp_core::handshake::{Offer, Opener};
use mptcp_core::rng::{Rng, SeededRng};
use mptcp_core::time::Instant;
use mptcp_wire::Version;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// Which kind of trouble a family of runs is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// Two clean paths.
    Plain,
    /// Loss, reordering, duplication, cuts, addresses that come and go, memory refused, slow readers.
    Rough,
    /// Options stripped from some packet on.
    Stripped,
    /// Payload changed on the way, checksums on.
    Corrupted,
    /// An application aborts.
    Abort,
    /// The path of the first subflow dies for good.
    Dead,
    /// Plain TCP after a fallback: readers that take an hour, and ACKs that get lost.
    SlowPlain,
    /// Half-closes in every order, writes after the peer's end, FINs that follow at once.
    HalfClose,
    /// Addresses withdrawn, announced again, and the first address withdrawn.
    Addresses,
    /// Memory refused while paths are joined, and joins refused.
    ScarceJoins,
    /// Mappings with a checksum that are longer than the receiver's window.
    LongMaps,
    /// Every path forgets its flows in the middle of a transfer (a NAT that restarts).
    Forgotten,
}

pub const FAMILIES: [Family; 12] = [
    Family::Plain,
    Family::Rough,
    Family::Stripped,
    Family::Corrupted,
    Family::Abort,
    Family::Dead,
    Family::SlowPlain,
    Family::HalfClose,
    Family::Addresses,
    Family::ScarceJoins,
    Family::LongMaps,
    Family::Forgotten,
];

/// SYNs with MP_CAPABLE, after which the opener tries without.
pub const SYN_TRIES: u32 = 3;

impl Family {
    /// Virtual time after which a connection counts as stalled.
    pub const fn limit(self) -> Duration {
        match self {
            Family::SlowPlain => Duration::from_secs(3 * 3600),
            // Its TCP takes its time to find its rate again.
            Family::Forgotten => Duration::from_secs(120),
            // Twelve data-level timeouts after the last keepalive of the peer that carried a DATA_ACK.
            _ => Duration::from_secs(1500),
        }
    }

    /// Paths that lose, delay and repeat nothing, in some of the runs or in all.
    const fn is_clean(self) -> bool {
        matches!(self, Family::Plain | Family::LongMaps | Family::Forgotten)
    }

    /// Applications that half-close.
    const fn late_writers(self) -> u64 {
        match self {
            Family::HalfClose => 80,
            Family::Plain | Family::Rough | Family::SlowPlain => 15,
            _ => 0,
        }
    }
}

pub struct Dice(pub SeededRng);

impl Dice {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n.max(1)
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Between the two, small ones more often.
    pub fn size(&mut self, most: u64) -> u64 {
        let bits = 64 - most.leading_zeros();
        let bound = 1 << self.below(u64::from(bits) + 1);
        self.below(bound.min(most) + 1)
    }

    pub fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.below(most - least + 1))
    }
}

pub fn address(v6: bool, path: u8, side: u8) -> IpAddr {
    if v6 {
        IpAddr::V6(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, u16::from(path), u16::from(side) + 1))
    } else {
        IpAddr::V4(Ipv4Addr::new(10, 0, path, side + 1))
    }
}

fn link(dice: &mut Dice, family: Family) -> Link {
    let mut link = Link::new(dice.millis(1, 80), 200_000 + dice.below(3_000_000));
    if !family.is_clean() && dice.chance(50) {
        link.loss_per_mille = dice.below(50);
        link.duplicate_per_mille = dice.below(20);
        link.jitter = dice.millis(0, 15);
    }
    if matches!(family, Family::Rough) && dice.chance(30) {
        for _ in 0..=dice.below(2) {
            let from = Instant::ZERO + dice.millis(0, 4000);
            link.cuts.push((from, from + dice.millis(50, 8000)));
        }
    }
    if family == Family::SlowPlain && dice.chance(60) {
        // Not in the handshake, which would be another story.
        link.ack_loss = Some((Instant::ZERO + dice.millis(500, 3000), dice.below(400)));
    }
    link
}

fn config(dice: &mut Dice, family: Family) -> Config {
    let mut cfg = Config::DEFAULT;
    cfg.v0 = true;
    if dice.chance(30) {
        cfg.version = Version::V0;
    }
    cfg.max_subflows = 1 + dice.below(5) as u8;
    if matches!(family, Family::Plain | Family::Addresses) {
        cfg.max_subflows = cfg.max_subflows.max(2);
    }
    cfg.single_packet_maps = dice.chance(25) && family != Family::LongMaps;
    cfg.checksum = dice.chance(25) || matches!(family, Family::Corrupted | Family::LongMaps);
    cfg.short_dsn = dice.chance(40);
    cfg.scheduler = if dice.chance(40) { SchedulerKind::RoundRobin } else { SchedulerKind::MinRtt };
    cfg.join_on_add_addr = match dice.below(4) {
        0 => JoinOnAddAddr::Both,
        _ => JoinOnAddAddr::ActiveOpener,
    };
    cfg.deny_join_id0 = family != Family::Plain && dice.chance(10);
    cfg
}

fn setup(dice: &mut Dice, family: Family, cfg: Config, addrs: Vec<IpAddr>) -> Setup {
    let rough = family == Family::Rough;
    Setup {
        cfg,
        addrs,
        snd_hiwat: if dice.chance(30) { 4_000 + dice.below(20_000) } else { 262_144 },
        rcv_hiwat: if dice.chance(30) || family == Family::LongMaps { 3_000 + dice.below(30_000) } else { 262_144 },
        option_room: if dice.chance(50) { 28 } else { 40 },
        mss: if dice.chance(50) { 1400 } else { 536 },
        early_ack: dice.chance(50),
        refuse_per_mille: if rough && dice.chance(40) { dice.below(200) as u16 } else { 0 },
        held_room: if rough && dice.chance(30) { dice.below(20_000) as usize } else { usize::MAX },
        fin_early: family == Family::HalfClose && dice.chance(50),
        long_maps: family == Family::LongMaps,
    }
}

fn applications(dice: &mut Dice, family: Family) -> [App; 2] {
    let sizes = match dice.below(4) {
        0 => [dice.size(400_000), 0],
        1 => [0, dice.size(400_000)],
        _ => [dice.size(300_000), dice.size(300_000)],
    };
    let mut apps = [App::new(0, sizes[0], sizes[1]), App::new(1, sizes[1], sizes[0])];
    let patient = dice.below(3) as usize;
    if let Some(app) = apps.get_mut(patient) {
        app.shut_when = Shut::AfterPeer;
    }
    if family == Family::SlowPlain {
        return slow_applications(dice, apps);
    }
    if dice.chance(family.late_writers()) {
        late_writer(dice, &mut apps);
    }
    for app in &mut apps {
        if dice.chance(25) {
            app.slow = Some((500 + dice.below(20_000) as usize, dice.millis(1, 300)));
        }
        if family == Family::Abort && (app.side == 0 || dice.chance(20)) {
            app.abort_at = Some(Instant::ZERO + dice.millis(10, 1500));
        }
    }
    apps
}

/// One side writes (most of what it writes) after the other's end of file.
fn late_writer(dice: &mut Dice, apps: &mut [App; 2]) {
    let side = dice.below(2) as usize;
    apps[1 - side].shut_when = Shut::WhenWritten;
    let app = &mut apps[side];
    app.shut_when = Shut::AfterPeer;
    let chunk = 1 + dice.size(20_000);
    let from = if dice.chance(40) { 0 } else { app.to_write };
    app.to_write = from + chunk * (1 + dice.below(5));
    let pause = if dice.chance(80) { dice.millis(1, 3000) } else { dice.millis(1, 20_000) };
    app.late = Some(Late { from, chunk, pause });
    apps[1 - side].expect = apps[side].to_write;
}

/// Data enough for an hour of a reader who takes little at a time.
fn slow_applications(dice: &mut Dice, mut apps: [App; 2]) -> [App; 2] {
    let steps = 20 + dice.below(200);
    for app in &mut apps {
        let pause = dice.millis(1000, 20_000);
        let least = 1 + app.expect / steps;
        app.slow = dice.chance(80).then(|| (least as usize + dice.size(2000) as usize, pause));
    }
    apps
}

fn meddle(dice: &mut Dice, family: Family, links: &mut [Link]) {
    let all = dice.chance(60);
    let (one, way) = (dice.below(links.len() as u64) as usize, dice.below(3) as usize);
    let forever = dice.chance(50);
    let after = dice.size(200);
    if family == Family::SlowPlain {
        return fall_early(dice, links);
    }
    for (n, link) in links.iter_mut().enumerate() {
        if !all && n != one {
            continue;
        }
        for (side, direction) in link.directions.iter_mut().enumerate() {
            if way != 2 && way != side {
                continue;
            }
            match family {
                Family::Stripped => direction.middlebox.strip_after = Some(after),
                Family::Corrupted => {
                    direction.middlebox.corrupt_after = Some(after.max(1));
                    direction.middlebox.forever = forever;
                }
                _ => {}
            }
        }
    }
}

/// Everything goes to plain TCP soon: options are stripped from one of the first packets on.
fn fall_early(dice: &mut Dice, links: &mut [Link]) {
    let (way, after) = (dice.below(3) as usize, dice.below(5));
    for link in links {
        for (side, direction) in link.directions.iter_mut().enumerate() {
            if way == 2 || way == side {
                direction.middlebox.strip_after = Some(after);
            }
        }
    }
}

fn deeds(dice: &mut Dice, family: Family, addrs: &[Vec<IpAddr>; 2]) -> Vec<(Instant, Deed)> {
    let mut deeds = Vec::new();
    match family {
        Family::Rough => {}
        Family::Addresses => return address_deeds(dice, addrs),
        Family::ScarceJoins => return scarce_deeds(dice),
        _ => return deeds,
    }
    for _ in 0..dice.below(5) {
        let at = Instant::ZERO + dice.millis(0, 4000);
        let side = dice.below(2) as usize;
        let n = dice.below(addrs[side].len() as u64) as usize;
        let deed = match dice.below(4) {
            // The first address stays, or there may be no way left.
            0 => Deed::Addresses(side, addrs[side][..=n].to_vec()),
            1 => Deed::Addresses(side, addrs[side].clone()),
            2 => Deed::Backup(side, dice.below(4) as usize, dice.chance(60)),
            _ if n > 0 => {
                deeds.push((at + dice.millis(10, 3000), Deed::Back(side, addrs[side][n])));
                Deed::Lost(side, addrs[side][n])
            }
            _ => Deed::Backup(side, dice.below(4) as usize, false),
        };
        deeds.push((at, deed));
    }
    deeds
}

/// Addresses other than the first go and come back, by configuration or with their interface; the server's first one
/// goes for good.
fn address_deeds(dice: &mut Dice, addrs: &[Vec<IpAddr>; 2]) -> Vec<(Instant, Deed)> {
    let mut deeds = Vec::new();
    // Then the server keeps its second one, or there may be no way left.
    let zero = dice.chance(50);
    for (side, own) in addrs.iter().enumerate() {
        let kept = usize::from(zero && side == 1);
        let mut at = Instant::ZERO + dice.millis(0, 1500);
        for _ in 0..dice.below(6) {
            let list = own.iter().enumerate().filter(|(n, _)| *n <= kept || dice.chance(50)).map(|(_, a)| *a);
            deeds.push((at, Deed::Addresses(side, list.collect())));
            at = at + dice.millis(0, 2500);
        }
        if let Some(addr) = own.get(1 + kept).filter(|_| dice.chance(30)) {
            deeds.push((at, Deed::Lost(side, *addr)));
            deeds.push((at + dice.millis(0, 3000), Deed::Back(side, *addr)));
        }
    }
    if zero {
        deeds.push((Instant::ZERO + dice.millis(0, 2000), Deed::RemoveZero(1)));
    }
    deeds
}

/// Memory is short for some time while joins are made and refused.
fn scarce_deeds(dice: &mut Dice) -> Vec<(Instant, Deed)> {
    let mut deeds = Vec::new();
    for side in 0..2 {
        for _ in 0..1 + dice.below(3) {
            let at = Instant::ZERO + dice.millis(0, 1500);
            let much = if dice.chance(30) { 1000 } else { 100 + dice.below(900) };
            deeds.push((at, Deed::Refuse(side, much as u16)));
            deeds.push((at + dice.millis(50, 5000), Deed::Refuse(side, 0)));
        }
    }
    // The last word: memory is there again.
    let last = deeds.iter().map(|(at, _)| *at).max().unwrap_or(Instant::ZERO) + Duration::from_millis(1);
    deeds.extend([(last, Deed::Refuse(0, 0)), (last, Deed::Refuse(1, 0))]);
    deeds
}

/// So much data, on links so slow, that the outage comes in its middle, after both sides have seen that the other speaks MPTCP.
fn forget(dice: &mut Dice, apps: &mut [App; 2], links: &mut [Link]) {
    let sizes = [[500_000, 0], [0, 500_000], [300_000, 300_000]][dice.below(3) as usize];
    for (app, (write, expect)) in apps.iter_mut().zip([(sizes[0], sizes[1]), (sizes[1], sizes[0])]) {
        (app.to_write, app.expect, app.slow) = (write, expect, None);
    }
    for link in links.iter_mut() {
        link.rate = link.rate.min(150_000);
        link.forgets = Some(Instant::ZERO + dice.millis(1000, 1500));
    }
}

/// A run, ready to go.
pub fn build(family: Family, seed: u64) -> World {
    let salt = family as u64 + 1;
    let mut dice = Dice(SeededRng::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ salt));
    let v6 = dice.chance(30);
    let paths = match family {
        Family::Plain | Family::Dead => 2,
        Family::Addresses | Family::ScarceJoins => 2 + dice.below(3) as u8,
        Family::HalfClose => 1 + dice.below(3) as u8,
        // With several, a peer that obeys no window can fill each with what must wait for the others.
        Family::LongMaps => 1,
        Family::SlowPlain => 1 + u8::from(dice.chance(20)),
        _ => 1 + dice.below(4) as u8,
    };
    let mut links: Vec<Link> = (0..paths).map(|_| link(&mut dice, family)).collect();
    meddle(&mut dice, family, &mut links);
    let list = |side, n: u8| (0..n).map(|path| address(v6, path, side)).collect::<Vec<_>>();
    let server_paths = 1 + dice.below(u64::from(paths)) as u8;
    let server_paths = if family == Family::Addresses { server_paths.max(2) } else { server_paths };
    let addrs = [list(0, paths), list(1, server_paths)];
    let mut cfgs = [config(&mut dice, family), config(&mut dice, family)];
    if family == Family::Dead {
        cfgs[0].max_subflows = 4;
        cfgs[1].max_subflows = 4;
        cfgs[1].deny_join_id0 = false;
        let from = Instant::ZERO + dice.millis(1000, 2000);
        links[0].cuts.push((from, Instant::NEVER));
    }
    let mut apps = applications(&mut dice, family);
    if family == Family::Dead {
        // So much that the cut meets it, and a slow link.
        apps[0].to_write = 400_000;
        apps[1].expect = 400_000;
        for link in &mut links {
            link.rate = link.rate.min(150_000);
            link.loss_per_mille = 0;
        }
    }
    if family == Family::Forgotten {
        forget(&mut dice, &mut apps, &mut links);
        // Who may not be joined at its only address cannot be helped.
        cfgs[1].deny_join_id0 = false;
    }
    let acts = deeds(&mut dice, family, &addrs);
    let [first, second] = addrs;
    let (app0, app1) = (apps[0].clone(), apps[1].clone());
    let hosts = [
        Host::new(setup(&mut dice, family, cfgs[0], first), app0, dice.0.next_u64()),
        Host::new(setup(&mut dice, family, cfgs[1], second), app1, dice.0.next_u64()),
    ];
    let to = SocketAddr::new(address(v6, 0, 1), 443);
    let rng = SeededRng::new(dice.0.next_u64());
    let mut world = World::new(hosts, links, rng);
    world.deeds = acts;
    let cfg = cfgs[0];
    let offer = Offer {
        version: cfg.version,
        checksum: cfg.checksum,
        deny_join_id0: cfg.deny_join_id0,
        syn_tries: SYN_TRIES as u8,
    };
    let opener = Opener::new(offer, world.hosts[0].key);
    world.hosts[0].connect(opener, to, Instant::ZERO);
    world
}
