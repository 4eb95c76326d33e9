//! What travels on a link, and how it prints in a trace.

use mptcp_core::output::SegFlags;
use mptcp_wire::tcp_options::mptcp_options;
use std::fmt;
use std::net::SocketAddr;

/// A TCP segment; sequence numbers are SSNs (the SYN has 0), whole, not just their low half.
#[derive(Clone, Debug)]
pub struct Packet {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub ssn: u64,
    pub ack: u64,
    pub window: u32,
    pub flags: SegFlags,
    pub options: Vec<u8>,
    pub payload: Vec<u8>,
}

impl Packet {
    /// SSNs that it takes.
    pub fn span(&self) -> u64 {
        self.payload.len() as u64 + u64::from(self.flags.syn) + u64::from(self.flags.fin)
    }
}

impl fmt::Display for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flag = |set, name| if set { name } else { "" };
        write!(
            f,
            "{}>{} {}{}{}{} ssn {}+{} ack {} win {}",
            self.from,
            self.to,
            flag(self.flags.syn, "S"),
            flag(self.flags.fin, "F"),
            flag(self.flags.rst, "R"),
            flag(self.flags.ack, "."),
            self.ssn,
            self.payload.len(),
            self.ack,
            self.window
        )?;
        for option in mptcp_options(&self.options) {
            write!(f, " {option:x?}")?;
        }
        Ok(())
    }
}
