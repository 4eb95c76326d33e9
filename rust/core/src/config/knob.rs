//! Every number that an administrator may set: its name, its range, where it goes.

use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;

use mptcp_wire::Version;

use super::{Config, JoinOnAddAddr, MAX_SUBFLOWS};

/// The numbers among the settings. Switches are 0 or 1; times are in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum Knob {
    /// [`Config::enable`], 0 or 1.
    Enable = 0,
    /// [`Config::version`], 0 or 1.
    Version = 1,
    /// [`Config::v0`], 0 or 1.
    V0 = 2,
    /// [`Config::max_subflows`].
    MaxSubflows = 3,
    /// [`Config::join_on_add_addr`], 0 to 2.
    JoinOnAddAddr = 4,
    /// [`Config::single_packet_maps`], 0 or 1.
    SinglePacketMaps = 5,
    /// [`Config::checksum`], 0 or 1.
    Checksum = 6,
    /// First wait for ADD_ADDR's echo, milliseconds.
    AddAddrTimeout = 7,
    /// How often an ADD_ADDR without an echo is sent again.
    AddAddrRetries = 8,
    /// Wait of a closed connection, milliseconds.
    CloseTimeout = 9,
    /// Timeouts in a row before a stalled subflow may be reset.
    StaleLossCnt = 10,
    /// First wait before a lost path is joined again, milliseconds.
    RejoinTimeout = 11,
    /// Longest wait between two such tries, milliseconds.
    RejoinCap = 12,
    /// How often a lost path is tried; 0 turns re-joining off.
    RejoinRetries = 13,
    /// First wait for the fourth packet of a join, milliseconds. Without effect: the connection waits 300 ms.
    JoinAckTimeout = 14,
    /// How often the third ACK is sent again.
    JoinAckRetries = 15,
    /// [`Config::deny_join_id0`], 0 or 1.
    DenyJoinId0 = 16,
    /// [`Config::short_dsn`], 0 or 1.
    ShortDsn = 17,
    /// [`Config::reass_maxqueuelen`].
    ReassMaxQueueLen = 18,
}

impl Knob {
    /// Every knob, in the order of their numbers.
    pub const ALL: [Knob; 19] = [
        Knob::Enable,
        Knob::Version,
        Knob::V0,
        Knob::MaxSubflows,
        Knob::JoinOnAddAddr,
        Knob::SinglePacketMaps,
        Knob::Checksum,
        Knob::AddAddrTimeout,
        Knob::AddAddrRetries,
        Knob::CloseTimeout,
        Knob::StaleLossCnt,
        Knob::RejoinTimeout,
        Knob::RejoinCap,
        Knob::RejoinRetries,
        Knob::JoinAckTimeout,
        Knob::JoinAckRetries,
        Knob::DenyJoinId0,
        Knob::ShortDsn,
        Knob::ReassMaxQueueLen,
    ];

    /// The knob with this number, as the C face passes it.
    #[must_use]
    pub fn from_number(n: u8) -> Option<Self> {
        Knob::ALL.get(usize::from(n)).copied()
    }

    /// The sysctl's name below `net.inet.tcp.mptcp`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Knob::Enable => "enable",
            Knob::Version => "version",
            Knob::V0 => "v0",
            Knob::MaxSubflows => "max_subflows",
            Knob::JoinOnAddAddr => "join_on_add_addr",
            Knob::SinglePacketMaps => "single_packet_maps",
            Knob::Checksum => "checksum",
            Knob::AddAddrTimeout => "add_addr_timeout",
            Knob::AddAddrRetries => "add_addr_retries",
            Knob::CloseTimeout => "close_timeout",
            Knob::StaleLossCnt => "stale_loss_cnt",
            Knob::RejoinTimeout => "rejoin_timeout",
            Knob::RejoinCap => "rejoin_cap",
            Knob::RejoinRetries => "rejoin_retries",
            Knob::JoinAckTimeout => "join_ack_timeout",
            Knob::JoinAckRetries => "join_ack_retries",
            Knob::DenyJoinId0 => "deny_join_id0",
            Knob::ShortDsn => "short_dsn",
            Knob::ReassMaxQueueLen => "reass_maxqueuelen",
        }
    }

    /// What may be set, both ends included.
    #[must_use]
    pub const fn range(self) -> RangeInclusive<i64> {
        match self {
            Knob::Enable
            | Knob::Version
            | Knob::V0
            | Knob::SinglePacketMaps
            | Knob::Checksum
            | Knob::DenyJoinId0
            | Knob::ShortDsn => 0..=1,
            Knob::MaxSubflows => 1..=MAX_SUBFLOWS as i64,
            Knob::JoinOnAddAddr => 0..=2,
            // Below 100 ms a long path's echo is always late; above an hour nobody waits.
            Knob::AddAddrTimeout | Knob::JoinAckTimeout => 100..=120_000,
            Knob::AddAddrRetries | Knob::JoinAckRetries => 1..=8,
            Knob::CloseTimeout => 1_000..=3_600_000,
            Knob::StaleLossCnt => 1..=255,
            Knob::RejoinTimeout | Knob::RejoinCap => 100..=3_600_000,
            Knob::RejoinRetries => 0..=255,
            // At 0 only data in order is taken. The highest is what fits into the memory of one connection.
            Knob::ReassMaxQueueLen => 0..=500_000,
        }
    }
}

