//! One kernel TCP connection and the host's connection that it is carried over.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use mptcp_core::error::ConnError;
use mptcp_core::time::Instant;
use rustix::net::sockopt;

use crate::host::{ConnId, Host};

/// Octets moved at a time.
const CHUNK: usize = 64 * 1024;

/// Both ends of a relayed connection.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) conn: ConnId,
    app: TcpStream,
    /// The local server has not yet accepted.
    connecting: bool,
    /// Octets from the peer that the application's socket has not taken.
    pending: Vec<u8>,
    /// The application wrote its end of file, and it was passed on.
    app_eof: bool,
    /// The peer's end of file was passed on to the application.
    peer_eof: bool,
    /// The socket says that both directions are shut or broken: it must not be asked in vain.
    hung_up: bool,
}

/// Whether a relay goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    /// There is more to come.
    Open,
    /// Both directions are over, in order or not; the relay can be dropped.
    Over,
}

impl Relay {
    /// `connecting`: a non-blocking connect of `app` is under way.
    pub(super) fn new(conn: ConnId, app: TcpStream, connecting: bool) -> Relay {
        // Without it small writes wait for acknowledgements on both of two connections in a row.
        let _ = app.set_nodelay(true);
        Relay { conn, app, connecting, pending: Vec::new(), app_eof: false, peer_eof: false, hung_up: false }
    }

    /// The application's socket, and whether to wait for it to be readable and writable. `None`: nothing of
    /// it matters now.
    pub(super) fn interest(&self, host: &Host) -> Option<(&TcpStream, bool, bool)> {
        let read = !self.connecting && !self.app_eof && host.send_space(self.conn) > 0;
        let write = self.connecting || !self.pending.is_empty();
        let errors_only = !self.hung_up;
        (read || write || errors_only).then_some((&self.app, read, write))
    }

    /// Moves what can be moved in both directions. `hung_up`: poll(2) said so of the socket.
    pub(super) fn advance(&mut self, host: &mut Host, now: Instant, hung_up: bool) -> Outcome {
        self.hung_up |= hung_up;
        if self.connecting && !self.finish_connect() {
            return Outcome::Open;
        }
        let broken = match sockopt::socket_error(&self.app) {
            Ok(Ok(())) => self.read_app(host, now).is_err() || self.write_app(host).is_err(),
            _ => true,
        };
        if broken {
            // A RST from the application is a RST for the peer: MP_FASTCLOSE.
            host.abort(self.conn, now);
            return Outcome::Over;
        }
        self.outcome(host, now)
    }

    /// True once the connect is over, well or badly.
    fn finish_connect(&mut self) -> bool {
        match self.app.peer_addr() {
            Ok(_) => self.connecting = false,
            Err(e) if e.kind() == ErrorKind::NotConnected && !self.hung_up => return false,
            // The error itself is fetched by the caller.
            Err(_) => self.connecting = false,
        }
        true
    }

    fn read_app(&mut self, host: &mut Host, now: Instant) -> std::io::Result<()> {
        let mut buffer = [0; CHUNK];
        while !self.app_eof {
            let space = host.send_space(self.conn).min(CHUNK);
            if space == 0 {
                break;
            }
            match self.app.read(&mut buffer[..space]) {
                Ok(0) => {
                    self.app_eof = true;
                    host.shutdown(self.conn, now);
                }
                Ok(len) => {
                    let sent = host.send(self.conn, &buffer[..len], now);
                    debug_assert_eq!(sent, len, "the host takes what it has room for");
                }
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn write_app(&mut self, host: &mut Host) -> std::io::Result<()> {
        let mut buffer = [0; CHUNK];
        loop {
            if self.pending.is_empty() {
                let len = host.recv(self.conn, &mut buffer);
                // Memory only for what is there: most relays are idle.
                self.pending = buffer[..len].to_vec();
                if len == 0 {
                    return Ok(());
                }
            }
            match self.app.write(&self.pending) {
                Ok(len) => drop(self.pending.drain(..len)),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
    }

    fn outcome(&mut self, host: &mut Host, now: Instant) -> Outcome {
        let state = host.state(self.conn);
        let failed = state.is_none_or(|s| s.ended.is_some_and(|e| e != ConnError::Done));
        if failed {
            // What the peer's RST overtook is lost with it, as with TCP itself.
            self.reset_app();
            host.close(self.conn, now);
            return Outcome::Over;
        }
        let at_end = state.is_some_and(|s| s.peer_closed && s.readable == 0) && self.pending.is_empty();
        if at_end && !self.peer_eof {
            self.peer_eof = true;
            // The application may have gone meanwhile: then there is nobody to tell.
            let _ = self.app.shutdown(Shutdown::Write);
        }
        if self.peer_eof && self.app_eof {
            host.close(self.conn, now);
            return Outcome::Over;
        }
        Outcome::Open
    }

    /// Makes the coming close of the socket a RST.
    fn reset_app(&self) {
        let _ = sockopt::set_socket_linger(&self.app, Some(Duration::ZERO));
    }

    /// The gateway ends: so does the connection, at once.
    pub(super) fn kill(&self, host: &mut Host, now: Instant) {
        host.abort(self.conn, now);
        self.reset_app();
    }
}
