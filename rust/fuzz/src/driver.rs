//! An [`Mpcb`] that is driven by an input: segments with arbitrary or nearly right options on any subflow, joins,
//! timers, applications, refused memory, in any order.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mptcp_core::config::{AddressList, Config, JoinOnAddAddr, LocalAddress, SchedulerKind};
use mptcp_core::crypto::{KeyMaterial, add_addr_hmac, join_hmac};
use mptcp_core::error::SubflowEnd;
use mptcp_core::handshake::{Agreed, Role};
use mptcp_core::mpcb::{Action, JoinRequest, MapGrant, Mpcb, RxStep, SegIn, SegVerdict, Start, Want};
use mptcp_core::output::{SegFlags, SegOut, SubflowTx};
use mptcp_core::pool::Pool;
use mptcp_core::subflow::{Metrics, SubflowId};
use mptcp_core::time::Instant;
use mptcp_lab::link::{Direction, Path, PathConfig};
use mptcp_wire::checksum::Sum;
use mptcp_wire::tcp_options::mptcp_options;
use mptcp_wire::{
    AddAddr, AddAddrForm, CapableData, DataSeq, Dss, DssMap, Key, MpFail, MpFastClose, MpJoin, MpOption, Version,
};

use crate::input::{Count, Input};

/// Octets of the connection's memory: little, so that it runs out.
const POOL: usize = 64 * 1024;
/// Calls of one kind in a row that count as an endless loop.
const ENDLESS: usize = 20_000;

/// What TCP would know of a subflow.
struct Tcp {
    tx: SubflowTx,
    /// Next SSN expected, and octets received in order and not taken.
    expected: u64,
    unread: u64,
    /// Octets handed to it, and acknowledged.
    sent: u64,
}

struct Driver {
    mpcb: Mpcb,
    now: Instant,
    rng: Count,
    tcps: BTreeMap<SubflowId, Tcp>,
    held: BTreeSet<u64>,
    next_token: u64,
    /// Joins without their third ACK, with the peer's nonce.
    requests: Vec<(JoinRequest, u32)>,
    delivered: u64,
}

/// Drives one connection. See the crate's head.
pub fn segments(data: &[u8]) {
    let mut input = Input(data);
    let Some(mut driver) = Driver::new(&mut input) else { return };
    while !input.is_empty() {
        driver.step(&mut input);
        driver.settle();
        driver.check();
    }
    driver.finish();
}

fn address(host: u8, n: u8) -> IpAddr {
    Ipv4Addr::new(10, 0, n & 3, host).into()
}

impl Driver {
    fn new(input: &mut Input<'_>) -> Option<Driver> {
        let flags = input.u8();
        let bit = |n: u8| flags >> n & 1 == 1;
        let version = if bit(0) { Version::V0 } else { Version::V1 };
        let cfg = Config {
            single_packet_maps: bit(1),
            short_dsn: bit(2),
            scheduler: if bit(3) { SchedulerKind::RoundRobin } else { SchedulerKind::MinRtt },
            join_on_add_addr: JoinOnAddAddr::Both,
            max_subflows: 4,
            v0: true,
            ..Config::DEFAULT
        };
        let role = if bit(4) { Role::Passive } else { Role::Active };
        let first = bit(6).then(|| CapableData { len: input.u16(), csum: bit(5).then(|| input.u16()) });
        let agreed = Agreed {
            version,
            role,
            local: KeyMaterial::derive(version, Key(1)),
            remote: KeyMaterial::derive(version, Key(2)),
            checksum: bit(5),
            peer_denies_id0: bit(7),
            first_data: first.filter(|_| role == Role::Passive && version == Version::V1),
        };
        let start = Start {
            local: SocketAddr::new(address(1, 0), 1000),
            remote: SocketAddr::new(address(2, 0), 2000),
            snd_window: input.u16().into(),
            rcv_space: input.u16().into(),
        };
        let now = Instant::from_millis(1);
        let mpcb = Mpcb::with_pool(&agreed, &cfg, &start, Pool::new(POOL)).ok()?;
        let mut driver = Driver {
            mpcb,
            now,
            rng: Count(3),
            tcps: BTreeMap::new(),
            held: BTreeSet::new(),
            next_token: 0,
            requests: Vec::new(),
            delivered: 0,
        };
        driver.adopt(SubflowId::MASTER);
        Some(driver)
    }

