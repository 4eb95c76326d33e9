//! What one map costs on the way out, and one segment on the way in.

#![allow(missing_docs)] // criterion_group! makes an undocumented public function.

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use mptcp_core::config::Config;
use mptcp_core::crypto::KeyMaterial;
use mptcp_core::handshake::{Agreed, Role};
use mptcp_core::mpcb::{MapGrant, Mpcb, RxStep, SegIn, Start, Want};
use mptcp_core::output::{SegFlags, SegOut, SubflowTx};
use mptcp_core::rng::SeededRng;
use mptcp_core::subflow::SubflowId;
use mptcp_core::time::Instant;
use mptcp_wire::{CapableData, Key, Version};
use std::hint::black_box;

const MSS: u32 = 1400;
const SF: SubflowId = SubflowId::MASTER;

fn agreed(role: Role) -> Agreed {
    let (local, remote) = match role {
        Role::Active => (1, 2),
        Role::Passive => (2, 1),
    };
    let first_data = (role == Role::Passive).then_some(CapableData { len: 1, csum: None });
    Agreed {
        version: Version::V1,
        role,
        local: KeyMaterial::derive(Version::V1, Key(local)),
        remote: KeyMaterial::derive(Version::V1, Key(remote)),
        checksum: false,
        peer_denies_id0: false,
        first_data,
    }
}

/// A sender and a receiver, joined by hand.
struct Pair {
    tx: Mpcb,
    out: SubflowTx,
    rx: Mpcb,
    back: SubflowTx,
    rng: SeededRng,
    ssn: u32,
    now: Instant,
}

fn connection(role: Role) -> Mpcb {
    let addr = "10.0.0.1:1".parse().expect("an address");
    let start = Start { local: addr, remote: addr, snd_window: u32::MAX, rcv_space: 1 << 30 };
    Mpcb::new(&agreed(role), &Config::DEFAULT, &start).expect("memory")
}

fn pair() -> Pair {
    let (tx, rx) = (connection(Role::Active), connection(Role::Passive));
    let (out, back) = (tx.subflow_tx(SF).expect("a subflow"), rx.subflow_tx(SF).expect("a subflow"));
    let mut pair = Pair { tx, out, rx, back, rng: SeededRng::new(1), ssn: 1, now: Instant::from_millis(1) };
    pair.cycle(1);
    pair
}

fn quiet(mpcb: &mut Mpcb, rng: &mut SeededRng, now: Instant) {
    while mpcb.poll_action(now, rng).is_some() {}
}

impl Pair {
    /// One map out: the options of its one segment.
    fn map(&mut self, bytes: u32) -> ([u8; 40], usize) {
        self.tx.snd_append(bytes, self.now);
        self.tx.sync_tx(SF, &mut self.out);
        let MapGrant::Map(grant) = self.tx.mp_get_map(SF, &mut self.out, &Want { room: bytes, mss: MSS }) else {
            panic!("no map");
        };
        assert!(self.tx.map_commit(SF, &mut self.out, &grant, None, self.now));
        let mut options = [0; 40];
        let flags = SegFlags { ack: true, ..SegFlags::default() };
        let used = self.out.options(&SegOut { ssn: self.ssn, len: bytes, flags }, 28, &mut options);
        (options, used)
    }

    /// The segment in: mapped, reassembled, delivered, acknowledged.
    fn receive(&mut self, bytes: u32, options: &[u8]) -> ([u8; 40], usize) {
        let flags = SegFlags { ack: true, ..SegFlags::default() };
        let seg = SegIn { ssn: self.ssn, len: bytes, ack: 1, window: 1 << 30, flags };
        self.rx.segment_in(SF, &seg, options, self.now);
        let mut left = bytes;
        loop {
            match self.rx.mp_do_reass(SF, left, self.now) {
                RxStep::Wait => break,
                RxStep::Deliver { skip, len, cut } => left -= skip + len + cut,
                other => panic!("{other:?}"),
            }
        }
        let _asked = self.rx.set_rcv_space(1 << 30);
        quiet(&mut self.rx, &mut self.rng, self.now);
        self.rx.sync_tx(SF, &mut self.back);
        let mut ack = [0; 40];
        let used = self.back.options(&SegOut { ssn: 1, len: 0, flags }, 28, &mut ack);
        (ack, used)
    }

    fn acknowledge(&mut self, bytes: u32, options: &[u8]) {
        self.ssn = self.ssn.wrapping_add(bytes);
        let flags = SegFlags { ack: true, ..SegFlags::default() };
        let seg = SegIn { ssn: 1, len: 0, ack: self.ssn, window: 1 << 30, flags };
        self.tx.segment_in(SF, &seg, options, self.now);
        quiet(&mut self.tx, &mut self.rng, self.now);
        black_box(self.tx.snd_release());
    }

    fn cycle(&mut self, bytes: u32) {
        let (options, used) = self.map(bytes);
        let (ack, acked) = self.receive(bytes, &options[..used]);
        self.acknowledge(bytes, &ack[..acked]);
    }
}

fn state_size() {
    let mut fresh = connection(Role::Active);
    let (size, empty) = (size_of::<Mpcb>(), fresh.memory().0);
    fresh.set_snd_hiwat(1 << 20);
    let mut pair = pair();
    for _ in 0..100 {
        pair.cycle(MSS);
    }
    println!(
        "state: Mpcb {size} bytes and {empty} of its first subflow; SubflowTx {} bytes; after 100 maps the sender \
         uses {} and the receiver {} bytes of memory",
        size_of::<SubflowTx>(),
        pair.tx.memory().0,
        pair.rx.memory().0
    );
}

fn map(c: &mut Criterion) {
    state_size();
    c.bench_function("map/whole cycle: map, segment_in, mp_do_reass, DATA_ACK", |b| {
        let mut pair = pair();
        b.iter(|| pair.cycle(MSS));
        assert_eq!(pair.tx.sb_cc(), 0, "the benchmark did not do what it says");
    });
    c.bench_function("map/mp_get_map, map_commit, options", |b| {
        b.iter_batched_ref(pair, |pair| black_box(pair.map(MSS)), BatchSize::SmallInput);
    });
    c.bench_function("map/segment_in, mp_do_reass in order", |b| {
        let ready = || {
            let mut pair = pair();
            let segment = pair.map(MSS);
            (pair, segment)
        };
        b.iter_batched_ref(
            ready,
            |(pair, (options, used))| black_box(pair.receive(MSS, &options[..*used])),
            BatchSize::SmallInput,
        );
    });
}

criterion_group!(benches, map);
criterion_main!(benches);
