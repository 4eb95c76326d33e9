//! The MP_CAPABLE handshake, both sides.

use crate::abi;
use crate::export::export;
use crate::object::{Out, OutMarked};
use crate::os::OsRng;
use core::ffi::c_int;
use mptcp_core::config::Config;
use mptcp_core::crypto::KeyMaterial;
use mptcp_core::handshake::{Agreed, FallbackReason, Offer, Opener, Responder, Role, SynAckVerdict, ThirdAckVerdict};
use mptcp_core::mpcb::join_token;
use mptcp_core::output::OptionBuf;
use mptcp_core::token::{TokenTable, generate};
use mptcp_wire::tcp_options::mptcp_options;
use mptcp_wire::{Key, MpOption, Version};

export! {
    /// [`Opener::new`], with a key of its own.
    fn mptcp_core_opener_init(
        op: OutMarked<Opener>, cfg: &Config, t: &TokenTable, syn_tries: u8,
    ) -> c_int {
        let Some(version) = cfg.offers() else {
            return plain(FallbackReason::Disabled);
        };
        let Ok(local) = generate(version, &mut OsRng, t) else {
            return plain(FallbackReason::NoResources);
        };
        let offer =
            Offer { version, checksum: cfg.checksum, deny_join_id0: cfg.deny_join_id0, syn_tries };
        op.set(Opener::new(offer, local));
        agreed_code()
    }

    /// [`Opener::syn_option`].
    fn mptcp_core_opener_syn_option(op: &mut Opener, out[room]: &mut [u8]) -> usize {
        write_one(op.syn_option(), out)
    }

    /// [`Opener::on_syn_ack`].
    fn mptcp_core_opener_on_syn_ack(
        op: &Opener, opts[len]: &[u8], agreed: OutMarked<Agreed>,
    ) -> c_int {
        match op.on_syn_ack(opts) {
            SynAckVerdict::MultiPath(both) => {
                agreed.set(both);
                agreed_code()
            }
            SynAckVerdict::PlainTcp(reason) => plain(reason),
        }
    }

    /// What the options of a SYN, or of a third ACK, ask for.
    fn mptcp_core_syn_kind(opts[len]: &[u8], token: Out<u32>) -> c_int {
        if let Some(found) = join_token(opts) {
            token.set(found);
            return abi::MPTCP_SYN_JOIN.cast_signed();
        }
        let first = mptcp_options(opts).flatten().find_map(|option| match option {
            MpOption::Capable(_) => Some(abi::MPTCP_SYN_CAPABLE),
            MpOption::Join(_) => Some(abi::MPTCP_SYN_JOIN),
            _ => None,
        });
        token.set(0);
        let kind = first.unwrap_or(abi::MPTCP_SYN_PLAIN);
        kind.cast_signed()
    }

    /// [`Responder::on_syn`].
    fn mptcp_core_responder_on_syn(
        rs: OutMarked<Responder>, cfg: &Config, t: &TokenTable, opts[len]: &[u8], key: Option<&u64>,
    ) -> c_int {
        match respond(cfg, t, opts, key.map(|key| Key(*key))) {
            Ok(responder) => {
                rs.set(responder);
                agreed_code()
            }
            Err(reason) => plain(reason),
        }
    }

    /// [`Responder::from_cookie`].
    fn mptcp_core_responder_cookie(
        rs: OutMarked<Responder>, cfg: &Config, opts[len]: &[u8], key: u64,
    ) -> c_int {
        match rebuild(cfg, opts, Key(key)) {
            Ok(responder) => {
                rs.set(responder);
                agreed_code()
            }
            Err(reason) => plain(reason),
        }
    }

    /// [`Responder::syn_ack_option`].
    fn mptcp_core_responder_syn_ack_option(rs: &Responder, out[room]: &mut [u8]) -> usize {
        write_one(Some(rs.syn_ack_option()), out)
    }

    /// [`Responder::on_third_ack`].
    fn mptcp_core_responder_on_third_ack(
        rs: &Responder, opts[len]: &[u8], agreed: OutMarked<Agreed>,
    ) -> c_int {
        match rs.on_third_ack(opts) {
            ThirdAckVerdict::MultiPath(both) => {
                agreed.set(both);
                agreed_code()
            }
            ThirdAckVerdict::PlainTcp(reason) => plain(reason),
        }
    }

    /// Tokens and version.
    fn mptcp_core_agreed_info(agreed: &Agreed, info: Out<abi::mptcp_core_agreed_info>) {
        info.set(agreed_info(agreed));
    }
}

/// `agreed` for an observer, without the keys.
pub(super) fn agreed_info(agreed: &Agreed) -> abi::mptcp_core_agreed_info {
    abi::mptcp_core_agreed_info {
        local_token: agreed.local.token,
        remote_token: agreed.remote.token,
        version: agreed.version as u8,
        active: u8::from(agreed.role == Role::Active),
        checksum: u8::from(agreed.checksum),
        pad: 0,
    }
}

/// Writes `option` alone, padded; nothing where it does not fit.
pub(super) fn write_one(option: Option<MpOption>, out: &mut [u8]) -> usize {
    let room = out.len();
    let mut buf = OptionBuf::new(out, room);
    if let Some(option) = &option {
        buf.push(option);
    }
    buf.finish()
}

const fn agreed_code() -> c_int {
    abi::MPTCP_AGREED.cast_signed()
}

const fn plain(reason: FallbackReason) -> c_int {
    reason as c_int
}

fn respond(cfg: &Config, t: &TokenTable, opts: &[u8], key: Option<Key>) -> Result<Responder, FallbackReason> {
    if !cfg.enable {
        return Err(FallbackReason::Disabled);
    }
    let version = Responder::version_for(opts, cfg.accepts(Version::V0))?;
    if !cfg.accepts(version) {
        return Err(FallbackReason::Version);
    }
    let local = match key {
        Some(key) => {
            let local = KeyMaterial::derive(version, key);
            let usable = key.0 != 0 && local.token != 0 && t.lookup(local.token).is_none();
            usable.then_some(local).ok_or(FallbackReason::NoResources)?
        }
        None => generate(version, &mut OsRng, t).map_err(|_| FallbackReason::NoResources)?,
    };
    Responder::on_syn(opts, version, local, cfg.checksum, cfg.deny_join_id0)
}

/// The version of a SYN cookie's connection stands in its third ACK; that its keys fit is judged later.
fn rebuild(cfg: &Config, opts: &[u8], key: Key) -> Result<Responder, FallbackReason> {
    if !cfg.enable {
        return Err(FallbackReason::Disabled);
    }
    let capable = mptcp_options(opts).find_map(|option| match option {
        Ok(MpOption::Capable(capable)) => Some(capable),
        _ => None,
    });
    let version = match capable.ok_or(FallbackReason::NoCapableInAck)?.version {
        0 => Version::V0,
        1 => Version::V1,
        _ => return Err(FallbackReason::Version),
    };
    if !cfg.accepts(version) {
        return Err(FallbackReason::Version);
    }
    let local = KeyMaterial::derive(version, key);
    Responder::from_cookie(opts, local, version, cfg.checksum).ok_or(FallbackReason::NoCapableInAck)
}
