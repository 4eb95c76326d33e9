//! What a connection costs the gateways on both of its ends, in bytes that were asked for: no time, no load matters.

use std::thread::sleep;
use std::time::Duration;

use mptcp_lab::clock::Clock;

use crate::bed::{Bed, PATIENCE, echo, echo_server};
use crate::counting::allocated;

const CONNECTIONS: usize = 32;
/// KiB of both ends, open or in TIME-WAIT: a third more than was seen. A receive buffer would be 8 MiB an end.
const MOST: usize = 80;

/// KiB more than before for each connection, once there is time to give back what was in use.
fn kib_each(before: usize) -> usize {
    let clock = Clock::start();
    let start = clock.now();
    loop {
        let kib = allocated().saturating_sub(before) / CONNECTIONS / 1024;
        if kib <= MOST || clock.now().since(start) > PATIENCE / 10 {
            return kib;
        }
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_short_connection_costs_little() {
    let bed = Bed::new(echo_server());
    // Whatever is allocated once, and the connections of this one.
    drop(echo(bed.listen));
    sleep(Duration::from_millis(200));
    let before = allocated();
    let open: Vec<_> = (0..CONNECTIONS).map(|_| echo(bed.listen)).collect();
    let open_kib = kib_each(before);
    drop(open);
    let closed_kib = kib_each(before);
    println!("KiB on both gateways together: {open_kib} for an open connection, {closed_kib} in TIME-WAIT");
    assert!(open_kib <= MOST, "an open connection costs {open_kib} KiB");
    assert!(closed_kib <= MOST, "a connection that is over costs {closed_kib} KiB");
}
