//! The MPTCP option: one type for each subtype, and the routing between them.

mod add_addr;
mod capable;
mod dss;
mod fail;
mod fastclose;
mod join;
mod prio;
mod remove_addr;
mod tcprst;

use crate::cursor::{BARE_LEN, Fields, Writer};
use crate::error::{NoRoom, ParseError};
use crate::registry::Subtype;

pub use add_addr::{AddAddr, AddAddrForm};
pub use capable::{CapableData, CapableFlags, MpCapable};
pub use dss::{DataSeq, Dss, DssMap};
pub use fail::MpFail;
pub use fastclose::MpFastClose;
pub use join::MpJoin;
pub use prio::MpPrio;
pub use remove_addr::AddrIds;
pub use tcprst::{MpTcpRst, RstReason};

/// One MPTCP option of either version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum MpOption {
    /// MP_CAPABLE, section 3.1: opens a connection.
    Capable(MpCapable),
    /// MP_JOIN, section 3.2: adds a subflow.
    Join(MpJoin),
    /// DSS, section 3.3: data sequence mapping, DATA_ACK, DATA_FIN.
    Dss(Dss),
    /// ADD_ADDR, section 3.4.1: tells of an address, or echoes one.
    AddAddr(AddAddr),
    /// REMOVE_ADDR, section 3.4.2: takes addresses back.
    RemoveAddr(AddrIds),
    /// MP_PRIO, section 3.3.8: changes a subflow's priority.
    Prio(MpPrio),
    /// MP_FAIL, section 3.7: a checksum failed.
    Fail(MpFail),
    /// MP_FASTCLOSE, section 3.5: closes the whole connection at once.
    FastClose(MpFastClose),
    /// MP_TCPRST, section 3.6: why a subflow is reset.
    TcpRst(MpTcpRst),
    /// Subtype 0xf, private use: its contents are not kept, and it is written bare.
    Experimental,
}

impl MpOption {
    /// Reads one whole option, beginning at its kind octet. The slice may go on after the option, as
    /// far as the end of the option area, say; what lies past the length octet's end is not looked at.
    ///
    /// # Errors
    ///
    /// See [`ParseError`]; RFC 8684 wants an option that cannot be understood to be treated as absent.
    #[inline]
    pub fn parse(option: &[u8]) -> Result<MpOption, ParseError> {
        let (subtype, fields) = Fields::split(option)?;
        let subtype = Subtype::from_wire(subtype).ok_or(ParseError::UnknownSubtype(subtype))?;
        match subtype {
            Subtype::MpCapable => MpCapable::parse(fields).map(MpOption::Capable),
            Subtype::MpJoin => MpJoin::parse(fields).map(MpOption::Join),
            Subtype::Dss => Dss::parse(fields).map(MpOption::Dss),
            Subtype::AddAddr => AddAddr::parse(fields).map(MpOption::AddAddr),
            Subtype::RemoveAddr => AddrIds::parse(fields).map(MpOption::RemoveAddr),
            Subtype::MpPrio => MpPrio::parse(fields).map(MpOption::Prio),
            Subtype::MpFail => MpFail::parse(fields).map(MpOption::Fail),
            Subtype::MpFastClose => MpFastClose::parse(fields).map(MpOption::FastClose),
            Subtype::MpTcpRst => MpTcpRst::parse(fields).map(MpOption::TcpRst),
            Subtype::Experimental => Ok(MpOption::Experimental),
        }
    }

    /// Octets that [`MpOption::emit`] will write, 3 to 40. Padding is the caller's.
    #[must_use]
    #[inline]
    pub fn wire_len(&self) -> usize {
        usize::from(match self {
            MpOption::Capable(capable) => capable.wire_len(),
            MpOption::Join(join) => join.wire_len(),
            MpOption::Dss(dss) => dss.wire_len(),
            MpOption::AddAddr(add_addr) => add_addr.wire_len(),
            MpOption::RemoveAddr(ids) => ids.wire_len(),
            MpOption::Prio(prio) => prio.wire_len(),
            MpOption::Fail(_) => MpFail::WIRE_LEN,
            MpOption::FastClose(_) => MpFastClose::WIRE_LEN,
            MpOption::TcpRst(_) => MpTcpRst::WIRE_LEN,
            MpOption::Experimental => BARE_LEN,
        })
    }

    /// Writes the option at the start of `buf`, exactly `wire_len` octets, and returns that number.
    ///
    /// # Errors
    ///
    /// [`NoRoom`] where `buf` is shorter than that; `buf` is then untouched.
    #[inline]
    pub fn emit(&self, buf: &mut [u8]) -> Result<usize, NoRoom> {
        let len = self.wire_len();
        let mut writer = Writer::new(buf.get_mut(..len).ok_or(NoRoom)?);
        match self {
            MpOption::Capable(capable) => capable.emit(&mut writer),
            MpOption::Join(join) => join.emit(&mut writer),
            MpOption::Dss(dss) => dss.emit(&mut writer),
            MpOption::AddAddr(add_addr) => add_addr.emit(&mut writer),
            MpOption::RemoveAddr(ids) => ids.emit(&mut writer),
            MpOption::Prio(prio) => prio.emit(&mut writer),
            MpOption::Fail(fail) => fail.emit(&mut writer),
            MpOption::FastClose(fastclose) => fastclose.emit(&mut writer),
            MpOption::TcpRst(tcprst) => tcprst.emit(&mut writer),
            MpOption::Experimental => writer.head(BARE_LEN, Subtype::Experimental, 0),
        }?;
        Ok(len)
    }

    /// The subtype under which the option travels.
    #[must_use]
    pub const fn subtype(&self) -> Subtype {
        match self {
            MpOption::Capable(_) => Subtype::MpCapable,
            MpOption::Join(_) => Subtype::MpJoin,
            MpOption::Dss(_) => Subtype::Dss,
            MpOption::AddAddr(_) => Subtype::AddAddr,
            MpOption::RemoveAddr(_) => Subtype::RemoveAddr,
            MpOption::Prio(_) => Subtype::MpPrio,
            MpOption::Fail(_) => Subtype::MpFail,
            MpOption::FastClose(_) => Subtype::MpFastClose,
            MpOption::TcpRst(_) => Subtype::MpTcpRst,
            MpOption::Experimental => Subtype::Experimental,
        }
    }
}
