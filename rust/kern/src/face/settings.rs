//! Settings of a VNET: knobs, `mp_addresses`, `mp_debug`.

use super::addr::from_ip;
use super::names;
use super::strings::print;
use super::{EINVAL, OK};
use crate::abi;
use crate::arg::{Text, TextOut};
use crate::export::export;
use crate::object::{Out, OutMarked};
use core::ffi::{c_char, c_int, c_uint};
use mptcp_core::config::{AddressList, Config, Knob, SchedulerKind};
use mptcp_core::debug::DebugMask;

export! {
    /// [`Config::DEFAULT`].
    fn mptcp_core_config_init(cfg: OutMarked<Config>) {
        cfg.set(Config::DEFAULT);
    }

    /// [`Config::set`].
    fn mptcp_core_config_set(cfg: &mut Config, knob: c_uint, value: i64) -> c_int {
        match knob_in(knob).map(|knob| cfg.set(knob, value)) {
            Some(Ok(())) => OK,
            _ => EINVAL,
        }
    }

    /// [`Config::get`].
    fn mptcp_core_config_get(cfg: &Config, knob: c_uint, value: Out<i64>) -> c_int {
        match knob_in(knob) {
            Some(knob) => {
                value.set(cfg.get(knob));
                OK
            }
            None => EINVAL,
        }
    }

    /// [`Knob::name`].
    fn mptcp_core_knob_name(knob: c_uint) -> *const c_char {
        names::knob(knob)
    }

    /// [`Knob::range`].
    fn mptcp_core_knob_range(knob: c_uint, min: Out<i64>, max: Out<i64>) -> c_int {
        match knob_in(knob) {
            Some(knob) => {
                min.set(*knob.range().start());
                max.set(*knob.range().end());
                OK
            }
            None => EINVAL,
        }
    }

    /// [`SchedulerKind::parse`].
    fn mptcp_core_config_set_scheduler(cfg: &mut Config, name[len]: Text<'_>) -> c_int {
        match SchedulerKind::parse(name.0) {
            Ok(kind) => {
                cfg.scheduler = kind;
                OK
            }
            Err(_) => EINVAL,
        }
    }

    /// [`SchedulerKind::name`].
    fn mptcp_core_config_scheduler(cfg: &Config) -> *const c_char {
        names::scheduler(cfg.scheduler)
    }

    /// [`SchedulerKind::list`].
    fn mptcp_core_scheduler_list() -> *const c_char {
        names::schedulers()
    }

    /// [`AddressList::EMPTY`].
    fn mptcp_core_addresses_init(list: OutMarked<AddressList>) {
        list.set(AddressList::EMPTY);
    }

    /// [`AddressList::parse`].
    fn mptcp_core_addresses_parse(
        list: OutMarked<AddressList>, text[len]: Text<'_>, bad: Option<Out<usize>>,
    ) -> c_int {
        match AddressList::parse(text.0) {
            Ok(parsed) => {
                list.set(parsed);
                OK
            }
            Err(error) => refuse(error.range.start, bad),
        }
    }

    /// The list as [`AddressList::parse`] reads it.
    fn mptcp_core_addresses_print(list: &AddressList, buf[size]: TextOut<'_>) -> usize {
        print(list, buf.0)
    }

    /// [`AddressList::get`].
    fn mptcp_core_addresses_get(
        list: &AddressList, n: c_uint, addr: Out<abi::mptcp_core_addr>, backup: Out<bool>,
    ) -> bool {
        let entry = usize::try_from(n).ok().and_then(|n| list.get(n));
        match entry {
            Some(entry) => {
                addr.set(from_ip(entry.addr));
                backup.set(entry.backup);
                true
            }
            None => false,
        }
    }

    /// [`AddressList::remove`].
    fn mptcp_core_addresses_remove(list: &mut AddressList, n: c_uint) -> bool {
        usize::try_from(n).is_ok_and(|n| list.remove(n))
    }

    /// [`DebugMask::apply`].
    fn mptcp_core_debug_apply(
        mask: &mut u32, text[len]: Text<'_>, bad: Option<Out<usize>>,
    ) -> c_int {
        match DebugMask::from_bits(*mask).apply(text.0) {
            Ok(applied) => {
                *mask = applied.bits();
                OK
            }
            Err(error) => refuse(error.range.start, bad),
        }
    }

    /// The mask as [`DebugMask::apply`] reads it.
    fn mptcp_core_debug_print(mask: u32, buf[size]: TextOut<'_>) -> usize {
        print(&DebugMask::from_bits(mask), buf.0)
    }
}

fn knob_in(knob: c_uint) -> Option<Knob> {
    u8::try_from(knob).ok().and_then(Knob::from_number)
}

fn refuse(start: usize, bad: Option<Out<usize>>) -> c_int {
    if let Some(bad) = bad {
        bad.set(start);
    }
    EINVAL
}