    /// TCP for a subflow that core has just made.
    fn adopt(&mut self, sf: SubflowId) {
        if let Some(tx) = self.mpcb.subflow_tx(sf) {
            let old = self.tcps.insert(sf, Tcp { tx, expected: 1, unread: 0, sent: 0 });
            assert!(old.is_none_or(|tcp| !tcp.tx.holds_data()), "an id was used again while its maps lived");
        }
    }

    fn pick(&self, input: &mut Input<'_>) -> SubflowId {
        let n = usize::from(input.u8());
        let ids: Vec<SubflowId> = self.tcps.keys().copied().collect();
        ids.get(n % ids.len().max(1)).copied().unwrap_or(SubflowId::MASTER)
    }

    fn step(&mut self, input: &mut Input<'_>) {
        let now = self.now;
        match input.u8() % 16 {
            0..=4 => self.segment(input),
            5 => self.write(input),
            6 => self.send(input),
            7 => self.emit(input),
            8 => {
                self.now = now + Duration::from_millis(u64::from(input.u16()));
                self.mpcb.on_timer(self.now);
            }
            9 => self.join(input),
            10 => self.end_of_subflow(input),
            11 => match input.u8() % 8 {
                0 => self.mpcb.snd_shutdown(now),
                1 => self.mpcb.close(now),
                2 => self.mpcb.abort(),
                3 => self.mpcb.set_snd_hiwat(u32::from(input.u16())),
                _ => {
                    let _asked = self.mpcb.set_rcv_space(u32::from(input.u16()));
                }
            },
            12 => self.administer(input),
            13 => self.metrics(input),
            14 => {
                let (seed, share) = (u64::from(input.u8()), u16::from(input.u8()));
                self.mpcb.pool_mut().refuse_randomly(seed, share);
            }
            _ => {
                let nth = u64::from(input.u8());
                self.mpcb.pool_mut().refuse_nth(nth);
            }
        }
    }

    /// A segment: its options are arbitrary octets, or one that is nearly right.
    fn segment(&mut self, input: &mut Input<'_>) {
        let sf = self.pick(input);
        let Some(tcp) = self.tcps.get(&sf) else { return };
        let (expected, sent) = (tcp.expected, tcp.sent);
        let bits = input.u8();
        let ssn = expected.wrapping_add(u64::from(input.u8() & bits));
        let len = u32::from(input.u16() & 0x7ff);
        let ack = 1 + sent.saturating_sub(u64::from(input.u8()));
        let flags = SegFlags { syn: bits & 0xf == 0xf, ack: bits & 0x10 == 0, fin: bits & 0x60 == 0x60, rst: bits & 0xf0 == 0xf0 };
        let seg = SegIn { ssn: ssn as u32, len, ack: ack as u32, window: u32::from(input.u16()), flags };
        let mut area = [0; 40];
        let used = if input.flag() {
            let raw = input.take(40);
            area[..raw.len()].copy_from_slice(raw);
            raw.len()
        } else {
            self.nearly_right(input, ssn, len).emit(&mut area).unwrap_or(0)
        };
        let verdict = self.mpcb.segment_in(sf, &seg, &area[..used], self.now);
        if verdict == SegVerdict::Continue && !flags.syn && !flags.rst {
            if let Some(tcp) = self.tcps.get_mut(&sf).filter(|tcp| tcp.expected == ssn) {
                tcp.expected += u64::from(len);
                tcp.unread += u64::from(len);
            }
        }
        if flags.rst && verdict == SegVerdict::Continue {
            self.closed(sf, SubflowEnd::Reset);
        }
    }

