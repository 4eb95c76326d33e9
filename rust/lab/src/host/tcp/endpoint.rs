//! One smoltcp socket with an interface and a wire of its own.
//!
//! One interface for each subflow, where smoltcp means one for all: a segment finds its socket through the
//! host's own table instead of a walk over all sockets, the number of addresses has no bound, and each
//! socket's random numbers depend on its own seed only.

use std::collections::VecDeque;
use std::net::SocketAddr;

use mptcp_core::time::Instant;
use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::phy::{ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, IpEndpoint};

use super::SEGMENTS_AT_ONCE;
use crate::host::packet::TcpSegment;

/// What an endpoint is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EndpointOptions {
    /// Octets of the largest IP packet.
    pub(crate) mtu: usize,
    /// Decides the initial sequence number.
    pub(crate) seed: u64,
}

/// smoltcp sees none of the peer's data; it wants a window all the same.
const RX_BUFFER: usize = 16;

/// A smoltcp TCP socket that is spoken to in packets.
pub(crate) struct Endpoint {
    iface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    wire: Wire,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("state", &self.state()).finish_non_exhaustive()
    }
}

pub(crate) fn smol(now: Instant) -> smoltcp::time::Instant {
    smoltcp::time::Instant::from_micros(i64::try_from(now.micros()).unwrap_or(i64::MAX))
}

impl Endpoint {
    fn new(local: SocketAddr, options: &EndpointOptions, now: Instant) -> Endpoint {
        let mut wire = Wire { mtu: options.mtu, arrived: None, sent: VecDeque::new() };
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = options.seed;
        let mut iface = Interface::new(config, &mut wire, smol(now));
        let address = IpAddress::from(local.ip());
        iface.update_ip_addrs(|addresses| {
            // The one place that the feature iface-max-addr-count-1 leaves.
            let _ = addresses.push(IpCidr::new(address, address_bits(address)));
        });
        let _ = match address {
            IpAddress::Ipv4(gateway) => iface.routes_mut().add_default_ipv4_route(gateway),
            IpAddress::Ipv6(gateway) => iface.routes_mut().add_default_ipv6_route(gateway),
        };
        let mut socket = tcp::Socket::new(
            tcp::SocketBuffer::new(vec![0; RX_BUFFER]),
            // Data is acknowledged to smoltcp as soon as it is a packet, so that little ever waits here.
            tcp::SocketBuffer::new(vec![0; SEGMENTS_AT_ONCE * options.mtu]),
        );
        socket.set_nagle_enabled(false);
        socket.set_congestion_control(tcp::CongestionControl::None);
        let mut sockets = SocketSet::new(Vec::with_capacity(1));
        let handle = sockets.add(socket);
        Endpoint { iface, sockets, handle, wire }
    }

    /// Connects; the SYN comes out of [`Endpoint::next_output`]. `None` where an address or port is
    /// unspecified.
    pub(crate) fn connect(
        local: SocketAddr,
        remote: SocketAddr,
        options: &EndpointOptions,
        now: Instant,
    ) -> Option<Endpoint> {
        let mut endpoint = Endpoint::new(local, options, now);
        let Endpoint { iface, sockets, handle, .. } = &mut endpoint;
        sockets
            .get_mut::<tcp::Socket<'_>>(*handle)
            .connect(iface.context(), IpEndpoint::from(remote), IpEndpoint::from(local))
            .ok()?;
        Some(endpoint)
    }

    /// Waits for the SYN that is about to be handed to [`Endpoint::input`].
    pub(crate) fn listen(local: SocketAddr, options: &EndpointOptions, now: Instant) -> Option<Endpoint> {
        let mut endpoint = Endpoint::new(local, options, now);
        endpoint.socket().listen(IpEndpoint::from(local)).ok()?;
        Some(endpoint)
    }

    /// The socket.
    pub(crate) fn socket(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.handle)
    }

    /// The state of its connection.
    pub(crate) fn state(&self) -> tcp::State {
        self.sockets.get::<tcp::Socket<'_>>(self.handle).state()
    }

    /// A segment arrives. Answers that smoltcp gives at once wait in [`Endpoint::next_output`].
    pub(crate) fn input(&mut self, now: Instant, segment: &TcpSegment<'_>) {
        self.wire.arrived = Some(segment.build());
        self.iface.poll_ingress_single(smol(now), &mut self.wire, &mut self.sockets);
    }

    /// Lets smoltcp send what it has to, and act on its timers.
    pub(crate) fn egress(&mut self, now: Instant) {
        let Endpoint { iface, sockets, wire, .. } = self;
        while iface.poll_egress(smol(now), wire, sockets) == PollResult::SocketStateChanged {}
    }

    /// The next packet that smoltcp sent; its checksums are not filled in.
    pub(crate) fn next_output(&mut self) -> Option<Vec<u8>> {
        self.wire.sent.pop_front()
    }

    /// When [`Endpoint::egress`] has something to do; perhaps in the past.
    pub(crate) fn next_timer(&mut self, now: Instant) -> Option<Instant> {
        let at = self.iface.poll_at(smol(now), &self.sockets)?;
        Some(Instant::from_micros(u64::try_from(at.total_micros()).unwrap_or(0)))
    }
}

fn address_bits(address: IpAddress) -> u8 {
    match address {
        IpAddress::Ipv4(_) => 32,
        IpAddress::Ipv6(_) => 128,
    }
}

/// The device that smoltcp sees.
struct Wire {
    mtu: usize,
    arrived: Option<Vec<u8>>,
    sent: VecDeque<Vec<u8>>,
}

struct Arrived(Vec<u8>);

impl RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

struct Outlet<'a>(&'a mut VecDeque<Vec<u8>>);

impl TxToken for Outlet<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut packet = vec![0; len];
        let result = f(&mut packet);
        self.0.push_back(packet);
        result
    }
}

impl Device for Wire {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Outlet<'a>;

    fn receive(&mut self, _: smoltcp::time::Instant) -> Option<(Arrived, Outlet<'_>)> {
        let packet = self.arrived.take()?;
        Some((Arrived(packet), Outlet(&mut self.sent)))
    }

    fn transmit(&mut self, _: smoltcp::time::Instant) -> Option<Outlet<'_>> {
        Some(Outlet(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = self.mtu;
        // Packets were checked before they come here, and are summed when they get their options.
        capabilities.checksum = ChecksumCapabilities::ignored();
        capabilities
    }
}
