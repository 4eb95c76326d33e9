//! Linux as a reader that is slower than the network: nobody resets a path that works.

use std::io::Read;
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};
use mptcp_lab::clock::Clock;

use super::bed::{Opener, Plan, cannot_run};
use super::judge::{Count, LINUX_JOINED, LINUX_WAS_JOINED};
use super::transfer::send;

/// What the reader takes, in octets a second: far less than each of the paths carries.
const RATE: f64 = 10e6;
/// And for how long. Resets came within three seconds.
const READING: Duration = Duration::from_secs(6);

/// Reads at [`RATE`] for a while, in bursts as a program does that limits its rate, then to the end of the file.
fn read_slowly(mut from: &TcpStream) -> Result<u64> {
    from.set_read_timeout(Some(Duration::from_secs(25)))?;
    let (clock, mut read) = (Clock::start(), 0_u64);
    let mut chunk = vec![0; 1 << 16];
    loop {
        let elapsed = Duration::from_micros(clock.now().micros());
        let ahead = read as f64 / RATE - elapsed.as_secs_f64();
        if ahead > 0.1 && elapsed < READING {
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
        // Of unequal paths the fast one repeats what the slow one carries, and Linux, full by then, may drop the original.
        let plan = Plan::over(&["rate=400mbit,delay=1ms,queue=256k", "rate=400mbit,delay=12ms,queue=256k"]);
        let (bed, joined) = match opener {
            Opener::Ours => (plan.extra(false).build()?, LINUX_WAS_JOINED),
            Opener::Linux => (plan.endpoints("subflow").build()?, LINUX_JOINED),
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
            "{opener:?} opens: {} stalls, {} recoveries, {} bytes sent again; Linux dropped {} segments for want of room",
            core.stalls,
            core.recoveries,
            core.bytes_reinjected,
            bed.linux()?.get("TcpExtTCPZeroWindowDrop") + bed.linux()?.get("TcpExtBeyondWindow")
        );
        ensure!(core.rejoins == 0, "a path was given up\n{knows}");
        drop(pair);
        // No MPRstRx, nor anything else that was not asked for.
        bed.judge(&[&joined, &[("MPCurrEstab", Count::Any)]])?;
        bed.all_closed()?;
    }
    Ok(())
}
