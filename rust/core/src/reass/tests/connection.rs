//! The bound on held pieces, seen through a whole connection: what is refused was acknowledged by TCP, so that
//! only the peer's data-level retransmission brings it back.

use crate::config::Config;
use crate::crypto::KeyMaterial;
use crate::handshake::{Agreed, Role};
use crate::mpcb::{Mpcb, RxStep, SegIn, Start};
use crate::output::SegFlags;
use crate::seq::wire_dsn;
use crate::subflow::SubflowId;
use crate::time::Instant;
use mptcp_wire::{Dss, DssMap, Key, MpOption, Version};

const SF: SubflowId = SubflowId::MASTER;
const NOW: Instant = Instant::from_millis(1000);

/// A receiver, and the peer's next SSN.
struct Connection {
    mpcb: Mpcb,
    remote_idsn: u64,
    ssn: u32,
    tokens: u64,
}

impl Connection {
    fn new(cfg: &Config, rcv_space: u32) -> Self {
        let addr = "10.0.0.1:1".parse().unwrap();
        let agreed = Agreed {
            version: Version::V1,
            role: Role::Passive,
            local: KeyMaterial::derive(Version::V1, Key(1)),
            remote: KeyMaterial::derive(Version::V1, Key(2)),
            checksum: false,
            peer_denies_id0: false,
            first_data: None,
        };
        let start = Start { local: addr, remote: addr, snd_window: 65_535, rcv_space };
        let mpcb = Mpcb::new(&agreed, cfg, &start).unwrap();
        Connection { mpcb, remote_idsn: agreed.remote.idsn, ssn: 1, tokens: 0 }
    }

    /// The peer sends `len` bytes of data from `doff` on, in order on the subflow. What is said to them first.
    fn arrives(&mut self, doff: u64, len: u16) -> RxStep {
        let map = DssMap { dsn: wire_dsn(doff, self.remote_idsn, true), ssn: self.ssn, len, csum: None };
        let option = MpOption::Dss(Dss { data_ack: None, map: Some(map), data_fin: false });
        let mut area = [0; 40];
        let used = option.emit(&mut area).unwrap();
        let flags = SegFlags { ack: true, ..SegFlags::default() };
        let seg = SegIn { ssn: self.ssn, len: u32::from(len), ack: 1, window: 65_535, flags };
        self.mpcb.segment_in(SF, &seg, &area[..used], NOW);
        self.ssn += u32::from(len);
        let step = self.mpcb.mp_do_reass(SF, u32::from(len), NOW);
        if let RxStep::Hold { .. } = step {
            self.mpcb.rx_hold(self.tokens).unwrap();
            self.tokens += 1;
        }
        while self.mpcb.mp_do_reass(SF, 0, NOW) != RxStep::Wait {}
        step
    }

    /// What our DATA_ACKs say.
    fn data_ack(&self) -> u64 {
        self.mpcb.subflow_tx(SF).unwrap().state.data_ack
    }
}

const TAKEN: RxStep = RxStep::Hold { skip: 0, len: 1, cut: 0 };

#[test]
fn a_peer_gets_past_the_bound_by_filling_the_gap_and_repeating() {
    let mut peer = Connection::new(&Config { reass_maxqueuelen: 4, ..Config::DEFAULT }, 65_535);
    for doff in [3, 5, 7, 9] {
        assert_eq!(peer.arrives(doff, 1), TAKEN);
    }
    for doff in [11, 13, 11] {
        assert_eq!(peer.arrives(doff, 1), RxStep::Discard { len: 1 });
    }
    assert_eq!((peer.mpcb.stats().pieces_held, peer.mpcb.stats().pieces_queue_full), (4, 3));
    assert_eq!((peer.mpcb.stats().refused_no_memory, peer.data_ack()), (0, 1), "refused is not acknowledged");

    assert_eq!(peer.arrives(1, 2), RxStep::Deliver { skip: 0, len: 2, cut: 0 });
    assert_eq!(peer.data_ack(), 4, "and the held piece behind it");
    assert_eq!(peer.arrives(11, 1), TAKEN, "there is a place again");
    assert_eq!(peer.arrives(13, 1), RxStep::Discard { len: 1 });
    for doff in [4, 6, 8, 10, 12] {
        assert_eq!(peer.arrives(doff, 1), RxStep::Deliver { skip: 0, len: 1, cut: 0 });
    }
    assert_eq!((peer.data_ack(), peer.mpcb.held_bytes()), (13, 0));
    assert_eq!(peer.arrives(13, 1), RxStep::Deliver { skip: 0, len: 1, cut: 0 });
}

#[test]
fn one_byte_pieces_cost_a_bounded_number_of_buffers() {
    let mut peer = Connection::new(&Config::DEFAULT, 1 << 20);
    for n in 0..60_000 {
        let _ = peer.arrives(3 + 2 * n, 1);
    }
    assert_eq!(peer.tokens, u64::from(Config::DEFAULT.reass_maxqueuelen));
    let stats = peer.mpcb.stats();
    assert_eq!((stats.pieces_held, stats.pieces_held + stats.pieces_queue_full), (peer.tokens, 60_000));
    assert!(peer.mpcb.memory().1 < 1 << 20, "{} bytes for what is held", peer.mpcb.memory().1);
    assert_eq!(peer.arrives(1, 2), RxStep::Deliver { skip: 0, len: 2, cut: 0 });
}

/// A window of 16 MiB in single segments, all of it ahead of one that a slow path has.
#[test]
fn a_fast_path_beside_a_slow_one_stays_within_the_bound() {
    const MSS: u16 = 1448;
    let window = 16 << 20;
    let mut peer = Connection::new(&Config::DEFAULT, window);
    let segments = u64::from(window) / u64::from(MSS);
    for n in 1..segments {
        let step = peer.arrives(1 + n * u64::from(MSS), MSS);
        assert_eq!(step, RxStep::Hold { skip: 0, len: u32::from(MSS), cut: 0 });
    }
    assert_eq!((peer.mpcb.stats().pieces_queue_full, peer.data_ack()), (0, 1));
    assert_eq!(peer.arrives(1, MSS), RxStep::Deliver { skip: 0, len: u32::from(MSS), cut: 0 });
    assert_eq!(peer.data_ack(), 1 + segments * u64::from(MSS));
}
