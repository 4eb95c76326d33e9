//! The data of one host: out of the application's buffer, and into it.

use crate::host::Host;
use crate::tcp::State;
use mptcp_core::mpcb::{Grant, MapGrant, RxStep, Want};
use mptcp_core::time::Instant;
use mptcp_wire::checksum::Sum;
use std::time::Duration;

impl Host {
    /// Lets a flow send what it may.
    pub fn output(&mut self, at: usize, now: Instant) {
        if self.flows[at].tcp.state != State::Open || self.flows[at].gone {
            return;
        }
        loop {
            self.sync(at);
            self.drain(at, now);
            if !self.pull(at, now) {
                break;
            }
        }
    }

    /// Sends what the flow's buffer holds, as far as TCP admits it.
    fn drain(&mut self, at: usize, now: Instant) {
        loop {
            let flow = &mut self.flows[at];
            let tx = flow.tx.as_ref();
            if tx.is_some_and(mptcp_core::output::SubflowTx::holds_data) {
                return;
            }
            let clip = |ssn: u64, len: u32| tx.map_or(len, |tx| tx.clip(ssn as u32, len));
            let Some(next) = flow.tcp.next(now, clip) else {
                return;
            };
            self.send(at, &next);
        }
    }

    /// Asks core for a map. True: there is something new to send.
    fn pull(&mut self, at: usize, now: Instant) -> bool {
        self.tell_metrics(at);
        let flow = &mut self.flows[at];
        let want = Want { room: flow.tcp.room(), mss: flow.tcp.mss };
        let (Some(mpcb), Some(sf), Some(tx)) = (&mut self.mpcb, flow.sf, &mut flow.tx) else {
            return false;
        };
        if want.room == 0 || tx.holds_data() {
            return false;
        }
        let MapGrant::Map(grant) = mpcb.mp_get_map(sf, tx, &want) else {
            return false;
        };
        let Grant { off, len, need_sum, ssn, .. } = grant;
        assert!(len > 0 && len <= want.room, "a map that TCP cannot send: {grant:?} for {want:?}");
        assert_eq!(ssn, flow.tcp.end(), "core and TCP disagree on the next SSN");
        let (from, to) = (off as usize, off as usize + len as usize);
        assert!(to <= self.so_snd.len(), "core grants what so_snd does not have: {grant:?}");
        let bytes: Vec<u8> = self.so_snd.range(from..to).copied().collect();
        let sum = need_sum.then(|| {
            let mut sum = Sum::new();
            sum.add_bytes(&bytes);
            sum
        });
        assert!(mpcb.map_commit(sf, tx, &grant, sum, now), "a fresh grant is refused");
        flow.tcp.write(bytes);
        true
    }

    /// Takes what is in order on a flow into the application's buffer.
    pub fn take_in(&mut self, at: usize, now: Instant) {
        if self.plain.is_some() {
            let bytes: Vec<u8> = self.flows[at].tcp.inq.drain(..).collect();
            self.so_rcv.extend(bytes);
            self.plain_fin(at);
            return;
        }
        for _ in 0..100_000 {
            let Some(sf) = self.flows[at].sf else {
                return;
            };
            let avail = self.flows[at].tcp.inq.len() as u32;
            let Some(mpcb) = &mut self.mpcb else {
                return;
            };
            match mpcb.mp_do_reass(sf, avail, now) {
                RxStep::Wait => {
                    self.tell_fin(at, now);
                    return;
                }
                RxStep::Sum { len } => {
                    assert!(len <= avail);
                    let (mut sum, inq) = (Sum::new(), &self.flows[at].tcp.inq);
                    sum.add_bytes(&inq.range(..len as usize).copied().collect::<Vec<_>>());
                    mpcb.rx_sum(sf, sum, now);
                }
                RxStep::Discard { len } => {
                    self.cut(at, len);
                }
                RxStep::Deliver { skip, len, cut } => {
                    self.cut(at, skip);
                    let bytes = self.cut(at, len);
                    self.so_rcv.extend(bytes);
                    self.cut(at, cut);
                }
                RxStep::Hold { skip, len, cut } => {
                    self.cut(at, skip);
                    let bytes = self.cut(at, len);
                    self.cut(at, cut);
                    let held: usize = self.held.values().map(Vec::len).sum();
                    if held + bytes.len() > self.setup.held_room {
                        self.mpcb.as_mut().expect("an MPCB that speaks").rx_refuse();
                        continue;
                    }
                    let token = self.next_token;
                    self.next_token += 1;
                    self.held.insert(token, bytes);
                    // What the new piece supersedes must go first.
                    self.hold(token);
                }
                RxStep::DeliverHeld { token, skip, len } => {
                    let bytes = self.held.remove(&token).expect("a held buffer");
                    self.so_rcv.extend(&bytes[skip as usize..(skip + len) as usize]);
                }
                RxStep::FreeHeld { token } => {
                    self.held.remove(&token).expect("a held buffer");
                }
            }
        }
        panic!("mp_do_reass never ends");
    }

