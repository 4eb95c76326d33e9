//! What really happened on the wire in a run: the judge explains ends by it, not by what was drawn.

use crate::host::Host;
use crate::packet::Packet;
use crate::tcp::MOST_TIMEOUTS;
use mptcp_core::error::ConnError;
use mptcp_core::handshake::FallbackReason;
use mptcp_wire::tcp_options::mptcp_options;
use mptcp_wire::{AddAddrForm, MpOption};
use std::collections::HashMap;
use std::net::IpAddr;

/// How many packets of a kind left, and how many arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Delivery {
    pub sent: u32,
    pub arrived: u32,
}

impl Delivery {
    /// It was sent and all of it was lost, overtaken or stripped.
    const fn never_came(self) -> bool {
        self.sent > 0 && self.arrived == 0
    }
}

/// What one host had met when it became plain TCP.
#[derive(Clone, Copy, Debug)]
pub struct Fall {
    pub reason: FallbackReason,
    /// SYNs of the opener with MP_CAPABLE.
    syns: Delivery,
    /// Its later segments with MP_CAPABLE: the third ACK, the first data.
    acks: Delivery,
    /// Packets on their way to this host that lost their options.
    stripped: u64,
    /// Packets on their way to either host that lost their options.
    stripped_at_all: u64,
    /// Packets on their way to either host whose payload was changed.
    corrupted: u64,
    peer_fell: bool,
    /// Nothing but DATA_FINs was sent, and these or the answers got lost: as if options were stripped.
    unanswered: bool,
}

impl Fall {
    /// It fell back because it heard nothing, though its peer speaks MPTCP.
    pub const fn went_unanswered(&self) -> bool {
        self.unanswered
    }

    /// Whether the packets explain why `side` is plain TCP now (RFC 8684 sections 3.1 and 3.7).
    pub const fn is_explained(&self, side: usize, syn_tries: u32) -> bool {
        match self.reason {
            // The responder saw a SYN without MP_CAPABLE: those with it got lost, or were stripped.
            FallbackReason::NoCapable if side == 1 => {
                self.syns.arrived == 0 && (self.syns.sent >= syn_tries || self.stripped > 0)
            }
            FallbackReason::NoCapable => self.peer_fell || self.stripped > 0,
            // A SYN/ACK that was stripped made the opener plain TCP already.
            FallbackReason::NoCapableInAck => side == 1 && (self.acks.never_came() || self.peer_fell),
            // Where ours are stripped the peer is silent: a DATA_FIN alone is not acknowledged by TCP either.
            FallbackReason::NoDss => self.stripped_at_all > 0 || self.peer_fell || self.unanswered,
            FallbackReason::Checksum => self.corrupted > 0,
            // The peer found out, of itself or because we had fallen back.
            FallbackReason::PeerFailed => {
                self.corrupted > 0 || self.stripped_at_all > 0 || self.peer_fell || self.unanswered
            }
            _ => false,
        }
    }
}

/// What the options of a packet are about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks {
    capable: bool,
    /// A mapping: of its payload, or of a DATA_FIN.
    map: bool,
    /// A DATA_FIN and no payload.
    fin: bool,
    dss: bool,
    fail: bool,
    any: bool,
}

impl Marks {
    pub fn of(packet: &Packet) -> Marks {
        let mut marks = Marks { any: !packet.options.is_empty(), ..Marks::default() };
        for option in mptcp_options(&packet.options).flatten() {
            match option {
                MpOption::Capable(capable) => {
                    marks.capable = true;
                    marks.map |= capable.data.is_some();
                }
                MpOption::Dss(dss) => {
                    marks.dss = true;
                    marks.map |= dss.map.is_some();
                    marks.fin |= dss.data_fin && packet.payload.is_empty();
                }
                MpOption::Fail(_) => marks.fail = true,
                _ => {}
            }
        }
        marks
    }
}

/// One direction of one path.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// A mapping has passed.
    mapped: bool,
    /// A DSS has passed.
    dss: bool,
}