    fn nearly_right(&self, input: &mut Input<'_>, ssn: u64, len: u32) -> MpOption {
        let agreed = *self.mpcb.agreed();
        let dsn = agreed.remote.idsn.wrapping_add(1).wrapping_add(u64::from(input.u16()));
        let seq = |long: bool, seq: u64| if long { DataSeq::Long(seq) } else { DataSeq::Short(seq as u32) };
        match input.u8() % 16 {
            0 => MpOption::Fail(MpFail { dsn }),
            1 => MpOption::FastClose(MpFastClose { receiver_key: if input.flag() { agreed.local.key } else { Key(7) } }),
            2 => {
                let (addr_id, addr, port) = (input.u8(), address(2, input.u8()), None);
                let hmac = add_addr_hmac(agreed.remote.key, agreed.local.key, addr_id, addr, port);
                let form = AddAddrForm::Announce { hmac };
                MpOption::AddAddr(AddAddr { form, addr_id, addr, port })
            }
            3 => MpOption::parse(&[30, 4, 0x40, input.u8()]).unwrap_or(MpOption::Experimental),
            4 => MpOption::parse(&[30, 4, 0x50 | input.u8() & 1, input.u8()]).unwrap_or(MpOption::Experimental),
            5 => self.join_answer(input),
            _ => {
                let bits = input.u8();
                let ack = agreed.local.idsn.wrapping_add(1).wrapping_add(u64::from(input.u16()));
                let len = if bits & 1 == 0 { len as u16 } else { input.u16() };
                let ssn = (ssn as u32).wrapping_add(u32::from(input.u8() & bits));
                let csum = (agreed.checksum || bits & 2 != 0).then(|| input.u16() & u16::from(bits));
                let map = DssMap { dsn: seq(bits & 4 != 0, dsn), ssn, len, csum };
                MpOption::Dss(Dss {
                    data_ack: (bits & 8 == 0).then(|| seq(bits & 16 != 0, ack)),
                    map: (bits & 32 == 0).then_some(map),
                    data_fin: bits & 0xc0 == 0xc0,
                })
            }
        }
    }

    /// The SYN/ACK of a join, as right as can be without the nonce of our SYN.
    fn join_answer(&self, input: &mut Input<'_>) -> MpOption {
        let agreed = self.mpcb.agreed();
        let (ours, theirs, nonce) = ({ use mptcp_core::rng::Rng as _; Count(3).next_u32() }, input.u32(), input.u8());
        let hmac = join_hmac(agreed.version, agreed.remote.key, agreed.local.key, theirs, ours).trunc64();
        MpOption::Join(MpJoin::SynAck { backup: nonce & 1 == 1, addr_id: nonce, hmac, nonce: theirs })
    }

    fn write(&mut self, input: &mut Input<'_>) {
        let bytes = u64::from(input.u16()).min(self.mpcb.snd_space());
        self.mpcb.snd_append(bytes as u32, self.now);
    }

    fn send(&mut self, input: &mut Input<'_>) {
        let sf = self.pick(input);
        let Some(tcp) = self.tcps.get_mut(&sf) else { return };
        self.mpcb.sync_tx(sf, &mut tcp.tx);
        let want = Want { room: u32::from(input.u16()), mss: u32::from(input.u16() & 0xfff).max(1) };
        let MapGrant::Map(grant) = self.mpcb.mp_get_map(sf, &mut tcp.tx, &want) else { return };
        assert!(grant.len > 0 && grant.len <= want.room, "{grant:?} for {want:?}");
        let end = grant.off + u64::from(grant.len);
        assert!(end <= self.mpcb.sb_actual(), "{grant:?} beyond so_snd");
        let mut sum = Sum::new();
        sum.add_bytes(&[0; 1]);
        let right = input.u8() != 0;
        if self.mpcb.map_commit(sf, &mut tcp.tx, &grant, (grant.need_sum && right).then_some(sum), self.now) {
            tcp.sent += u64::from(grant.len);
        }
    }

    /// Whatever leaves must be well formed.
    fn emit(&mut self, input: &mut Input<'_>) {
        let sf = self.pick(input);
        let Some(tcp) = self.tcps.get_mut(&sf) else { return };
        self.mpcb.sync_tx(sf, &mut tcp.tx);
        let bits = input.u8();
        let flags = SegFlags { syn: bits & 7 == 7, ack: bits & 8 == 0, fin: bits & 0x30 == 0x30, rst: bits & 0xc0 == 0xc0 };
        let ssn = 1 + tcp.sent.saturating_sub(u64::from(input.u16()));
        let seg = SegOut { ssn: ssn as u32, len: u32::from(input.u16() & 0x7ff), flags };
        let room = usize::from(input.u8() % 41);
        let mut area = [0xee; 44];
        let len = tcp.tx.options(&seg, room, &mut area);
        assert!(len <= room && len % 4 == 0, "{len} octets of options where {room} fit");
        for option in mptcp_options(&area[..len]) {
            assert!(option.is_ok(), "{option:?} in {:?}", &area[..len]);
        }
    }

