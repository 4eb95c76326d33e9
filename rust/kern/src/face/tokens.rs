//! Tokens.

use super::{EEXIST, ENOMEM, OK};
use crate::abi;
use crate::export::export;
use crate::object::{Out, Owned, Place};
use crate::os::OsRng;
use core::ffi::c_int;
use mptcp_core::rng::Rng;
use mptcp_core::token::{InsertError, TokenTable};

export! {
    /// The ABI that this object was built for.
    fn mptcp_core_abi() -> u32 {
        abi::MPTCP_CORE_ABI
    }

    /// [`TokenTable::new`], with a secret seed.
    fn mptcp_core_tokens_new() -> *mut abi::mptcp_core_tokens {
        match Place::new() {
            Some(place) => place.fill(TokenTable::new(OsRng.next_u64())),
            None => core::ptr::null_mut(),
        }
    }

    /// Drops the table.
    fn mptcp_core_tokens_free(t: Owned<TokenTable>) {
        drop(t);
    }

    /// [`TokenTable::lookup`].
    fn mptcp_core_tokens_lookup(t: &TokenTable, token: u32, handle: Out<u64>) -> bool {
        match t.lookup(token) {
            Some(found) => {
                handle.set(found);
                true
            }
            None => false,
        }
    }

    /// [`TokenTable::insert`].
    fn mptcp_core_tokens_insert(t: &mut TokenTable, token: u32, handle: u64) -> c_int {
        match t.insert(token, handle) {
            Ok(()) => OK,
            Err(InsertError::Duplicate) => EEXIST,
            Err(InsertError::NoMemory) => ENOMEM,
        }
    }

    /// [`TokenTable::remove`].
    fn mptcp_core_tokens_remove(t: &mut TokenTable, token: u32) -> bool {
        t.remove(token).is_some()
    }
}
