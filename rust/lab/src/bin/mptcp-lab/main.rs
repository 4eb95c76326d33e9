//! The lab's command: one subcommand for each thing that it can do.

/// Prints a line to standard output. Where nobody reads any more (a closed pipe), the run goes on for its verdict.
macro_rules! say {
    ($($arg:tt)*) => {
        drop(std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("{}\n", format_args!($($arg)*))))
    };
}

mod check;
mod cleanup;
mod demo;
mod gateway;
mod link;
mod measure;
mod sim;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Multipath TCP in user space: emulated links, measurements, clean-up.
#[derive(Debug, Parser)]
#[command(name = "mptcp-lab", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Emulate paths in real time between pairs of TUN devices.
    Link(link::Arguments),
    /// Carry connections of ordinary programs over the lab's Multipath TCP.
    Gateway(gateway::Arguments),
    /// Measure the kernel's MPTCP and plain TCP over the paths of the demo.
    Measure(measure::Arguments),
    /// Run seeds of the simulator.
    Sim(sim::Arguments),
    /// Show one connection over two paths, with the Linux kernel or simulated; writes a report.
    Demo(demo::Arguments),
    /// Say whether the interop tests can run on this machine, and what is missing.
    Check,
    /// Remove namespaces that a killed run left behind.
    Cleanup,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Link(arguments) => link::run(&arguments),
        Command::Gateway(arguments) => gateway::run(&arguments),
        Command::Measure(arguments) => measure::run(&arguments),
        Command::Sim(arguments) => sim::run(&arguments),
        Command::Demo(arguments) => demo::run(&arguments),
        Command::Check => check::run(),
        Command::Cleanup => cleanup::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // On one line, and without a backtrace whatever RUST_BACKTRACE says: users read this.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