    fn join(&mut self, input: &mut Input<'_>) {
        let agreed = *self.mpcb.agreed();
        let nonce = input.u32();
        let mut area = [0; 40];
        match self.requests.pop().filter(|_| input.flag()) {
            None => {
                let token = if input.u8() == 0 { 1 } else { agreed.local.token };
                let syn = MpJoin::Syn { backup: nonce & 1 == 1, addr_id: input.u8(), token, nonce };
                let len = MpOption::Join(syn).emit(&mut area).expect("40 octets are enough");
                let local = SocketAddr::new(address(1, input.u8()), 1000);
                let remote = SocketAddr::new(address(2, input.u8()), input.u16());
                if let Ok(request) = self.mpcb.join_syn(&area[..len], local, remote, &mut self.rng) {
                    self.requests.push((request, nonce));
                }
            }
            Some((request, theirs)) => {
                let nonce = if nonce == 1 { nonce } else { theirs };
                let MpOption::Join(MpJoin::SynAck { nonce: ours, .. }) = request.syn_ack_option() else {
                    panic!("the answer to a join is no MP_JOIN");
                };
                let hmac = join_hmac(agreed.version, agreed.remote.key, agreed.local.key, nonce, ours).trunc160();
                let len = MpOption::Join(MpJoin::Ack { hmac }).emit(&mut area).expect("40 octets are enough");
                if let Ok(sf) = self.mpcb.join_third_ack(&request, &area[..len], self.now) {
                    self.adopt(sf);
                }
            }
        }
    }

    fn end_of_subflow(&mut self, input: &mut Input<'_>) {
        let sf = self.pick(input);
        match input.u8() % 6 {
            0 => self.mpcb.subflow_fin(sf, self.now),
            1 => self.closed(sf, SubflowEnd::Fin),
            2 => self.closed(sf, SubflowEnd::Reset),
            3 => self.closed(sf, SubflowEnd::Timeout),
            _ => self.mpcb.subflow_rto(sf, self.now),
        }
    }

    fn closed(&mut self, sf: SubflowId, end: SubflowEnd) {
        self.mpcb.subflow_closed(sf, end, self.now);
        if let Some(mut tcp) = self.tcps.remove(&sf) {
            self.mpcb.sync_tx(sf, &mut tcp.tx);
        }
    }

    fn administer(&mut self, input: &mut Input<'_>) {
        let addr = address(1, input.u8());
        match input.u8() % 4 {
            0 => {
                let mut list = AddressList::EMPTY;
                let bits = input.u8();
                for n in (1..4).filter(|n| bits >> n & 1 == 1) {
                    let _ = list.push(LocalAddress { addr: address(1, n), backup: bits >> (n + 4) & 1 == 1 });
                }
                let _ = self.mpcb.addresses_changed(&list, self.now);
            }
            1 => self.mpcb.address_lost(addr),
            2 => self.mpcb.address_back(addr, self.now),
            _ => {
                let sf = self.pick(input);
                self.mpcb.set_backup(sf, input.flag());
            }
        }
    }

    fn metrics(&mut self, input: &mut Input<'_>) {
        let sf = self.pick(input);
        let metrics = Metrics {
            srtt: Duration::from_millis(u64::from(input.u8())),
            rttvar: Duration::from_millis(u64::from(input.u8())),
            cwnd: u32::from(input.u16()),
            in_flight: u32::from(input.u16()),
            mss: u32::from(input.u16() & 0xfff),
        };
        self.mpcb.subflow_metrics(sf, &metrics);
    }

    /// What a caller does after every call: takes data and performs actions.
    fn settle(&mut self) {
        for _ in 0..ENDLESS {
            let moved = self.take_in();
            let Some(action) = self.mpcb.poll_action(self.now, &mut self.rng) else {
                if moved {
                    continue;
                }
                return;
            };
            match action {
                Action::OpenSubflow { sf, local, .. } => {
                    self.mpcb.join_bound(sf, SocketAddr::new(local, 3000));
                    self.adopt(sf);
                }
                Action::Reset(sf) => self.closed(sf, SubflowEnd::Local),
                Action::WakeWriter => drop(self.mpcb.snd_release()),
                _ => {}
            }
        }
        panic!("core never comes to an end");
    }

