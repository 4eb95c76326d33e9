//! What is left of connections that are over: nothing, or there is an error in this program.

use super::Host;
use super::conn::Conn;

/// What a host holds beyond its listening ports, and what connections lost sight of when they went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Remains {
    /// Connections.
    pub connections: usize,
    /// Flows that packets could still find.
    pub flows: usize,
    /// Tokens by which a peer could still join.
    pub tokens: usize,
    /// Octets of core's memory that finished connections never gave back.
    pub lost_memory: usize,
    /// Buffers that finished connections held although core did not know of them any more.
    pub lost_buffers: usize,
}

impl Remains {
    /// Whether everything was given back.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Remains::default()
    }
}

impl Host {
    /// What there is now.
    #[must_use]
    pub fn remains(&self) -> Remains {
        Remains {
            connections: self.conns.len(),
            flows: self.sh.tuples.len(),
            tokens: self.sh.tokens.len(),
            lost_memory: self.sh.lost.0,
            lost_buffers: self.sh.lost.1,
        }
    }

    /// A connection of which nothing is left on the wire is let go.
    pub(super) fn let_go(&mut self, mut conn: Conn) {
        let (memory, buffers) = conn.tear_down();
        self.sh.lost.0 += memory;
        self.sh.lost.1 += buffers;
    }
}
