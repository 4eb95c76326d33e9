//! Two gateways on one wire, and a server that says back what it hears.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread;
use std::time::Duration;

use mptcp_lab::clock::Clock;
use mptcp_lab::gateway::{Forward, Gateway, GatewayConfig, Origin, Wire};
use mptcp_lab::host::HostConfig;

/// A busy machine takes its time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Programs that connect to `listen` reach the local server over both gateways.
pub(crate) struct Bed {
    pub(crate) listen: SocketAddr,
    pub(crate) first: Gateway,
    pub(crate) second: Gateway,
}

impl Bed {
    pub(crate) fn new(server: u16) -> Bed {
        let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let listen = TcpListener::bind((own_address(), 0)).and_then(|l| l.local_addr()).unwrap();
        let (wire_a, wire_b) = UnixDatagram::pair().unwrap();
        let start = |host: IpAddr, wire: UnixDatagram, forward| {
            wire.set_nonblocking(true).unwrap();
            let wire = Wire { fd: wire.into(), networks: vec!["0.0.0.0/0".parse().unwrap()] };
            let (host, forwards) = (HostConfig::new(vec![host], 7), vec![forward]);
            let cfg = GatewayConfig { host, wires: vec![wire], forwards, namespace: None, clock: Clock::start() };
            Gateway::start(cfg).unwrap()
        };
        let remote = SocketAddr::new(b, 80);
        let first = start(a, wire_a, Forward::ToPeer { listen, origin: Origin::Any, remote });
        let to = SocketAddr::from(([127, 0, 0, 1], server));
        let second = start(b, wire_b, Forward::ToServer { port: 80, to });
        Bed { listen, first, second }
    }
}

/// An address of the loopback network that no other test uses, in this process or its child, and no connection comes from: a port of
/// 127.0.0.1 that was free may be some connection's own by the time that the gateway listens.
fn own_address() -> IpAddr {
    static LAST: AtomicU8 = AtomicU8::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    // 127.0.0.1 itself stays free.
    IpAddr::from([127, 64 | (high >> 2), (high << 6) | (low >> 2), (low << 6) | LAST.fetch_add(1, Ordering::Relaxed)])
}

/// Starts the server; its port.
pub(crate) fn echo_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Its client may reset it.
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    port
}

/// A connection over which some octets have gone to the server and come back.
pub(crate) fn echo(to: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"hello").unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"hello");
    stream
}