/// A number was outside of its knob's range; the old setting stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfRange {
    /// The knob that was to be set.
    pub knob: Knob,
    /// What was asked for.
    pub value: i64,
}

impl fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = self.knob.range();
        let (name, value) = (self.knob.name(), self.value);
        write!(f, "{name}={value} is outside of {} to {}", range.start(), range.end())
    }
}

impl core::error::Error for OutOfRange {}

impl Config {
    /// Sets one number.
    ///
    /// # Errors
    /// [`OutOfRange`] outside of [`Knob::range`]; nothing has changed then.
    pub fn set(&mut self, knob: Knob, value: i64) -> Result<(), OutOfRange> {
        let refused = OutOfRange { knob, value };
        if !knob.range().contains(&value) {
            return Err(refused);
        }
        let small = || u8::try_from(value).map_err(|_| refused);
        let millis = || u64::try_from(value).map_err(|_| refused);
        let time = || millis().map(Duration::from_millis);
        let on = value == 1;
        match knob {
            Knob::Enable => self.enable = on,
            Knob::Version => self.version = if on { Version::V1 } else { Version::V0 },
            Knob::V0 => self.v0 = on,
            Knob::MaxSubflows => self.max_subflows = small()?,
            Knob::JoinOnAddAddr => {
                self.join_on_add_addr = JoinOnAddAddr::from_number(value).ok_or(refused)?;
            }
            Knob::SinglePacketMaps => self.single_packet_maps = on,
            Knob::Checksum => self.checksum = on,
            Knob::AddAddrTimeout => self.timers.add_addr.initial = time()?,
            Knob::AddAddrRetries => self.timers.add_addr.retries = small()?,
            Knob::CloseTimeout => self.timers.close = time()?,
            Knob::StaleLossCnt => self.timers.stale_loss_cnt = small()?,
            Knob::RejoinTimeout => self.timers.rejoin.initial = time()?,
            Knob::RejoinCap => self.timers.rejoin.cap = time()?,
            Knob::RejoinRetries => self.timers.rejoin.retries = small()?,
            Knob::JoinAckTimeout => self.timers.join_ack.initial = time()?,
            Knob::JoinAckRetries => self.timers.join_ack.retries = small()?,
            Knob::DenyJoinId0 => self.deny_join_id0 = on,
            Knob::ShortDsn => self.short_dsn = on,
            Knob::ReassMaxQueueLen => self.reass_maxqueuelen = u32::try_from(value).map_err(|_| refused)?,
        }
        Ok(())
    }

    /// Reads one number.
    #[must_use]
    pub fn get(&self, knob: Knob) -> i64 {
        let millis = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
        match knob {
            Knob::Enable => i64::from(self.enable),
            Knob::Version => i64::from(self.version as u8),
            Knob::V0 => i64::from(self.v0),
            Knob::MaxSubflows => i64::from(self.max_subflows),
            Knob::JoinOnAddAddr => i64::from(self.join_on_add_addr as u8),
            Knob::SinglePacketMaps => i64::from(self.single_packet_maps),
            Knob::Checksum => i64::from(self.checksum),
            Knob::AddAddrTimeout => millis(self.timers.add_addr.initial),
            Knob::AddAddrRetries => i64::from(self.timers.add_addr.retries),
            Knob::CloseTimeout => millis(self.timers.close),
            Knob::StaleLossCnt => i64::from(self.timers.stale_loss_cnt),
            Knob::RejoinTimeout => millis(self.timers.rejoin.initial),
            Knob::RejoinCap => millis(self.timers.rejoin.cap),
            Knob::RejoinRetries => i64::from(self.timers.rejoin.retries),
            Knob::JoinAckTimeout => millis(self.timers.join_ack.initial),
            Knob::JoinAckRetries => i64::from(self.timers.join_ack.retries),
            Knob::DenyJoinId0 => i64::from(self.deny_join_id0),
            Knob::ShortDsn => i64::from(self.short_dsn),
            Knob::ReassMaxQueueLen => i64::from(self.reass_maxqueuelen),
        }
    }
}
