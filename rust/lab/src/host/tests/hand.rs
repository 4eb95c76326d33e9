//! The packet-level judge: a host against a peer whose every packet is made by hand.
//!
//! The peer has no TCP and no timers. A test says what it sends, and looks at what the host answered.

use std::net::SocketAddr;
use std::time::Duration;

use mptcp_core::crypto::{KeyMaterial, join_hmac};
use mptcp_core::time::Instant;
use mptcp_wire::checksum::{Sum, dss_checksum};
use mptcp_wire::tcp_options::mptcp_options;
use mptcp_wire::{CapableFlags, DataSeq, Dss, DssMap, Key, MpCapable, MpJoin, MpOption, Version};

use super::world::address;
use crate::host::{ConnId, Flags, Host, HostConfig, TcpSegment};

/// Port of the side that is connected to.
pub(super) const PORT: u16 = 5000;
/// Port of the side that connects, where the hand chooses it.
const FROM: u16 = 40_000;
/// The hand's initial sequence number on every flow.
const ISS: u32 = 7_000;
/// The hand's window; it offers no window scale.
const WINDOW: u16 = 60_000;

/// One packet of the host.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) src: SocketAddr,
    pub(super) dst: SocketAddr,
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: Flags,
    pub(super) window: u16,
    pub(super) options: Vec<MpOption>,
    pub(super) payload: Vec<u8>,
}

impl Sent {
    pub(super) fn is(&self, flags: Flags) -> bool {
        self.flags == flags
    }

    pub(super) fn data_ack(&self) -> Option<DataSeq> {
        self.dss().and_then(|dss| dss.data_ack)
    }

    pub(super) fn dss(&self) -> Option<Dss> {
        self.options.iter().find_map(|option| match option {
            MpOption::Dss(dss) => Some(*dss),
            _ => None,
        })
    }
}

/// One TCP flow as the hand sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    /// The hand's end.
    pub(super) local: SocketAddr,
    /// The host's end.
    pub(super) remote: SocketAddr,
    /// The hand's next sequence number.
    pub(super) seq: u32,
    /// What the hand acknowledges.
    pub(super) ack: u32,
    pub(super) window: u16,
}

/// What the hand puts into one packet beside the flow's numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packet<'a> {
    pub(super) flags: Flags,
    pub(super) options: &'a [MpOption],
    pub(super) payload: &'a [u8],
}

impl Packet<'_> {
    /// An acknowledgement.
    pub(super) const ACK: Packet<'static> = Packet { flags: Flags::ACK, options: &[], payload: &[] };
}

/// The host and the hand.
pub(super) struct Hand {
    pub(super) host: Host,
    pub(super) now: Instant,
    /// What the hand has as key, token and initial data sequence number.
    pub(super) own: KeyMaterial,
    /// What the host has.
    pub(super) theirs: KeyMaterial,
    /// Everything that the host sent.
    pub(super) log: Vec<Sent>,
}

impl Hand {
    /// A host with two addresses, of which it joins from the second.
    pub(super) fn new(tune: impl Fn(&mut HostConfig)) -> Hand {
        let mut cfg = HostConfig::new(vec![address(1, 1), address(1, 2)], 11);
        tune(&mut cfg);
        let own = KeyMaterial::derive(Version::V1, Key(0x1234));
        Hand { host: Host::new(cfg), now: Instant::from_millis(1), own, theirs: own, log: Vec::new() }
    }

    /// Sends a packet, and returns the host's answers.
    pub(super) fn send(&mut self, flow: &mut Flow, packet: Packet<'_>) -> Vec<Sent> {
        let mut options = Vec::new();
        if packet.flags.has(Flags::SYN) {
            // MSS 1400.
            options.extend_from_slice(&[2, 4, 0x05, 0x78]);
        }
        for option in packet.options {
            let mut area = [0; 40];
            let len = option.emit(&mut area).unwrap();
            options.extend_from_slice(&area[..len]);
            options.resize(options.len().next_multiple_of(4), 1);
        }
        let segment = TcpSegment {
            src: flow.local,
            dst: flow.remote,
            seq: flow.seq,
            ack: if packet.flags.has(Flags::ACK) { flow.ack } else { 0 },
            flags: packet.flags,
            window: flow.window,
            options: &options,
            payload: packet.payload,
        };
        flow.seq = flow.seq.wrapping_add(segment.seq_len());
        self.host.packet_in(self.now, &segment.build());
        self.poll()
    }

