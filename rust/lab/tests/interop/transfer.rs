//! Random bytes from one program to the other, with the same SHA-256 at both ends.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use mptcp_lab::clock::Clock;
use mptcp_lab::link::LinkRng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use super::bed::{Bed, Pair};

/// What the acceptance tests send.
pub(crate) const FILE: u64 = 64 << 20;

/// A program that cannot go on for so long has failed.
const STALL: Duration = super::judge::LIMIT;

/// Which of the two programs sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sender {
    Ours,
    Linux,
}

impl Sender {
    pub(crate) const BOTH: [Sender; 2] = [Sender::Ours, Sender::Linux];
}

/// Something to be done when so many bytes have arrived.
pub(crate) type Deed<'a> = (u64, &'a dyn Fn(&Bed) -> Result<()>);

impl Pair {
    pub(crate) fn ends(&self, sender: Sender) -> (&TcpStream, &TcpStream) {
        match sender {
            Sender::Ours => (&self.ours, &self.linux),
            Sender::Linux => (&self.linux, &self.ours),
        }
    }
}

/// Sends a file and the end of the file; with `deeds`, in the order of their bytes, on the way. An error
/// says what both sides knew. Returns how long it took.
pub(crate) fn transfer(bed: &Bed, pair: &Pair, sender: Sender, bytes: u64, deeds: &[Deed<'_>]) -> Result<Duration> {
    let (from, to) = pair.ends(sender);
    let arrived = AtomicU64::new(0);
    let clock = Clock::start();
    let result = thread::scope(|scope| {
        let sending = scope.spawn(|| send(from, bytes, bytes));
        let receiving = scope.spawn(|| receive(to, &arrived));
        let mut left = deeds.iter();
        let mut next = left.next();
        while !receiving.is_finished() {
            if let Some((_, act)) = next.filter(|(at, _)| arrived.load(Ordering::Relaxed) >= *at) {
                act(bed)?;
                next = left.next();
            }
            thread::sleep(Duration::from_millis(2));
        }
        let (sent, got) = (sending.join().unwrap(), receiving.join().unwrap());
        ensure!(next.is_none(), "the transfer ended before everything was done that should happen on the way");
        let (sent, got) = (sent.context("sending failed")?, got.context("receiving failed")?);
        ensure!(arrived.load(Ordering::Relaxed) == bytes, "{arrived:?} of {bytes} bytes arrived");
        ensure!(sent == got, "what arrived is not what was sent");
        Ok(())
    });
    let arrived = arrived.into_inner();
    let took = Duration::from_micros(clock.now().micros());
    let ms = took.as_millis();
    println!("{arrived} bytes in {ms} ms, {:.1} Mbit/s", arrived as f64 * 8e-3 / (ms.max(1) as f64));
    result
        .map(|()| took)
        .with_context(|| format!("{sender:?} sends; {arrived} of {bytes} bytes after {ms} ms\n{}", bed.knows()))
}

/// Writes so many random bytes and the end of the file; returns their digest.
pub(crate) fn send(mut to: &TcpStream, bytes: u64, seed: u64) -> Result<[u8; 32]> {
    to.set_write_timeout(Some(STALL))?;
    let mut random = LinkRng::seed_from_u64(seed);
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    let mut left = bytes;
    while left > 0 {
        let len = usize::try_from(left.min(chunk.len() as u64))?;
        random.fill_bytes(&mut chunk[..len]);
        hash.update(&chunk[..len]);
        to.write_all(&chunk[..len])?;
        left -= len as u64;
    }
    to.shutdown(Shutdown::Write)?;
    Ok(hash.finalize().into())
}

/// Reads to the end of the file; returns the digest.
pub(crate) fn receive(mut from: &TcpStream, arrived: &AtomicU64) -> Result<[u8; 32]> {
    from.set_read_timeout(Some(STALL))?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        let len = from.read(&mut chunk)?;
        if len == 0 {
            return Ok(hash.finalize().into());
        }
        hash.update(&chunk[..len]);
        arrived.fetch_add(len as u64, Ordering::Relaxed);
    }
}
