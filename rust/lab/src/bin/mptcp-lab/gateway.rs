//! `mptcp-lab gateway`

use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use mptcp_core::config::{AddressList, SchedulerKind};
use mptcp_lab::clock::Clock;
use mptcp_lab::gateway::{Forward, Gateway, GatewayConfig, Network, Origin, Wire};
use mptcp_lab::host::HostConfig;
use mptcp_lab::netns::Interrupt;
use mptcp_lab::tun::Tun;

/// Carries connections of ordinary programs over the lab's Multipath TCP, until Ctrl-C.
///
/// For each `--tun` a device is created behind which the lab's host is; give the kernel's end an address
/// of the same network and bring it up (`ip addr add 10.1.1.1/24 dev mp0; ip link set mp0 up`), and let
/// the machine forward between it and the peer's network where the peer is not this machine.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A TUN device and the host's address behind it, like `mp0=10.1.1.2/24`. Repeat for more paths; the
    /// first is that of first subflows, and of more than one address on a device, divided by commas, all
    /// use it.
    #[arg(long, required = true)]
    tun: Vec<String>,
    /// Accept connections of programs here (needs a `--connect` each).
    #[arg(long)]
    listen: Vec<SocketAddr>,
    /// Carry those of the `--listen` in the same place to this peer.
    #[arg(long)]
    connect: Vec<SocketAddr>,
    /// Accept Multipath TCP on this port of the host (needs a `--to` each).
    #[arg(long)]
    serve: Vec<u16>,
    /// Carry those of the `--serve` in the same place to this local server.
    #[arg(long)]
    to: Vec<SocketAddr>,
    /// Addresses for extra subflows, parted by blanks, `,backup` behind one that is to be a backup.
    /// Without it: all of the devices but the first.
    #[arg(long)]
    mp_addresses: Option<String>,
    /// Scheduler: `min_rtt` or `round_robin`.
    #[arg(long, default_value = "min_rtt")]
    scheduler: String,
    /// Ask for DSS checksums.
    #[arg(long)]
    checksum: bool,
    /// Largest IP packet.
    #[arg(long, default_value_t = 1500)]
    mtu: usize,
    /// Write what each connection did, as JSON lines, to standard output at the end.
    #[arg(long)]
    json: bool,
}

/// How often the user's interrupt is looked for.
const TICK: Duration = Duration::from_millis(50);

/// Runs a gateway until the user ends it.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let interrupt = Interrupt::install()?;
    let forwards = forwards(arguments)?;
    let (wires, addresses) = wires(&arguments.tun)?;
    let mut host = HostConfig::new(addresses, secret_seed()?);
    if let Some(list) = &arguments.mp_addresses {
        host.mp_addresses = AddressList::parse(list.as_bytes()).map_err(|e| anyhow::anyhow!("--mp-addresses: {e}"))?;
    }
    host.mptcp.scheduler = SchedulerKind::parse(arguments.scheduler.as_bytes())
        .map_err(|_| anyhow::anyhow!("--scheduler {}: min_rtt or round_robin", arguments.scheduler))?;
    host.mptcp.checksum = arguments.checksum;
    host.mtu = arguments.mtu;
    if !(576..=65_535).contains(&host.mtu) {
        bail!("--mtu {}: 576 to 65535", host.mtu);
    }
    let gateway = Gateway::start(GatewayConfig { host, wires, forwards, namespace: None, clock: Clock::start() })?;
    eprintln!("the gateway is at work; Ctrl-C ends it");
    while gateway.is_running() && !interrupt.is_set() {
        thread::sleep(TICK);
    }
    if gateway.accept_waits() > 0 {
        eprintln!("new connections had to wait {} times", gateway.accept_waits());
    }
    if arguments.json && gateway.is_running() {
        print(&gateway)?;
    }
    gateway.stop()
}

fn forwards(arguments: &Arguments) -> Result<Vec<Forward>> {
    if arguments.listen.len() != arguments.connect.len() || arguments.serve.len() != arguments.to.len() {
        bail!("each --listen needs a --connect, and each --serve a --to");
    }
    if arguments.listen.is_empty() && arguments.serve.is_empty() {
        bail!("nothing to carry: give --listen and --connect, or --serve and --to");
    }
    let pairs = arguments.listen.iter().zip(&arguments.connect);
    let out = pairs.map(|(listen, remote)| Forward::ToPeer { listen: *listen, origin: Origin::Any, remote: *remote });
    let pairs = arguments.serve.iter().zip(&arguments.to);
    Ok(out.chain(pairs.map(|(port, to)| Forward::ToServer { port: *port, to: *to })).collect())
}

/// Creates the devices.
fn wires(list: &[String]) -> Result<(Vec<Wire>, Vec<IpAddr>)> {
    let (mut wires, mut addresses) = (Vec::new(), Vec::new());
    for text in list {
        let (device, networks) =
            text.split_once('=').with_context(|| format!("--tun {text}: write DEVICE=ADDRESS/BITS"))?;
        let networks: Vec<Network> =
            networks.split(',').map(str::parse).collect::<Result<_, _>>().with_context(|| format!("--tun {text}"))?;
        addresses.extend(networks.iter().map(|n| n.address));
        wires.push(Wire { fd: Tun::open(device)?.into_fd(), networks });
    }
    // Packets to networks that no device is in leave by the first one.
    if let Some(first) = wires.first_mut() {
        first.networks.push("0.0.0.0/0".parse()?);
        first.networks.push("::/0".parse()?);
    }
    Ok((wires, addresses))
}

/// A seed that nobody can guess.
fn secret_seed() -> Result<u64> {
    use std::io::Read;
    let mut seed = [0; 8];
    std::fs::File::open("/dev/urandom").and_then(|mut f| f.read_exact(&mut seed)).context("/dev/urandom")?;
    Ok(u64::from_ne_bytes(seed))
}

fn print(gateway: &Gateway) -> Result<()> {
    for conn in gateway.stats()? {
        let (past, live) = (conn.past.iter().map(|s| (s, true)), conn.subflows.iter().map(|s| (s, false)));
        let subflows: Vec<_> = past
            .chain(live)
            .map(|(s, over)| {
                serde_json::json!({
                    "over": over,
                    "local": s.local.to_string(),
                    "remote": s.remote.to_string(),
                    "backup": s.backup,
                    "sent": s.octets_sent,
                    "received": s.octets_received,
                    "retransmissions": s.retransmissions,
                    "srtt_us": s.srtt_us,
                })
            })
            .collect();
        let line = serde_json::json!({
            "mptcp": conn.is_mptcp,
            "fallback": conn.fallback.map(|r| format!("{r:?}")),
            "local": conn.local.to_string(),
            "remote": conn.remote.to_string(),
            "read": conn.octets_read,
            "written": conn.octets_written,
            "subflows": subflows,
        });
        say!("{line}");
    }
    Ok(())
}