    fn take_in(&mut self) -> bool {
        let mut any = false;
        for sf in self.tcps.keys().copied().collect::<Vec<_>>() {
            let mut steps = 0;
            while self.take_step(sf) {
                any = true;
                steps += 1;
                assert!(steps < ENDLESS, "mp_do_reass() never says wait");
            }
        }
        any
    }

    fn take_step(&mut self, sf: SubflowId) -> bool {
        let Some(tcp) = self.tcps.get_mut(&sf) else { return false };
        let unread = tcp.unread;
        let mut cut = |bytes: u32| {
            assert!(u64::from(bytes) <= unread, "{bytes} bytes wanted of {unread}");
            tcp.unread = unread - u64::from(bytes);
        };
        match self.mpcb.mp_do_reass(sf, u32::try_from(unread).unwrap_or(u32::MAX), self.now) {
            RxStep::Wait => return false,
            RxStep::Sum { len } => {
                assert!(u64::from(len) <= unread);
                let mut sum = Sum::new();
                sum.add_bytes(&vec![0; len as usize]);
                self.mpcb.rx_sum(sf, sum, self.now);
            }
            RxStep::Discard { len } => cut(len),
            RxStep::Deliver { skip, len, cut: behind } => {
                cut(skip + len + behind);
                self.delivered += u64::from(len);
            }
            RxStep::Hold { skip, len, cut: behind } => {
                cut(skip + len + behind);
                self.next_token += 1;
                if self.mpcb.rx_hold(self.next_token).is_ok() {
                    self.held.insert(self.next_token);
                }
            }
            RxStep::DeliverHeld { token, len, .. } => {
                assert!(self.held.remove(&token), "a buffer that was never held");
                self.delivered += u64::from(len);
            }
            RxStep::FreeHeld { token } => assert!(self.held.remove(&token), "a buffer that was never held"),
        }
        true
    }

    fn check(&self) {
        let mpcb = &self.mpcb;
        assert!(mpcb.sb_cc() <= mpcb.sb_actual(), "more without DATA_ACK than is held");
        assert!(mpcb.memory().0 <= POOL, "{} octets of memory", mpcb.memory().0);
        assert_eq!(mpcb.stats().bytes_delivered, self.delivered, "delivered");
        assert!(mpcb.subflow_ids().count() <= 5, "more subflows than allowed");
        if mpcb.ended().is_some() {
            assert_eq!(mpcb.next_timer(), None, "a timer after the end");
        }
    }

    /// Everything is given back, each buffer once.
    fn finish(mut self) {
        while let Some(token) = self.mpcb.tear_down() {
            assert!(self.held.remove(&token), "a buffer that was never held");
        }
        for (sf, mut tcp) in self.tcps {
            self.mpcb.sync_tx(sf, &mut tcp.tx);
        }
        assert!(self.held.is_empty(), "buffers that nobody freed: {:?}", self.held);
        assert_eq!(self.mpcb.memory().0, 0, "octets of memory that were never given back");
    }
}

/// Carries packets over a path; nothing may be invented out of nothing.
pub(crate) fn carry<'a>(cfg: &PathConfig, packets: impl Iterator<Item = &'a [u8]>) {
    let mut path = Path::new(cfg.clone(), 7);
    let mut now = Instant::from_millis(1);
    let mut pushed = 0_u64;
    for (packet, direction) in packets.take(64).zip(Direction::BOTH.into_iter().cycle()) {
        path.push(now, direction, packet.to_vec());
        pushed += 1;
        now = now + Duration::from_millis(1);
    }
    let mut came = 0_u64;
    // Two hours: no delay is longer than one.
    for _ in 0..10_000 {
        while path.poll(now).is_some() {
            came += 1;
        }
        match path.next_due() {
            Some(at) => now = at.max(now + Duration::from_micros(1)),
            None => break,
        }
    }
    assert!(path.is_idle(), "packets that never arrive");
    assert!(came <= pushed * 4, "{came} packets of {pushed}");
}
