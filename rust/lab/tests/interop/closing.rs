//! Half-close and MP_FASTCLOSE, from either side.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Result, ensure};
use rustix::net::sockopt;

use super::bed::{Bed, Opener, Pair, Plan, cannot_run};
use super::judge::{Count, LIMIT, LINUX_JOINED, LINUX_WAS_JOINED};
use super::transfer::{FILE, Sender, transfer};

/// Two paths, of which the opener of a connection joins the second, and what that leaves behind.
fn joined(opener: Opener) -> Result<(Bed, [(&'static str, Count); 2])> {
    let plan = Plan::new(2);
    Ok(match opener {
        Opener::Ours => (plan.extra(false).build()?, LINUX_WAS_JOINED),
        Opener::Linux => (plan.endpoints("subflow").build()?, LINUX_JOINED),
    })
}

/// A connection on which a few bytes have gone each way, and that has its second subflow.
fn greeted(bed: &Bed, opener: Opener) -> Result<Pair> {
    let pair = bed.connect(opener)?;
    for sender in Sender::BOTH {
        let (mut from, mut to) = pair.ends(sender);
        from.write_all(b"hello")?;
        to.set_read_timeout(Some(LIMIT))?;
        to.read_exact(&mut [0; 5])?;
    }
    bed.until("a second subflow", |s| s.core.joins_opened + s.core.joins_accepted == 1)?;
    Ok(pair)
}

/// One side sends a short request and closes its half; then the other one sends a file, and closes too.
fn half_close(first: Sender) -> Result<()> {
    let second = if first == Sender::Ours { Sender::Linux } else { Sender::Ours };
    for opener in Opener::BOTH {
        let (bed, joined) = joined(opener)?;
        let pair = greeted(&bed, opener)?;
        transfer(&bed, &pair, first, 1000, &[])?;
        // Long enough for everything about the first half to be over.
        sleep(Duration::from_millis(300));
        transfer(&bed, &pair, second, FILE, &[])?;
        bed.our_mptcp()?;
        drop(pair);
        bed.all_closed()?;
        bed.judge(&[&joined])?;
    }
    Ok(())
}

#[test]
fn we_close_our_half() -> Result<()> {
    if cannot_run("we_close_our_half") {
        return Ok(());
    }
    half_close(Sender::Ours)
}

#[test]
fn linux_closes_its_half() -> Result<()> {
    if cannot_run("linux_closes_its_half") {
        return Ok(());
    }
    half_close(Sender::Linux)
}

/// Writes to Linux's program what that does not read, and waits until the first of it is there.
fn write_unread(pair: &Pair) -> Result<()> {
    (&pair.ours).write_all(&[1; 10_000])?;
    pair.linux.set_read_timeout(Some(LIMIT))?;
    ensure!(pair.linux.peek(&mut [0; 1])? == 1, "nothing came");
    Ok(())
}

/// Reads until the connection is broken; true if by a reset.
fn is_reset(mut stream: &TcpStream) -> Result<bool> {
    stream.set_read_timeout(Some(LIMIT))?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(false),
            Ok(_) => {}
            Err(e) => return Ok(e.kind() == ErrorKind::ConnectionReset),
        }
    }
}

/// A program of ours aborts: the kernel's program sees a reset.
#[test]
fn we_abort() -> Result<()> {
    if cannot_run("we_abort") {
        return Ok(());
    }
    for opener in Opener::BOTH {
        let (bed, joined) = joined(opener)?;
        let pair = greeted(&bed, opener)?;
        // Closed unread, which is what makes the kernel abort.
        write_unread(&pair)?;
        sockopt::set_socket_linger(&pair.ours, Some(Duration::ZERO))?;
        drop(pair.ours);
        ensure!(is_reset(&pair.linux)?, "Linux's program saw no reset\n{}", bed.knows());
        let aborted = [("MPFastcloseRx", Count::AtLeast(1)), ("MPRstTx", Count::Any), ("MPRstRx", Count::Any)];
        bed.judge(&[&joined, &aborted])?;
        drop(pair.linux);
        bed.all_closed()?;
    }
    Ok(())
}

/// A program of the kernel's closes with unread data: ours sees a reset.
#[test]
fn linux_aborts() -> Result<()> {
    if cannot_run("linux_aborts") {
        return Ok(());
    }
    for opener in Opener::BOTH {
        let (bed, joined) = joined(opener)?;
        let pair = greeted(&bed, opener)?;
        // Closed unread, which is what makes the kernel abort.
        write_unread(&pair)?;
        drop(pair.linux);
        ensure!(is_reset(&pair.ours)?, "our program saw no reset\n{}", bed.knows());
        ensure!(bed.our_conn()?.core.fastclose_received >= 1, "no MP_FASTCLOSE\n{}", bed.knows());
        let aborted = [("MPFastcloseTx", Count::AtLeast(1)), ("MPRstTx", Count::Any), ("MPRstRx", Count::Any)];
        bed.judge(&[&joined, &aborted])?;
        bed.all_closed()?;
    }
    Ok(())
}