    fn hold(&mut self, token: u64) {
        let mpcb = self.mpcb.as_mut().expect("an MPCB that speaks");
        mpcb.rx_hold(token).expect("Hold was said");
    }

    fn cut(&mut self, at: usize, len: u32) -> Vec<u8> {
        self.flows[at].tcp.inq.drain(..len as usize).collect()
    }

    fn tell_fin(&mut self, at: usize, now: Instant) {
        let flow = &mut self.flows[at];
        if flow.tcp.fin_received
            && flow.tcp.inq.is_empty()
            && !flow.fin_told
            && let (Some(mpcb), Some(sf)) = (&mut self.mpcb, flow.sf)
        {
            flow.fin_told = true;
            mpcb.subflow_fin(sf, now);
        }
    }

    fn plain_fin(&mut self, at: usize) {
        let flow = &mut self.flows[at];
        if flow.tcp.fin_received && !flow.fin_told {
            flow.fin_told = true;
            self.saw_eof = true;
        }
    }

    /// The application reads, writes and closes.
    pub fn app_work(&mut self, now: Instant) {
        if std::mem::take(&mut self.wake_reader) {
            for at in 0..self.flows.len() {
                if !self.flows[at].gone {
                    self.take_in(at, now);
                }
            }
        }
        self.app_read(now);
        if let Some(mpcb) = &mut self.mpcb {
            let freed = mpcb.snd_release();
            self.so_snd.drain(..freed as usize);
            assert_eq!(mpcb.sb_actual(), self.so_snd.len() as u64, "sb_actual");
            assert!(mpcb.sb_actual() >= mpcb.sb_cc(), "bytes without DATA_ACK are gone");
            self.peak_memory = self.peak_memory.max(mpcb.memory().1);
        }
        self.app_write(now);
    }

    fn app_read(&mut self, now: Instant) {
        let most = match self.app.slow {
            None => usize::MAX,
            Some(_) if self.app.next_read.is_some_and(|at| at > now) => 0,
            Some((bytes, _)) => bytes,
        };
        let n = most.min(self.so_rcv.len());
        if n > 0 {
            let bytes: Vec<u8> = self.so_rcv.drain(..n).collect();
            self.app.check(&bytes);
        }
        if let Some((_, pause)) = self.app.slow {
            let due = self.app.next_read.is_some_and(|at| at <= now);
            if n > 0 || due {
                self.app.next_read =
                    (n > 0 || !self.so_rcv.is_empty()).then(|| now + pause.max(Duration::from_millis(1)));
            }
        }
        if self.so_rcv.is_empty() && self.saw_eof {
            self.app.eof = true;
        }
        let space = self.rcv_space();
        if let Some(mpcb) = &mut self.mpcb {
            let _asked = mpcb.set_rcv_space(space);
        }
    }

    fn app_write(&mut self, now: Instant) {
        if self.ended.is_some() {
            return;
        }
        if self.plain.is_some() {
            return self.plain_write(now);
        }
        let Some(mpcb) = &mut self.mpcb else {
            return;
        };
        if mpcb.ended().is_some() {
            return;
        }
        let bytes = self.app.write(mpcb.snd_space(), now);
        if !bytes.is_empty() {
            mpcb.snd_append(bytes.len() as u32, now);
            self.so_snd.extend(bytes);
        }
        if self.app.wants_shut() {
            self.app.shut = true;
            mpcb.snd_shutdown(now);
        }
        if self.app.shut && self.app.eof && !self.app.closed {
            self.app.closed = true;
            mpcb.close(now);
        }
    }

    fn plain_write(&mut self, now: Instant) {
        let Some(at) = self.flows.iter().position(|flow| !flow.gone) else {
            return;
        };
        let buffered = self.flows[at].tcp.end().saturating_sub(self.flows[at].tcp.una.max(1));
        let bytes = self.app.write(self.setup.snd_hiwat.saturating_sub(buffered), now);
        self.flows[at].tcp.write(bytes);
        if self.app.wants_shut() {
            self.app.shut = true;
            self.flows[at].tcp.fin_queued = true;
        }
        self.output(at, now);
    }
}