    /// What the host has to send now.
    pub(super) fn poll(&mut self) -> Vec<Sent> {
        let from = self.log.len();
        self.host.poll(self.now);
        while let Some(packet) = self.host.packet_out() {
            let segment = TcpSegment::parse(&packet).expect("an intact packet");
            self.log.push(Sent {
                src: segment.src,
                dst: segment.dst,
                seq: segment.seq,
                ack: segment.ack,
                flags: segment.flags,
                window: segment.window,
                options: mptcp_options(segment.options).map(|option| option.expect("an option")).collect(),
                payload: segment.payload.to_vec(),
            });
        }
        self.log[from..].to_vec()
    }

    /// Lets time pass; returns what the host sent meanwhile.
    pub(super) fn wait(&mut self, time: Duration) -> Vec<Sent> {
        let (from, end) = (self.log.len(), self.now + time);
        self.poll();
        while let Some(at) = self.host.next_wakeup().filter(|at| *at <= end) {
            self.now = at.max(self.now + Duration::from_micros(1));
            self.poll();
        }
        self.now = end;
        self.log[from..].to_vec()
    }

    fn capable(&self, keys: usize, checksum: bool) -> MpOption {
        let mut flags = CapableFlags::HMAC_SHA;
        flags.set(CapableFlags::CHECKSUM, checksum);
        MpOption::Capable(MpCapable {
            version: 1,
            flags,
            sender_key: (keys > 0).then_some(self.own.key),
            receiver_key: (keys > 1).then_some(self.theirs.key),
            data: None,
        })
    }

    /// The hand opens a connection to the host; `checksum`: it asks for DSS checksums.
    pub(super) fn open(&mut self, checksum: bool) -> (Flow, ConnId) {
        self.host.listen(PORT).unwrap();
        let (local, remote) = (SocketAddr::new(address(2, 1), FROM), SocketAddr::new(address(1, 1), PORT));
        let mut flow = Flow { local, remote, seq: ISS, ack: 0, window: WINDOW };
        let capable = self.capable(0, checksum);
        let answer = self.send(&mut flow, Packet { flags: Flags::SYN, options: &[capable], payload: &[] });
        let [syn_ack] = answer.as_slice() else { panic!("{answer:?}") };
        assert!(syn_ack.is(Flags::SYN.and(Flags::ACK)));
        self.learn_key(syn_ack);
        flow.ack = syn_ack.seq.wrapping_add(1);
        let capable = self.capable(2, checksum);
        self.send(&mut flow, Packet { options: &[capable], ..Packet::ACK });
        let conn = self.host.accept(PORT).expect("a connection");
        assert!(self.host.stats(conn).unwrap().is_mptcp);
        (flow, conn)
    }

    /// The host opens a connection to the hand, which confirms it with a DATA_ACK. Also returned: what the host then
    /// sent, the SYN of its join among it.
    pub(super) fn be_opened(&mut self) -> (Flow, ConnId, Vec<Sent>) {
        let to = SocketAddr::new(address(2, 1), PORT);
        let conn = self.host.connect(address(1, 1), to, self.now).unwrap();
        let sent = self.poll();
        let [syn] = sent.as_slice() else { panic!("{sent:?}") };
        let mut flow = Flow { local: to, remote: syn.src, seq: ISS, ack: syn.seq.wrapping_add(1), window: WINDOW };
        let capable = self.capable(1, false);
        let flags = Flags::SYN.and(Flags::ACK);
        let answer = self.send(&mut flow, Packet { flags, options: &[capable], payload: &[] });
        let [ack] = answer.as_slice() else { panic!("{answer:?}") };
        self.learn_key(ack);
        let dss = self.data_ack(1);
        let sent = self.send(&mut flow, Packet { options: &[dss], ..Packet::ACK });
        assert!(self.host.stats(conn).unwrap().is_mptcp);
        (flow, conn, sent)
    }

