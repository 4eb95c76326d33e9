//! Goodput over the two paths of the demo, ours against Linux's in the same run.

use anyhow::{Result, bail, ensure};
use mptcp_lab::measure::{Reference, Watch, demo_paths, kernel_throughput, ours_throughput};
use mptcp_lab::netns::{Interrupt, Need, not_judged, skip};

use super::bed::alone;

/// Seconds of each transfer, as the bar of Linux's own tests is measured over them.
const SECONDS: u32 = 20;
/// Of the sum of the rates; headers alone cost 0.05.
const LEAST_SHARE: f64 = 0.90;
/// Of what Linux achieves with itself on the same links.
const LEAST_OF_LINUX: f64 = 0.97;
/// A run that fell short, or was taken on a busy machine, is repeated; there are so many.
const TRIES: u32 = 3;

/// A measurement, and whether it counts: the paths were punctual, and the machine was free for the programs.
fn measured(measure: impl Fn() -> Result<Reference>) -> Result<(f64, Option<String>)> {
    let watch = Watch::start();
    let reference = measure()?;
    let freedom = watch.stop();
    let (ratio, late) = (reference.ratio, reference.lateness);
    println!("{:.2} Mbit/s, share {ratio:.3}, {late:?}, {freedom}", reference.throughput.received_mbit);
    let busy = !(late.is_punctual() && freedom.is_free());
    let reason = format!("{ratio:.3} of the rates; {} of {} packets late; {freedom}", late.late, late.packets);
    Ok((ratio, busy.then_some(reason)))
}

fn goodput(test: &str, reverse: bool) -> Result<()> {
    if skip(test, &Need::INTEROP) {
        return Ok(());
    }
    let _alone = alone();
    let (paths, interrupt) = (demo_paths(), Interrupt::default());
    let (mut short, mut busy) = (Vec::new(), None);
    for seed in 1..=u64::from(TRIES) {
        let linux = measured(|| kernel_throughput("Linux", &paths, seed, (true, reverse, SECONDS), &interrupt))?;
        let ours = measured(|| ours_throughput("ours", &paths, seed, (reverse, SECONDS), &interrupt))?;
        // However busy the machine is, some bytes get through.
        ensure!(linux.0 > 0.0 && ours.0 > 0.0, "nothing arrived: Linux {linux:?}, ours {ours:?}");
        if let Some(reason) = ours.1.or(linux.1) {
            busy = Some(reason);
            continue;
        }
        let (ours, linux) = (ours.0, linux.0);
        if ours >= LEAST_SHARE && ours >= LEAST_OF_LINUX * linux {
            return Ok(());
        }
        short.push((ours, linux));
    }
    if let Some(reason) = busy {
        not_judged(test, &reason);
        return Ok(());
    }
    bail!("shares of the sum of the rates, ours and Linux with itself, on a free machine: {short:?}")
}

#[test]
fn goodput_from_us() -> Result<()> {
    goodput("goodput_from_us", false)
}

#[test]
fn goodput_from_linux() -> Result<()> {
    goodput("goodput_from_linux", true)
}
