//! What a user and the peer are told.

use super::{ConnError, JoinRefusal};
use mptcp_wire::RstReason;
use std::string::ToString;

#[test]
fn the_end_of_a_connection_in_words() {
    let table = [
        (ConnError::Done, "closed"),
        (ConnError::Reset, "connection reset by peer"),
        (ConnError::Aborted, "connection aborted"),
        (ConnError::TimedOut, "no path worked for too long"),
        (ConnError::Damaged, "data was damaged on the way"),
    ];
    for (n, (error, text)) in table.into_iter().enumerate() {
        assert_eq!(error.to_string(), text);
        assert_eq!(error as usize, n, "the number that C knows");
    }
}

#[test]
fn a_refused_join_in_words_and_for_the_peer() {
    // RFC 8684, table 3: 0x01 MPTCP-specific error, 0x02 lack of resources, 0x03 administratively prohibited.
    let table = [
        (JoinRefusal::Malformed, "MP_JOIN missing or malformed", 1),
        (JoinRefusal::UnknownToken, "no connection has that token", 1),
        (JoinRefusal::BadHmac, "wrong HMAC", 1),
        (JoinRefusal::NoResources, "no room for another subflow", 2),
        (JoinRefusal::Prohibited, "connection takes no further subflow", 3),
    ];
    for (n, (refusal, text, reason)) in table.into_iter().enumerate() {
        assert_eq!(refusal.to_string(), text);
        assert_eq!(refusal.rst_reason(), RstReason(reason), "{refusal}");
        assert_eq!(refusal as usize, n, "the number that C knows");
    }
}
