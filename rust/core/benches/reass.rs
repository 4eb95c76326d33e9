//! What one piece costs in data-level reassembly: in order, and while 10, 1,000 or 100,000
//! out-of-order ranges are held.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mptcp_core::pool::Pool;
use mptcp_core::reass::{Placement, Reass};
use std::hint::black_box;

/// Payload of a full segment with timestamps and a DSS option.
const MSS: u32 = 1420;
const STEP: u64 = 2 * MSS as u64;

/// A connection that holds `ranges` segments, each behind a gap of one segment.
fn holding(ranges: u64) -> (Reass, Pool) {
    let (mut reass, mut pool) = (Reass::new(0, u32::MAX), Pool::new(usize::MAX));
    for i in 0..ranges {
        take(&mut reass, &mut pool, (i + 1) * STEP);
    }
    (reass, pool)
}

/// One segment arrives at `doff` and is held or delivered, with all that it releases.
fn take(reass: &mut Reass, pool: &mut Pool, doff: u64) -> u64 {
    match reass.arrive(doff, MSS, doff + (1 << 40), pool) {
        Placement::Deliver { .. } => {
            while reass.next_superseded(pool).is_some() {}
            while let Some(ready) = reass.next_ready(pool) {
                black_box(ready);
            }
        }
        Placement::Hold { skip, len, .. } => {
            while reass.next_superseded(pool).is_some() {}
            reass.hold(doff + u64::from(skip), len, doff).expect("it said Hold");
        }
        other => panic!("{other:?}"),
    }
    reass.rcv_nxt()
}

fn in_order(c: &mut Criterion) {
    let mut group = c.benchmark_group("mp_do_reass");
    group.throughput(Throughput::Elements(1));
    group.bench_function("in order", |b| {
        let (mut reass, mut pool) = holding(0);
        let mut doff = 0;
        b.iter(|| doff = take(&mut reass, &mut pool, black_box(doff)));
    });
    group.finish();
}

/// At a steady number of held ranges: a segment far ahead, a look-up in the middle; and from nothing to
/// that number and back in scattered order.
fn out_of_order(c: &mut Criterion) {
    let mut group = c.benchmark_group("mp_do_reass");
    for ranges in [10u64, 1_000, 100_000] {
        group.throughput(Throughput::Elements(2));
        group.bench_function(BenchmarkId::new("append behind and deliver in front", ranges), |b| {
            let (mut reass, mut pool) = holding(ranges);
            let mut behind = (ranges + 1) * STEP;
            let mut front = 0;
            b.iter(|| {
                take(&mut reass, &mut pool, behind);
                behind += STEP;
                // Fills the first gap, which frees the range behind it (at first it is two wide).
                front = take(&mut reass, &mut pool, black_box(front));
            });
            assert!(reass.held_ranges() as u64 >= ranges);
        });
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("classify in the middle", ranges), |b| {
            let (reass, _pool) = holding(ranges);
            let mut at = 0u64;
            b.iter(|| {
                at = (at + 7_919) % ranges;
                black_box(reass.classify((at + 1) * STEP - 700, MSS, u64::MAX >> 2))
            });
        });
        group.throughput(Throughput::Elements(ranges));
        group.bench_function(BenchmarkId::new("hold all in scattered order, then drain", ranges), |b| {
            let stride = if ranges % 7_919 == 0 { 7_907 } else { 7_919 };
            b.iter(|| {
                let (mut reass, mut pool) = holding(0);
                for i in 0..ranges {
                    take(&mut reass, &mut pool, ((i * stride) % ranges + 1) * STEP);
                }
                while reass.drain(&mut pool).is_some() {}
                assert_eq!(pool.used(), 0);
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(2));
    targets = in_order, out_of_order
}
criterion_main!(benches);