/// See the module's head. Index of the arrays: the side towards which packets go, unless said otherwise.
#[derive(Debug, Default)]
pub struct Evidence {
    syns: Delivery,
    acks: Delivery,
    /// Packets that lost their options.
    pub stripped: [u64; 2],
    /// Packets whose payload was changed.
    pub corrupted: [u64; 2],
    /// RSTs that got lost.
    pub lost_rsts: [u64; 2],
    /// Packets that got lost, either way, since the last one that arrived at this host.
    lost_since: [u32; 2],
    /// The host's connection timed out when as many packets had got lost since it last heard anything as TCP has tries.
    pub gave_up: [bool; 2],
    ended: [bool; 2],
    /// Packets that got lost.
    lost: u64,
    /// DATA_FINs without payload that a side sent, and DSSs that reached it.
    fins: [u64; 2],
    dss: [u64; 2],
    pub falls: [Option<Fall>; 2],
    /// A mapping was stripped where others had passed before (RFC 8684 section 3.7: the subflow is broken).
    pub stripped_midway: bool,
    /// A host had more than one subflow that may carry data.
    pub several: bool,
    /// Both hosts had the same subflow established on a path that changes nothing.
    pub whole: bool,
    ways: Vec<[Way; 2]>,
    /// Addresses of the peer that this side may join, by id.
    announced: [HashMap<u8, IpAddr>; 2],
}

impl Evidence {
    pub fn new(paths: usize, primaries: [IpAddr; 2]) -> Self {
        let mut evidence = Evidence { ways: vec![[Way::default(); 2]; paths], ..Evidence::default() };
        evidence.announced[0].insert(0, primaries[1]);
        evidence.announced[1].insert(0, primaries[0]);
        evidence
    }

    /// `side` sent `packet`, whose options were `before` and are now what the path made of them.
    pub fn sent(&mut self, side: usize, path: usize, before: Marks, packet: &Packet, lost: bool, corrupted: bool) {
        let to = 1 - side;
        let is_join = packet.flags.syn && side == 0 && !before.capable;
        if side == 0 && before.capable {
            if packet.flags.syn { self.syns.sent += 1 } else { self.acks.sent += 1 }
        }
        if is_join && before.any {
            let allowed = self.announced[side].values().any(|addr| *addr == packet.to.ip());
            assert!(allowed, "side {side} joins {}, which the peer has taken back, or never announced", packet.to);
        }
        self.fins[side] += u64::from(before.fin);
        if lost {
            self.lost_since.iter_mut().for_each(|count| *count += 1);
        } else {
            self.lost_since[to] = 0;
        }
        self.lost += u64::from(lost);
        if lost {
            self.lost_rsts[to] += u64::from(packet.flags.rst);
            return;
        }
        self.corrupted[to] += u64::from(corrupted);
        let way = &mut self.ways[path][to];
        if before.any && packet.options.is_empty() {
            self.stripped[to] += 1;
            // A DATA_FIN or MP_FAIL that is stripped of a pure ACK leaves nothing that could be missed.
            self.stripped_midway |= (before.map && way.mapped) || ((before.fin || before.fail) && way.dss);
        } else {
            way.dss |= before.dss;
            way.mapped |= before.map;
        }
    }

    /// `packet` has reached `side`, whose host is about to take it in. Whether it announces an address.
    pub fn arrives(&mut self, side: usize, packet: &Packet, host: &Host) -> bool {
        let mut announces = false;
        let marks = Marks::of(packet);
        if side == 1 && marks.capable {
            if packet.flags.syn { self.syns.arrived += 1 } else { self.acks.arrived += 1 }
        }
        self.dss[side] += u64::from(marks.dss);
        if !marks.any || !host.listens(packet) {
            return false;
        }
        for option in mptcp_options(&packet.options).flatten() {
            match option {
                MpOption::AddAddr(add) if add.form != AddAddrForm::Echo => {
                    announces = true;
                    self.announced[side].insert(add.addr_id, add.addr);
                }
                MpOption::RemoveAddr(ids) => {
                    for id in ids.iter() {
                        self.announced[side].remove(&id);
                    }
                }
                _ => {}
            }
        }
        announces
    }

    /// Looks at what `side` has become.
    pub fn look(&mut self, side: usize, host: &Host) {
        if host.ended.is_some() && !self.ended[side] {
            self.ended[side] = true;
            let tries_lost = self.lost_since[side] >= MOST_TIMEOUTS;
            self.gave_up[side] = host.ended == Some(ConnError::TimedOut) && tries_lost;
        }
        if self.falls[side].is_some() {
            return;
        }
        let reason = host.plain.or_else(|| host.mpcb.as_ref().and_then(|mpcb| mpcb.fallback_reason()));
        self.falls[side] = reason.map(|reason| Fall {
            reason,
            syns: self.syns,
            acks: self.acks,
            stripped: self.stripped[side],
            stripped_at_all: self.stripped[0] + self.stripped[1],
            corrupted: self.corrupted[0] + self.corrupted[1],
            peer_fell: self.falls[1 - side].is_some(),
            unanswered: (0..2).any(|of| self.dss[of] == 0 && self.fins[of] >= 2 && self.lost >= self.fins[of]),
        });
    }
}
