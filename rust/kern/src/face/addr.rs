//! Addresses, both ways.

use crate::abi;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

/// C's form of an address with a port.
pub(super) fn from_socket(socket: SocketAddr) -> abi::mptcp_core_addr {
    let mut out = abi::mptcp_core_addr { ip: [0; 16], port: socket.port(), family: 4, pad: 0 };
    match socket.ip() {
        IpAddr::V4(v4) => {
            for (to, from) in out.ip.iter_mut().zip(v4.octets()) {
                *to = from;
            }
        }
        IpAddr::V6(v6) => {
            out.family = 6;
            out.ip = v6.octets();
        }
    }
    out
}

/// C's form of an address without a port.
pub(super) fn from_ip(ip: IpAddr) -> abi::mptcp_core_addr {
    from_socket(SocketAddr::new(ip, 0))
}

/// What C wrote. A family that is not 6 counts as 4: the glue knows no other.
pub(super) fn to_ip(addr: &abi::mptcp_core_addr) -> IpAddr {
    if addr.family == 6 {
        return IpAddr::from(addr.ip);
    }
    let [a, b, c, d, ..] = addr.ip;
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

/// Likewise with the port.
pub(super) fn to_socket(addr: &abi::mptcp_core_addr) -> SocketAddr {
    SocketAddr::new(to_ip(addr), addr.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_back_as_it_was() {
        for text in ["192.0.2.7:80", "[2001:db8::9]:65535", "0.0.0.0:0"] {
            let socket: SocketAddr = text.parse().unwrap();
            assert_eq!(to_socket(&from_socket(socket)), socket);
        }
    }
}
