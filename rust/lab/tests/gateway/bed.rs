//! Our host (A) and the kernel (B), joined by emulated paths; programs in A's namespace use the gateway.

use std::net::{IpAddr, SocketAddr};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use mptcp_lab::gateway::{Forward, Gateway, GatewayConfig, Network, Origin, Wire};
use mptcp_lab::host::HostConfig;
use mptcp_lab::link::PathConfig;
use mptcp_lab::netns::{Background, HostKind, Interrupt, Need, Side, Testbed, TestbedConfig, address, listens, skip};

/// The port on every side.
pub(crate) const PORT: u16 = 5201;

pub(crate) fn cannot_run(test: &str) -> bool {
    skip(test, &Need::INTEROP)
}

/// Testbed and gateway. Fields are dropped in this order.
pub(crate) struct Bed {
    pub(crate) gateway: Gateway,
    pub(crate) testbed: Testbed,
}

impl Bed {
    /// `tune` adjusts our host; the kernel joins nothing by itself but takes joins.
    pub(crate) fn new(paths: Vec<PathConfig>, tune: impl FnOnce(&mut HostConfig)) -> Result<Bed> {
        let count = u8::try_from(paths.len())?;
        let cfg = TestbedConfig { paths, seed: 1, a: HostKind::Process, b: HostKind::Kernel };
        let mut testbed = Testbed::new(cfg)?;
        testbed.mptcp_endpoints(Side::B, 1, "", false)?;
        let addresses = (0..count).map(|n| address(Side::A, n, false)).collect();
        let mut host = HostConfig::new(addresses, 7);
        tune(&mut host);
        let ends = testbed.take_ends(Side::A).into_iter().zip(0u8..);
        let network = |n: u8| Network { address: address(Side::A, n, false), bits: 24 };
        let wires = ends.map(|(fd, n)| Wire { fd, networks: vec![network(n)] }).collect();
        let here = SocketAddr::from(([127, 0, 0, 1], PORT));
        let gateway = Gateway::start(GatewayConfig {
            host,
            wires,
            forwards: vec![
                Forward::ToPeer {
                    listen: SocketAddr::from(([127, 0, 0, 2], PORT)),
                    origin: Origin::Any,
                    remote: SocketAddr::new(address(Side::B, 0, false), PORT),
                },
                Forward::ToServer { port: PORT, to: here },
            ],
            namespace: Some(testbed.host(Side::A).name().to_owned()),
            clock: testbed.clock(),
        })?;
        Ok(Bed { gateway, testbed })
    }

    /// iperf3 between an ordinary program on our side, behind the gateway, and an MPTCP program on the kernel's.
    /// `ours`: the client is on our side. Returns Mbit/s that the receiver got.
    pub(crate) fn iperf(&self, ours: bool, reverse: bool, seconds: u32) -> Result<f64> {
        let interrupt = Interrupt::default();
        let (a, b) = (self.testbed.host(Side::A), self.testbed.host(Side::B));
        let mut kernel = b.command("mptcpize");
        kernel.args(["run", "iperf3"]);
        let program = a.command("iperf3");
        let (mut server, mut client, to) = if ours {
            (kernel, program, IpAddr::from([127, 0, 0, 2]))
        } else {
            (program, kernel, address(Side::A, 0, false))
        };
        server.args(["-s", "-1", "-p", &PORT.to_string()]);
        if !ours {
            // The gateway has the port of another address.
            server.args(["-B", "127.0.0.1"]);
        }
        let mut server = Background::spawn(server)?;
        while !listens(server.id(), PORT) {
            anyhow::ensure!(server.is_running(), "no server");
            sleep(Duration::from_millis(5));
        }
        client.args(["-c", &to.to_string(), "-p", &PORT.to_string(), "-J", "-t", &seconds.to_string()]);
        if reverse {
            client.arg("-R");
        }
        let limit = Duration::from_secs(u64::from(seconds) + 60);
        let done = Background::spawn(client)?.wait(limit, &interrupt)?;
        let json: serde_json::Value = serde_json::from_slice(&done.stdout)?;
        let rate = json.pointer("/end/sum_received/bits_per_second").and_then(serde_json::Value::as_f64);
        rate.map(|bits| bits / 1e6).with_context(|| format!("iperf3: {} {}", done.said(), server.kill().said()))
    }
}
