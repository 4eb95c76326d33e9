//! One host: an MPCB with its subflows, its socket buffers and its application, driven as the contract asks.

use crate::app::App;
use crate::packet::Packet;
use crate::tcp::{Next, State, Tcp};
use mptcp_core::config::Config;
use mptcp_core::crypto::KeyMaterial;
use mptcp_core::error::{ConnError, SubflowEnd};
use mptcp_core::handshake::{FallbackReason, Opener, Responder};
use mptcp_core::mpcb::{Action, JoinRequest, Mpcb, Start};
use mptcp_core::output::{SegFlags, SegOut, SubflowTx};
use mptcp_core::rng::{Rng, SeededRng};
use mptcp_core::subflow::{Metrics, SubflowId, SubflowState};
use mptcp_core::time::Instant;
use mptcp_wire::{AddrIds, Key, MpOption, MpTcpRst};
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Rounds after which core counts as never content.
const MOST_ACTIONS: usize = 20_000;

/// A path that could not be opened is not opened again before this, unless addresses change.
const LEAST_WAIT: Duration = Duration::from_millis(400);

/// How long a host that fell back may tell of it.
const TELLING: Duration = Duration::from_secs(4);

/// Where the options of a flow's segments come from.
#[derive(Debug)]
pub enum Role {
    Opening(Opener),
    Responding(Responder),
    Joining(JoinRequest),
    Subflow,
    Plain,
}

#[derive(Debug)]
pub struct Flow {
    pub tcp: Tcp,
    pub role: Role,
    pub sf: Option<SubflowId>,
    pub tx: Option<SubflowTx>,
    pub fin_told: bool,
    /// Its TCP has ended; what still comes for it is answered and forgotten.
    pub gone: bool,
}

/// What differs from host to host and from run to run.
#[derive(Clone, Debug)]
pub struct Setup {
    pub cfg: Config,
    pub addrs: Vec<IpAddr>,
    pub snd_hiwat: u64,
    pub rcv_hiwat: u64,
    /// Bytes for options in a segment: 40, or 28 beside timestamps.
    pub option_room: usize,
    pub mss: u32,
    /// ACKs leave before mp_do_reass() has run, as in a kernel.
    pub early_ack: bool,
    pub refuse_per_mille: u16,
    /// Bytes that may be held while data before them is missing.
    pub held_room: usize,
    /// FINs leave on every subflow as soon as our DATA_FIN is acknowledged, as other stacks do.
    pub fin_early: bool,
    /// Core is told of a wide window whatever the peer says, so that maps are longer than it; TCP obeys the peer's, and
    /// counts what waits in a subflow's queue in its own.
    pub long_maps: bool,
}

pub struct Host {
    pub setup: Setup,
    pub app: App,
    pub mpcb: Option<Mpcb>,
    pub plain: Option<FallbackReason>,
    pub flows: Vec<Flow>,
    pub so_snd: VecDeque<u8>,
    pub so_rcv: VecDeque<u8>,
    pub held: HashMap<u64, Vec<u8>>,
    pub next_token: u64,
    pub out: Vec<Packet>,
    pub ended: Option<ConnError>,
    /// When it fell back.
    pub fell_at: Option<Instant>,
    pub key: KeyMaterial,
    pub rng: SeededRng,
    next_port: u16,
    pub wake_reader: bool,
    pub peak_memory: usize,
    pub saw_eof: bool,
    /// The application aborted a connection that was not over.
    pub aborted: bool,
    /// REMOVE_ADDR for address id 0 goes out with so many more ACKs: core never sends it.
    pub remove_zero: u8,
    /// When each path was opened last.
    pub opened: HashMap<(IpAddr, SocketAddr), Instant>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "side {} ended {:?} plain {:?} {:?}", self.app.side, self.ended, self.plain, self.app)?;
        writeln!(f, "  so_snd {} so_rcv {} held {}", self.so_snd.len(), self.so_rcv.len(), self.held.len())?;
        for flow in &self.flows {
            writeln!(f, "  flow {:?} gone {} told {} {:?}", flow.sf, flow.gone, flow.fin_told, flow.tcp)?;
        }
        writeln!(f, "  {:?}", self.mpcb)
    }
}

