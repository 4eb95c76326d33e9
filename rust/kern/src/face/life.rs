//! The life of an MPCB: made, asked what is to be done, closed, observed, freed.

use super::addr::{from_ip, from_socket, to_socket};
use super::at;
use crate::abi;
use crate::export::export;
use crate::object::{Out, Owned, Place};
use crate::os::OsRng;
use mptcp_core::config::Config;
use mptcp_core::handshake::Agreed;
use mptcp_core::mpcb::{Action, Mpcb, Start};

export! {
    /// [`Mpcb::new`].
    fn mptcp_core_mpcb_new(
        agreed: &Agreed, cfg: &Config, start: &abi::mptcp_core_start,
    ) -> *mut abi::mptcp_core_mpcb {
        let Some(place) = Place::new() else {
            return core::ptr::null_mut();
        };
        let start = Start {
            local: to_socket(&start.local),
            remote: to_socket(&start.remote),
            snd_window: start.snd_window,
            rcv_space: start.rcv_space,
        };
        match Mpcb::new(agreed, cfg, &start) {
            Ok(mpcb) => place.fill(mpcb),
            Err(_) => core::ptr::null_mut(),
        }
    }

    /// [`Mpcb::tear_down`].
    fn mptcp_core_mpcb_teardown(mp: &mut Mpcb, token: Out<u64>) -> bool {
        match mp.tear_down() {
            Some(held) => {
                token.set(held);
                true
            }
            None => false,
        }
    }

    /// Drops the MPCB.
    fn mptcp_core_mpcb_free(mp: Owned<Mpcb>) {
        drop(mp);
    }

    /// [`Mpcb::poll_action`].
    fn mptcp_core_poll_action(
        mp: &mut Mpcb, now: u64, action: Out<abi::mptcp_core_action>,
    ) -> bool {
        let next = mp.poll_action(at(now), &mut OsRng);
        action.set(action_out(next.as_ref()));
        next.is_some()
    }

    /// [`Mpcb::take_wakes`].
    fn mptcp_core_take_wakes(mp: &mut Mpcb, now: u64) -> u32 {
        let wakes = mp.take_wakes(at(now));
        let bit = |on: bool, bit: u32| if on { bit } else { 0 };
        bit(wakes.reader, abi::MPTCP_WAKES_READER)
            | bit(wakes.writer, abi::MPTCP_WAKES_WRITER)
            | bit(wakes.more, abi::MPTCP_WAKES_MORE)
    }

    /// [`Mpcb::next_timer`].
    fn mptcp_core_next_timer(mp: &Mpcb) -> u64 {
        mp.next_timer().map_or(u64::MAX, mptcp_core::time::Instant::micros)
    }

    /// [`Mpcb::on_timer`].
    fn mptcp_core_on_timer(mp: &mut Mpcb, now: u64) {
        mp.on_timer(at(now));
    }

    /// [`Mpcb::snd_shutdown`].
    fn mptcp_core_snd_shutdown(mp: &mut Mpcb, now: u64) {
        mp.snd_shutdown(at(now));
    }

    /// [`Mpcb::close`].
    fn mptcp_core_close(mp: &mut Mpcb, now: u64) {
        mp.close(at(now));
    }

    /// [`Mpcb::abort`].
    fn mptcp_core_abort(mp: &mut Mpcb) {
        mp.abort();
    }

    /// The connection for an observer.
    fn mptcp_core_conn_info(mp: &Mpcb, info: Out<abi::mptcp_core_conn_info>) {
        info.set(conn_info(mp));
    }

    /// [`Mpcb::stats`].
    fn mptcp_core_stats_get(mp: &Mpcb, stats: Out<abi::mptcp_core_stats>) {
        let mut values = abi::mptcp_core_stats { v: [0; abi::MPTCP_NSTATS as usize] };
        for (to, (_, from)) in values.v.iter_mut().zip(mp.stats().iter()) {
            *to = from;
        }
        stats.set(values);
    }
}

fn action_out(action: Option<&Action>) -> abi::mptcp_core_action {
    let nowhere = abi::mptcp_core_addr { ip: [0; 16], port: 0, family: 0, pad: 0 };
    let mut out = abi::mptcp_core_action {
        kind: abi::MPTCP_ACTION_NONE,
        sf: 0,
        error: abi::MPTCP_END_NOT as u8,
        pad: 0,
        local: nowhere,
        remote: nowhere,
    };
    let Some(action) = action else {
        return out;
    };
    out.kind = match *action {
        Action::Output(sf) => {
            out.sf = sf.0;
            abi::MPTCP_ACTION_OUTPUT
        }
        Action::SendAck(sf) => {
            out.sf = sf.0;
            abi::MPTCP_ACTION_SEND_ACK
        }
        Action::Probe(sf) => {
            out.sf = sf.0;
            abi::MPTCP_ACTION_PROBE
        }
        Action::OpenSubflow { sf, local, remote } => {
            out.sf = sf.0;
            out.local = from_ip(local);
            out.remote = from_socket(remote);
            abi::MPTCP_ACTION_OPEN_SUBFLOW
        }
        Action::Close(sf) => {
            out.sf = sf.0;
            abi::MPTCP_ACTION_CLOSE
        }
        Action::Reset(sf) => {
            out.sf = sf.0;
            abi::MPTCP_ACTION_RESET
        }
        Action::WakeReader => abi::MPTCP_ACTION_WAKE_READER,
        Action::WakeWriter => abi::MPTCP_ACTION_WAKE_WRITER,
        Action::PeerClosed => abi::MPTCP_ACTION_PEER_CLOSED,
        Action::Closed(error) => {
            out.error = error as u8;
            abi::MPTCP_ACTION_CLOSED
        }
    };
    out
}

fn conn_info(mp: &Mpcb) -> abi::mptcp_core_conn_info {
    let (used, peak, refused) = mp.memory();
    let bit = |sf: mptcp_core::subflow::SubflowId| 1_u32.checked_shl(u32::from(sf.0)).unwrap_or(0);
    abi::mptcp_core_conn_info {
        sb_cc: mp.sb_cc(),
        sb_actual: mp.sb_actual(),
        snd_space: mp.snd_space(),
        held_bytes: mp.held_bytes(),
        memory_used: used as u64,
        memory_peak: peak as u64,
        memory_refused: refused,
        subflows: mp.subflow_ids().fold(0, |mask, sf| mask | bit(sf)),
        confirmed: u8::from(mp.is_confirmed()),
        fallback: mp.fallback_reason().map_or(abi::MPTCP_AGREED as u8, |reason| reason as u8),
        ended: mp.ended().map_or(abi::MPTCP_END_NOT as u8, |error| error as u8),
        pad: 0,
    }
}