    fn learn_key(&mut self, segment: &Sent) {
        let key = segment.options.iter().find_map(|option| match option {
            MpOption::Capable(capable) => capable.sender_key,
            _ => None,
        });
        self.theirs = KeyMaterial::derive(Version::V1, key.expect("a key"));
    }

    /// A DATA_ACK for the host's data below offset `doff` (the first octet has 1).
    pub(super) fn data_ack(&self, doff: u64) -> MpOption {
        let data_ack = Some(DataSeq::Long(self.theirs.idsn.wrapping_add(doff)));
        MpOption::Dss(Dss { data_ack, map: None, data_fin: false })
    }

    /// A mapping of `len` octets of the hand's data from offset `doff` on to the flow's offset `ssn`.
    pub(super) fn map(&self, doff: u64, ssn: u32, len: u16) -> DssMap {
        DssMap { dsn: DataSeq::Long(self.own.idsn.wrapping_add(doff)), ssn, len, csum: None }
    }

    /// The same with the checksum over `data`.
    pub(super) fn summed(&self, doff: u64, ssn: u32, data: &[u8]) -> DssMap {
        let (mut sum, len) = (Sum::new(), u16::try_from(data.len()).unwrap());
        sum.add_bytes(data);
        let csum = dss_checksum(self.own.idsn.wrapping_add(doff), ssn, len, sum);
        DssMap { csum: Some(csum), ..self.map(doff, ssn, len) }
    }

    /// A SYN with MP_JOIN from the hand's second address to `to`.
    pub(super) fn join(&mut self, to: SocketAddr) -> (Flow, Vec<Sent>) {
        let local = SocketAddr::new(address(2, 2), FROM);
        let mut flow = Flow { local, remote: to, seq: ISS, ack: 0, window: WINDOW };
        let join = MpOption::Join(MpJoin::Syn { backup: false, addr_id: 2, token: self.theirs.token, nonce: 99 });
        let sent = self.send(&mut flow, Packet { flags: Flags::SYN, options: &[join], payload: &[] });
        (flow, sent)
    }

    /// The flow that a SYN of the host begins, and the right MP_JOIN for its SYN/ACK.
    pub(super) fn joined(&self, syn: &Sent) -> (Flow, MpOption) {
        let flow = Flow { local: syn.dst, remote: syn.src, seq: ISS, ack: syn.seq.wrapping_add(1), window: WINDOW };
        let theirs = syn.options.iter().find_map(|option| match option {
            MpOption::Join(MpJoin::Syn { nonce, token, .. }) => Some((*nonce, *token)),
            _ => None,
        });
        let (nonce, token) = theirs.expect("MP_JOIN");
        assert_eq!(token, self.own.token);
        let hmac = join_hmac(Version::V1, self.own.key, self.theirs.key, 77, nonce).trunc64();
        (flow, MpOption::Join(MpJoin::SynAck { backup: false, addr_id: 0, hmac, nonce: 77 }))
    }
}

/// The SYN with MP_JOIN among some packets.
pub(super) fn join_syn(sent: &[Sent]) -> Sent {
    let joins = |sent: &&Sent| sent.is(Flags::SYN) && matches!(sent.options.as_slice(), [MpOption::Join(_)]);
    sent.iter().find(joins).expect("a SYN with MP_JOIN").clone()
}

/// Whether a packet is between these two.
pub(super) fn between(sent: &Sent, flow: &Flow) -> bool {
    (sent.src, sent.dst) == (flow.remote, flow.local)
}