impl Host {
    pub fn new(setup: Setup, app: App, seed: u64) -> Self {
        let mut rng = SeededRng::new(seed);
        let key = KeyMaterial::derive(setup.cfg.version, Key(rng.next_u64() | 1));
        Host {
            setup,
            app,
            mpcb: None,
            plain: None,
            flows: Vec::new(),
            so_snd: VecDeque::new(),
            so_rcv: VecDeque::new(),
            held: HashMap::new(),
            next_token: 1,
            out: Vec::new(),
            ended: None,
            fell_at: None,
            key,
            rng,
            next_port: 40_000,
            wake_reader: false,
            peak_memory: 0,
            saw_eof: false,
            aborted: false,
            remove_zero: 0,
            opened: HashMap::new(),
        }
    }

    /// The ends of the subflows that may carry data.
    pub fn carriers(&self) -> impl Iterator<Item = (SocketAddr, SocketAddr)> + '_ {
        let mpcb = self.mpcb.iter().filter(|mpcb| mpcb.ended().is_none());
        let infos = mpcb.flat_map(|mpcb| mpcb.subflow_ids().filter_map(|sf| mpcb.subflow_info(sf)));
        infos.filter(|info| info.state == SubflowState::Established).map(|info| (info.local, info.remote))
    }

    /// It has more than one subflow that the peer may use.
    pub fn has_several(&self) -> bool {
        let mpcb = self.mpcb.iter();
        let states = mpcb.flat_map(|mpcb| mpcb.subflow_ids().filter_map(|sf| mpcb.subflow_state(sf)));
        states.filter(|s| matches!(s, SubflowState::Established | SubflowState::JoinAckSent)).count() > 1
    }

    /// Whether core takes in the options of `packet`.
    pub fn listens(&self, packet: &Packet) -> bool {
        let is_its = |f: &&Flow| f.tcp.local == packet.to && f.tcp.remote == packet.from;
        let flow = self.flows.iter().find(is_its).filter(|flow| !flow.gone && flow.tcp.state == State::Open);
        let speaks = self.mpcb.as_ref().is_some_and(|m| m.ended().is_none() && m.fallback_reason().is_none());
        speaks && flow.is_some_and(|flow| flow.sf.is_some())
    }

    pub fn rcv_space(&self) -> u32 {
        self.setup.rcv_hiwat.saturating_sub(self.so_rcv.len() as u64) as u32
    }

    fn window(&self) -> u32 {
        self.mpcb.as_ref().map_or(self.rcv_space(), Mpcb::rcv_window)
    }

    /// The peer's window as core hears of it.
    pub fn believed(&self, window: u32) -> u32 {
        if self.setup.long_maps { 1 << 20 } else { window }
    }

    pub fn start(&self, at: usize, window: u32) -> Start {
        let tcp = &self.flows[at].tcp;
        Start { local: tcp.local, remote: tcp.remote, snd_window: window, rcv_space: self.rcv_space() }
    }

    /// Makes the connection multipath on flow `at`.
    pub fn promote(&mut self, agreed: &mptcp_core::handshake::Agreed, at: usize, window: u32, now: Instant) {
        let start = self.start(at, self.believed(window));
        let mut mpcb = Mpcb::new(agreed, &self.setup.cfg, &start).expect("memory for an MPCB");
        mpcb.set_snd_hiwat(self.setup.snd_hiwat as u32);
        let mut list = mptcp_core::config::AddressList::EMPTY;
        for addr in &self.setup.addrs {
            let backup = false;
            list.push(mptcp_core::config::LocalAddress { addr: *addr, backup }).expect("a list of addresses");
        }
        mpcb.addresses_changed(&list, now).expect("memory for addresses");
        let seed = self.rng.next_u64();
        mpcb.pool_mut().refuse_randomly(seed, self.setup.refuse_per_mille);
        self.flows[at].sf = Some(SubflowId::MASTER);
        self.flows[at].tx = mpcb.subflow_tx(SubflowId::MASTER);
        self.flows[at].role = Role::Subflow;
        self.mpcb = Some(mpcb);
    }

    pub fn go_plain(&mut self, at: usize, reason: FallbackReason) {
        self.plain = Some(reason);
        self.flows[at].role = Role::Plain;
        self.flows[at].tcp.heed_window = true;
    }

    pub fn connect(&mut self, opener: Opener, to: SocketAddr, now: Instant) {
        let local = SocketAddr::new(self.setup.addrs[0], self.port());
        self.add_flow(local, to, State::SynSent, Role::Opening(opener));
        self.send_syn(0, now);
    }

    fn port(&mut self) -> u16 {
        self.next_port += 1;
        self.next_port
    }

    pub fn add_flow(&mut self, local: SocketAddr, remote: SocketAddr, state: State, role: Role) -> usize {
        let mut tcp = Tcp::new(local, remote, state, self.setup.mss);
        tcp.heed_window = self.setup.long_maps;
        self.flows.push(Flow { tcp, role, sf: None, tx: None, fin_told: false, gone: false });
        self.flows.len() - 1
    }

    pub fn flow_of(&self, sf: SubflowId) -> Option<usize> {
        self.flows.iter().position(|flow| flow.sf == Some(sf))
    }

    /// Copies the connection's state to the flow's options. True: the peer does not know of the DATA_ACK.
    pub fn sync(&mut self, at: usize) -> bool {
        let flow = &mut self.flows[at];
        match (&mut self.mpcb, flow.sf, &mut flow.tx) {
            (Some(mpcb), Some(sf), Some(tx)) => mpcb.sync_tx(sf, tx),
            _ => false,
        }
    }

    fn options(&mut self, at: usize, seg: &SegOut) -> Vec<u8> {
        let room = self.setup.option_room;
        let flow = &mut self.flows[at];
        let mut out = [0; 40];
        let option: Option<MpOption> = match (&mut flow.role, &mut flow.tx) {
            (Role::Opening(opener), _) if seg.flags.syn => opener.syn_option(),
            (Role::Responding(responder), _) if seg.flags.syn => Some(responder.syn_ack_option()),
            (Role::Joining(request), _) if seg.flags.syn => Some(request.syn_ack_option()),
            (_, Some(tx)) => {
                let used = tx.options(seg, room, &mut out);
                return out[..used].to_vec();
            }
            _ => None,
        };
        let used = option.map_or(0, |option| option.emit(&mut out).expect("a lone option fits"));
        out[..used].to_vec()
    }

    fn emit(&mut self, at: usize, ssn: u64, flags: SegFlags, payload: Vec<u8>) {
        self.sync(at);
        let seg = SegOut { ssn: ssn as u32, len: payload.len() as u32, flags };
        let mut options = self.options(at, &seg);
        if self.remove_zero > 0
            && seg.len == 0
            && !flags.syn
            && !flags.rst
            && options.len() <= 36
            && self.flows[at].sf.is_some()
        {
            let ids = AddrIds::from_slice(&[0]).expect("one id");
            let mut buf = [0; 4];
            MpOption::RemoveAddr(ids).emit(&mut buf).expect("four bytes");
            options.extend(buf);
            self.remove_zero -= 1;
        }
        let waiting = if self.setup.long_maps { self.flows[at].tcp.inq.len() as u32 } else { 0 };
        let window = self.window().saturating_sub(waiting);
        let tcp = &mut self.flows[at].tcp;
        tcp.advertised(window);
        tcp.acked_now();
        let (from, to, ack) = (tcp.local, tcp.remote, tcp.rcv_nxt);
        self.out.push(Packet { from, to, ssn, ack, window, flags, options, payload });
        // What left is known to core before the next question.
        self.sync(at);
    }

    /// What tells the peer of a fallback (MP_FAIL, DATA_ACKs) ends, whether it was heard or not. Data may go on with
    /// the infinite mapping for as long as nothing of it is acknowledged.
    pub fn judge_fallen(&mut self, packet: &Packet, now: Instant) {
        if self.mpcb.as_ref().is_none_or(|mpcb| mpcb.fallback_reason().is_none()) {
            return;
        }
        let fell_at = *self.fell_at.get_or_insert(now);
        let told = packet.flags.rst || !packet.payload.is_empty() || packet.options.is_empty();
        assert!(told || now <= fell_at + TELLING, "side {} still sends {:02x?}", self.app.side, packet.options);
    }

    pub fn send_syn(&mut self, at: usize, now: Instant) {
        let ack = self.flows[at].tcp.state == State::SynReceived;
        self.flows[at].tcp.sent_syn(now);
        self.emit(at, 0, SegFlags { syn: true, ack, ..SegFlags::default() }, Vec::new());
    }

    pub fn send_ack(&mut self, at: usize) {
        let ssn = self.flows[at].tcp.next_ssn();
        self.emit(at, ssn, SegFlags { ack: true, ..SegFlags::default() }, Vec::new());
    }

    /// Sends the first segment that is not acknowledged again, or a keepalive.
    fn probe(&mut self, at: usize, now: Instant) {
        let flow = &mut self.flows[at];
        if flow.gone || flow.tcp.state != State::Open {
            return;
        }
        let tx = flow.tx.as_ref();
        let probe = flow.tcp.probe(now, |ssn, len| tx.map_or(len, |tx| tx.clip(ssn as u32, len)));
        match probe {
            Some(next) => self.send(at, &next),
            None => {
                let ssn = self.flows[at].tcp.next_ssn() - 1;
                self.emit(at, ssn, SegFlags { ack: true, ..SegFlags::default() }, Vec::new());
            }
        }
    }

    pub fn send_rst(&mut self, at: usize) {
        let ssn = self.flows[at].tcp.next_ssn();
        self.emit(at, ssn, SegFlags { rst: true, ack: true, ..SegFlags::default() }, Vec::new());
        self.flows[at].gone = true;
    }

    /// A RST for something that no flow is there for.
    pub fn refuse(&mut self, packet: &Packet, reason: Option<MpTcpRst>) {
        if packet.flags.rst {
            return;
        }
        let mut buf = [0; 40];
        let used = reason.map_or(0, |rst| MpOption::TcpRst(rst).emit(&mut buf).unwrap_or(0));
        self.out.push(Packet {
            from: packet.to,
            to: packet.from,
            ssn: packet.ack,
            ack: packet.ssn + packet.span(),
            window: 0,
            flags: SegFlags { rst: true, ack: true, ..SegFlags::default() },
            options: buf[..used.next_multiple_of(4)].to_vec(),
            payload: Vec::new(),
        });
    }

    pub fn send(&mut self, at: usize, next: &Next) {
        let payload = self.flows[at].tcp.bytes(next);
        self.emit(at, next.ssn, SegFlags { ack: true, fin: next.fin, ..SegFlags::default() }, payload);
    }

    /// Tells core what TCP measured.
    pub fn tell_metrics(&mut self, at: usize) {
        let flow = &self.flows[at];
        let (srtt, rttvar) = flow.tcp.srtt();
        let metrics =
            Metrics { srtt, rttvar, cwnd: flow.tcp.cwnd, in_flight: flow.tcp.in_flight() as u32, mss: flow.tcp.mss };
        if let (Some(mpcb), Some(sf)) = (&mut self.mpcb, flow.sf) {
            mpcb.subflow_metrics(sf, &metrics);
        }
    }

    /// The flow's TCP has ended.
    pub fn flow_ended(&mut self, at: usize, end: SubflowEnd, now: Instant) {
        self.flows[at].gone = true;
        let Some(sf) = self.flows[at].sf else {
            if self.plain.is_some() && self.ended.is_none() {
                self.ended = Some(match end {
                    SubflowEnd::Fin => ConnError::Done,
                    SubflowEnd::Reset => ConnError::Reset,
                    SubflowEnd::Timeout => ConnError::TimedOut,
                    SubflowEnd::Local => ConnError::Aborted,
                });
            }
            return;
        };
        if let Some(mpcb) = &mut self.mpcb {
            mpcb.subflow_closed(sf, end, now);
        }
        self.sync(at);
        self.flows[at].sf = None;
        self.flows[at].tx = None;
    }

    /// Does everything that core asks for.
    pub fn pump(&mut self, now: Instant) {
        for _ in 0..MOST_ACTIONS {
            self.app_work(now);
            let action = match &mut self.mpcb {
                Some(mpcb) => mpcb.poll_action(now, &mut self.rng),
                None => None,
            };
            match action {
                Some(action) => self.perform(action, now),
                None => {
                    if !self.reap(now) && !self.wake_reader {
                        return;
                    }
                }
            }
        }
        panic!("core is never content: {:?}", self.mpcb);
    }

    fn perform(&mut self, action: Action, now: Instant) {
        if std::env::var_os("MPTCP_TRACE").is_some() {
            println!("  {} {}: {action:?}", now.micros(), self.app.side);
        }
        match action {
            Action::Output(sf) => {
                if let Some(at) = self.flow_of(sf) {
                    self.output(at, now);
                }
            }
            Action::SendAck(sf) => {
                if let Some(at) = self.flow_of(sf) {
                    self.send_ack(at);
                }
            }
            Action::Probe(sf) => {
                if let Some(at) = self.flow_of(sf) {
                    self.probe(at, now);
                }
            }
            Action::OpenSubflow { sf, local, remote } => {
                let before = self.opened.insert((local, remote), now);
                let hasty = before.is_some_and(|before| now < before + LEAST_WAIT);
                assert!(!hasty, "side {} opens {local} to {remote} again at once: {:?}", self.app.side, self.mpcb);
                let local = SocketAddr::new(local, self.port());
                let at = self.add_flow(local, remote, State::SynSent, Role::Subflow);
                let mpcb = self.mpcb.as_mut().expect("an MPCB that speaks");
                mpcb.join_bound(sf, local);
                self.flows[at].tx = mpcb.subflow_tx(sf);
                self.flows[at].sf = Some(sf);
                self.send_syn(at, now);
            }
            Action::Close(sf) => {
                if let Some(at) = self.flow_of(sf) {
                    self.flows[at].tcp.fin_queued = true;
                    self.output(at, now);
                }
            }
            Action::Reset(sf) => {
                if let Some(at) = self.flow_of(sf) {
                    self.send_rst(at);
                    self.flow_ended(at, SubflowEnd::Local, now);
                }
            }
            Action::WakeReader => self.wake_reader = true,
            Action::WakeWriter => {}
            Action::PeerClosed => {
                assert!(!self.saw_eof, "PeerClosed twice");
                self.saw_eof = true;
            }
            Action::Closed(error) => {
                assert!(self.ended.is_none(), "Closed twice");
                self.ended = Some(error);
            }
        }
    }

    /// Flows that have ended by FINs in both directions.
    fn reap(&mut self, now: Instant) -> bool {
        let mut any = false;
        for at in 0..self.flows.len() {
            let flow = &self.flows[at];
            if !flow.gone && flow.tcp.all_acked() && flow.tcp.fin_received && flow.tcp.inq.is_empty() && flow.fin_told {
                self.flow_ended(at, SubflowEnd::Fin, now);
                any = true;
            }
        }
        any
    }

    /// The next time at which this host wants to be called, without its application.
    pub fn next_time(&self) -> Option<Instant> {
        let flows = self.flows.iter().filter(|flow| !flow.gone);
        let tcp = flows.flat_map(|flow| [flow.tcp.rto_at(), flow.tcp.ack_at]).flatten().min();
        let core = self.mpcb.as_ref().and_then(Mpcb::next_timer);
        let accepted = self.app.side == 0 || self.mpcb.is_some() || self.plain.is_some();
        let aborts = self.app.abort_at.filter(|_| accepted && self.ended.is_none());
        let app = [self.app.next_read, self.app.next_write, aborts].into_iter().flatten().min();
        [tcp, core, app].into_iter().flatten().min()
    }

    pub fn on_time(&mut self, now: Instant) {
        if self.app.abort_at.is_some_and(|at| at <= now) {
            self.app.abort_at = None;
            self.abort(now);
        }
        for at in 0..self.flows.len() {
            self.flow_timers(at, now);
        }
        if let Some(mpcb) = &mut self.mpcb {
            mpcb.on_timer(now);
        }
        self.pump(now);
        if let Some(mpcb) = &self.mpcb {
            let next = mpcb.next_timer();
            assert!(next.is_none_or(|at| at > now), "a timer in the past: {next:?} at {now:?} {mpcb:#?}");
        }
    }

    fn abort(&mut self, now: Instant) {
        if self.ended.is_some() {
            return;
        }
        match &mut self.mpcb {
            Some(mpcb) if mpcb.ended().is_some() => {}
            Some(mpcb) => {
                self.aborted = true;
                mpcb.abort();
            }
            None if self.plain.is_some() => {
                self.aborted = true;
                for at in 0..self.flows.len() {
                    self.send_rst(at);
                    self.flow_ended(at, SubflowEnd::Local, now);
                }
            }
            // The connection is not accepted yet: there is nobody who could abort it.
            None if self.app.side == 1 => self.app.abort_at = Some(now),
            None => {
                self.aborted = true;
                self.ended = Some(ConnError::Aborted);
                self.flows.iter_mut().for_each(|flow| flow.gone = true);
            }
        }
    }

    /// Our DATA_FIN was acknowledged: where this host is of that kind, it closes its subflows at once.
    pub fn fin_early(&mut self, packet: &Packet, now: Instant) {
        let Some(mpcb) = self.mpcb.as_ref().filter(|m| self.setup.fin_early && m.fallback_reason().is_none()) else {
            return;
        };
        let end = self.app.to_write + 2;
        let idsn = mpcb.agreed().local.idsn;
        let acked = mptcp_wire::tcp_options::mptcp_options(&packet.options).flatten().any(|option| match option {
            MpOption::Dss(dss) => {
                dss.data_ack.and_then(|ack| mptcp_core::seq::data_offset(ack, idsn, end)) == Some(end)
            }
            _ => false,
        });
        if !(self.app.shut && acked) {
            return;
        }
        for at in 0..self.flows.len() {
            let flow = &mut self.flows[at];
            if !flow.gone && flow.sf.is_some() && flow.tcp.state == State::Open && !flow.tcp.fin_queued {
                flow.tcp.fin_queued = true;
                self.output(at, now);
            }
        }
    }

    fn flow_timers(&mut self, at: usize, now: Instant) {
        if self.flows[at].gone {
            return;
        }
        if self.flows[at].tcp.ack_at.is_some_and(|due| due <= now) {
            self.send_ack(at);
        }
        match self.flows[at].tcp.timer(now) {
            Ok(false) => {}
            Ok(true) => {
                if let (Some(mpcb), Some(sf)) = (&mut self.mpcb, self.flows[at].sf) {
                    mpcb.subflow_rto(sf, now);
                }
                match self.flows[at].tcp.state {
                    State::Open => {
                        if let Some(probe) = self.flows[at].tcp.window_probe(now) {
                            self.send(at, &probe);
                        }
                        self.output(at, now);
                    }
                    State::SynSent | State::SynReceived => self.send_syn(at, now),
                }
            }
            Err(()) => self.flow_ended(at, SubflowEnd::Timeout, now),
        }
    }

    /// The end: gives back every byte of memory, and checks that it does.
    pub fn tear_down(&mut self) {
        let Some(mut mpcb) = self.mpcb.take() else {
            return;
        };
        for flow in &mut self.flows {
            if let (Some(sf), Some(tx)) = (flow.sf, &mut flow.tx) {
                mpcb.subflow_closed(sf, SubflowEnd::Local, Instant::NEVER);
                mpcb.sync_tx(sf, tx);
            }
        }
        while let Some(token) = mpcb.tear_down() {
            assert!(self.held.remove(&token).is_some(), "core made up a token");
        }
        assert!(self.held.is_empty(), "core lost held buffers");
        assert_eq!(mpcb.memory().0, 0, "memory is left after tear_down: {mpcb:#?}");
    }
}
