//! A hundred connections at once.

use std::sync::atomic::AtomicU64;
use std::thread;

use anyhow::{Context, Result, ensure};

use super::bed::{Opener, Plan, cannot_run};
use super::judge::Count;
use super::transfer::{FILE, receive, send};

const CONNECTIONS: u64 = 100;

/// Half of them send, half receive; all exist before the first byte is sent. Each takes its part of the file.
fn a_hundred(opener: Opener) -> Result<()> {
    let bed = Plan::new(1).build()?;
    let pairs = (0..CONNECTIONS).map(|_| bed.connect(opener)).collect::<Result<Vec<_>>>()?;
    let bytes = FILE / CONNECTIONS;
    thread::scope(|scope| {
        let mut ends = Vec::new();
        for (n, pair) in (0..).zip(&pairs) {
            let (from, to) = if n % 2 == 0 { (&pair.ours, &pair.linux) } else { (&pair.linux, &pair.ours) };
            let sending = scope.spawn(move || send(from, bytes, n));
            let receiving = scope.spawn(move || receive(to, &AtomicU64::new(0)));
            ends.push((sending, receiving));
        }
        for (n, (sending, receiving)) in ends.into_iter().enumerate() {
            let sent = sending.join().unwrap().with_context(|| format!("connection {n} cannot send"))?;
            let got = receiving.join().unwrap().with_context(|| format!("connection {n} cannot receive"))?;
            ensure!(sent == got, "what arrived on connection {n} is not what was sent");
        }
        Ok(())
    })?;
    let stats = bed.ours()?;
    ensure!(stats.len() as u64 == CONNECTIONS && stats.iter().all(|s| s.is_mptcp), "not all are MPTCP");
    let opened = match opener {
        Opener::Ours => ("MPCapableACKRX", Count::Is(CONNECTIONS)),
        Opener::Linux => ("MPCapableSYNACKRX", Count::Is(CONNECTIONS)),
    };
    bed.judge(&[&[opened]])?;
    drop(pairs);
    bed.all_closed()
}

#[test]
fn a_hundred_connections_from_us() -> Result<()> {
    if cannot_run("a_hundred_connections_from_us") {
        return Ok(());
    }
    a_hundred(Opener::Ours)
}

#[test]
fn a_hundred_connections_from_linux() -> Result<()> {
    if cannot_run("a_hundred_connections_from_linux") {
        return Ok(());
    }
    a_hundred(Opener::Linux)
}
