//! Parse and emit of the options that every segment or every handshake carries, and the checksum.

use core::hint::black_box;
use core::net::{IpAddr, Ipv6Addr};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mptcp_wire::checksum::{Sum, dss_checksum};
use mptcp_wire::tcp_options::mptcp_options;
use mptcp_wire::{AddAddr, AddAddrForm, CapableData, CapableFlags, DataSeq, Dss, DssMap, Key, MpCapable, MpOption};

fn options() -> [(&'static str, MpOption); 4] {
    let data_ack = Some(DataSeq::Long(0x0102_0304_0506_0708));
    let map = Some(DssMap { dsn: DataSeq::Long(0x1112_1314_1516_1718), ssn: 1, len: 1400, csum: None });
    [
        ("dss_ack", MpOption::Dss(Dss { data_ack, map: None, data_fin: false })),
        ("dss_map", MpOption::Dss(Dss { data_ack, map, data_fin: false })),
        (
            "mp_capable_data",
            MpOption::Capable(MpCapable {
                version: 1,
                flags: CapableFlags::CHECKSUM | CapableFlags::HMAC_SHA,
                sender_key: Some(Key(1)),
                receiver_key: Some(Key(2)),
                data: Some(CapableData { len: 1400, csum: Some(3) }),
            }),
        ),
        (
            "add_addr_v6",
            MpOption::AddAddr(AddAddr {
                addr_id: 1,
                addr: IpAddr::V6(Ipv6Addr::LOCALHOST),
                port: Some(443),
                form: AddAddrForm::Announce { hmac: 4 },
            }),
        ),
    ]
}

fn parse_and_emit(c: &mut Criterion) {
    for (name, option) in options() {
        let mut octets = [0; 40];
        let len = option.emit(&mut octets).unwrap_or(0);
        let octets = &octets[..len];
        c.bench_function(&format!("parse/{name}"), |b| {
            b.iter(|| MpOption::parse(black_box(octets)));
        });
        let mut room = [0; 40];
        c.bench_function(&format!("emit/{name}"), |b| {
            b.iter(|| black_box(&option).emit(black_box(&mut room)));
        });
    }
}

fn walk(c: &mut Criterion) {
    // NOP NOP timestamps, then a DSS with DATA_ACK and mapping: what a data segment carries.
    let mut area = vec![1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];
    let (_, dss) = options()[1];
    let mut octets = [0; 28];
    let len = dss.emit(&mut octets).unwrap_or(0);
    area.extend(&octets[..len]);
    c.bench_function("walk/timestamps_and_dss", |b| {
        b.iter(|| mptcp_options(black_box(&area)).last());
    });
}

fn checksum(c: &mut Criterion) {
    let mut group = c.benchmark_group("checksum");
    for len in [1400_u16, 65000] {
        let payload = vec![0x5a; usize::from(len)];
        group.throughput(Throughput::Bytes(u64::from(len)));
        group.bench_function(format!("dss_{len}"), |b| {
            b.iter(|| {
                let mut sum = Sum::new();
                sum.add_bytes(black_box(&payload));
                dss_checksum(1, 1, len, sum)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, parse_and_emit, walk, checksum);
criterion_main!(benches);
