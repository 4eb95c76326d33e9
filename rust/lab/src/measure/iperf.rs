//! An unmodified iperf3 between two namespaces.

use std::net::IpAddr;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Progress;
use crate::clock::Clock;
use crate::netns::{Background, Interrupt, Namespace, listens};

const PORT: u16 = 5201;

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub struct Iperf {
    /// Address of the server, and so the first path.
    pub server: IpAddr,
    /// Both programs use MPTCP sockets (`mptcpize run`).
    pub mptcp: bool,
    /// The server sends.
    pub reverse: bool,
    /// Seconds of transfer.
    pub seconds: u32,
}

/// What iperf3 says about a transfer.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Throughput {
    /// Payload that the receiver got, in Mbit/s (1,000,000 bits).
    pub received_mbit: f64,
    /// Payload that the sender wrote, in Mbit/s.
    pub sent_mbit: f64,
    /// Length of the transfer in seconds, as the receiver saw it.
    pub seconds: f64,
    /// Retransmitted segments, where the sender knows them (not with MPTCP).
    pub retransmits: u64,
}

impl Iperf {
    /// Runs a server in one namespace and a client in the other, and shows how it goes.
    ///
    /// # Errors
    /// When iperf3 or mptcpize is missing, the transfer fails or stalls, or the user interrupts.
    pub fn run(
        &self,
        client: &Namespace,
        server: &Namespace,
        interrupt: &Interrupt,
        progress: &mut Progress,
    ) -> Result<Throughput> {
        let listener = self.serve(server, interrupt)?;
        self.against(listener, client, interrupt, progress)
    }

    /// Runs a client against a server of [`Iperf::serve`], which may be of another kind and behind another
    /// address than this one says.
    ///
    /// # Errors
    /// As [`Iperf::run`].
    pub fn against(
        &self,
        listener: Background,
        client: &Namespace,
        interrupt: &Interrupt,
        progress: &mut Progress,
    ) -> Result<Throughput> {
        let mut command = self.program(client);
        command.args(["-c", &self.server.to_string(), "-p", &PORT.to_string(), "-J"]);
        command.args(["-t", &self.seconds.to_string()]);
        if self.reverse {
            command.arg("-R");
        }
        let limit = Duration::from_secs(u64::from(self.seconds) + 60);
        let client = Background::spawn(command)?;
        let done = client.wait_and(limit, interrupt, &mut || progress.tick())?;
        let said = listener.kill();
        let result = throughput(&done.stdout);
        result.with_context(|| format!("iperf3 failed: {} {}", done.said(), said.said()))
    }

    /// Starts a server for one client, and returns when it listens.
    ///
    /// # Errors
    /// When it does not start within a minute, or the user interrupts.
    pub fn serve(&self, server: &Namespace, interrupt: &Interrupt) -> Result<Background> {
        let mut command = self.program(server);
        command.args(["-s", "-1", "-p", &PORT.to_string()]);
        let mut listener = Background::spawn(command)?;
        let clock = Clock::start();
        while !listens(listener.id(), PORT) {
            interrupt.check()?;
            if !listener.is_running() || clock.now().micros() > 60_000_000 {
                bail!("the iperf3 server did not start: {}", listener.kill().said());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(listener)
    }

    fn program(&self, host: &Namespace) -> Command {
        if !self.mptcp {
            return host.command("iperf3");
        }
        let mut command = host.command("mptcpize");
        command.args(["run", "iperf3"]);
        command
    }
}

fn throughput(json: &[u8]) -> Result<Throughput> {
    let all: Value = serde_json::from_slice(json).context("iperf3 did not write JSON")?;
    if let Some(error) = all.get("error").and_then(Value::as_str) {
        bail!("{error}");
    }
    let number = |pointer: &str| all.pointer(pointer).and_then(Value::as_f64).with_context(|| format!("no {pointer}"));
    Ok(Throughput {
        received_mbit: number("/end/sum_received/bits_per_second")? / 1e6,
        sent_mbit: number("/end/sum_sent/bits_per_second")? / 1e6,
        seconds: number("/end/sum_received/seconds")?,
        retransmits: number("/end/sum_sent/retransmits").unwrap_or(0.0) as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_iperf3_writes() {
        let json = br#"{"end":{"sum_sent":{"bits_per_second":3e7,"retransmits":4},
            "sum_received":{"bits_per_second":28.5e6,"seconds":20.1}}}"#;
        let expected = Throughput { received_mbit: 28.5, sent_mbit: 30.0, seconds: 20.1, retransmits: 4 };
        assert_eq!(throughput(json).unwrap(), expected);
        let refused = throughput(br#"{"error":"unable to connect"}"#).unwrap_err();
        assert_eq!(refused.to_string(), "unable to connect");
        assert!(throughput(b"").is_err());
    }
}
