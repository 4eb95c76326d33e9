//! Linux as a reader that is slower than the network: nobody resets a path that works.

use std::io::Read;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::bed::{Opener, Plan, cannot_run};
use super::judge::{Count, LINUX_JOINED, LINUX_WAS_JOINED};
use super::transfer::send;

/// What the reader takes, in octets a second: less than each of the paths carries.
const RATE: f64 = 5e6;
/// And for how long. Resets came within three seconds.
const READING: Duration = Duration::from_secs(6);

/// Reads at [`RATE`] for a while, in bursts as a program does that limits its rate, then to the end of the file.
fn read_slowly(mut from: &TcpStream) -> Result<u64> {
    from.set_read_timeout(Some(Duration::from_secs(25)))?;
    let (start, mut read) = (Instant::now(), 0_u64);
    let mut chunk = vec![0; 1 << 16];
    loop {
        let ahead = read as f64 / RATE - start.elapsed().as_secs_f64();
        if ahead > 0.1 && start.elapsed() < READING {
            thread::sleep(Duration::from_millis(200));
        }
        let len = from.read(&mut chunk)?;
        if len == 0 {
            return Ok(read);
        }
        read += len as u64;
    }
}

#[test]
fn a_slow_reader_costs_no_path() -> Result<()> {
    if cannot_run("a_slow_reader_costs_no_path") {
        return Ok(());
    }
    for opener in Opener::BOTH {
        let (bed, joined) = match opener {
            Opener::Ours => (Plan::new(2).extra(false).build()?, LINUX_WAS_JOINED),
            Opener::Linux => (Plan::new(2).endpoints("subflow").build()?, LINUX_JOINED),
        };
        let pair = bed.connect(opener)?;
        let bytes = (RATE * READING.as_secs_f64()) as u64 + (32 << 20);
        let (read, sent) = thread::scope(|scope| {
            let sending = scope.spawn(|| send(&pair.ours, bytes, 1));
            (read_slowly(&pair.linux), sending.join().unwrap())
        });
        let knows = bed.knows();
        ensure!(
            sent.is_ok() && read.as_ref().is_ok_and(|read| *read == bytes),
            "{sent:?} {read:?} of {bytes}\n{knows}"
        );
        let core = bed.our_mptcp()?.core;
        println!(
            "{opener:?} opens: {} stalls, {} recoveries, {} bytes sent again",
            core.stalls, core.recoveries, core.bytes_reinjected
        );
        ensure!(core.rejoins == 0, "a path was given up\n{knows}");
        drop(pair);
        // No MPRstRx, nor anything else that was not asked for.
        bed.judge(&[&joined, &[("MPCurrEstab", Count::Any)]])?;
        bed.all_closed()?;
    }
    Ok(())
}
