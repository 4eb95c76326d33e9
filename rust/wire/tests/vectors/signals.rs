//! MP_PRIO, MP_FAIL, MP_FASTCLOSE, MP_TCPRST and private use.

use mptcp_wire::{MpFail, MpFastClose, MpOption, MpPrio, MpTcpRst, RstReason, Subtype};

use crate::{KEY_A, holds};

#[test]
fn mp_prio() {
    let prio = |backup, addr_id| MpOption::Prio(MpPrio { backup, addr_id });
    holds(&[30, 3, 0x50], prio(false, None), Subtype::MpPrio);
    holds(&[30, 3, 0x51], prio(true, None), Subtype::MpPrio);
    holds(&[30, 4, 0x51, 6], prio(true, Some(6)), Subtype::MpPrio);
}

#[test]
fn mp_fail() {
    holds(
        &[30, 12, 0x60, 0, 1, 2, 3, 4, 5, 6, 7, 8],
        MpOption::Fail(MpFail { dsn: 0x0102_0304_0506_0708 }),
        Subtype::MpFail,
    );
}

#[test]
fn mp_fastclose() {
    holds(
        &[30, 12, 0x70, 0, 1, 2, 3, 4, 5, 6, 7, 8],
        MpOption::FastClose(MpFastClose { receiver_key: KEY_A }),
        Subtype::MpFastClose,
    );
}

#[test]
fn mp_tcprst() {
    let reasons = [
        RstReason::UNSPECIFIED,
        RstReason::MPTCP_ERROR,
        RstReason::NO_RESOURCES,
        RstReason::PROHIBITED,
        RstReason::TOO_MUCH_DATA,
        RstReason::BAD_PERFORMANCE,
        RstReason::MIDDLEBOX,
        RstReason(0xc3),
    ];
    for (value, reason) in [0, 1, 2, 3, 4, 5, 6, 0xc3].into_iter().zip(reasons) {
        for transient in [false, true] {
            holds(
                &[30, 4, 0x80 | u8::from(transient), value],
                MpOption::TcpRst(MpTcpRst { transient, reason }),
                Subtype::MpTcpRst,
            );
        }
    }
}

#[test]
fn experimental_is_recognised_and_written_bare() {
    holds(&[30, 3, 0xf0], MpOption::Experimental, Subtype::Experimental);
    assert_eq!(MpOption::parse(&[30, 6, 0xf7, 1, 2, 3]), Ok(MpOption::Experimental));
}
