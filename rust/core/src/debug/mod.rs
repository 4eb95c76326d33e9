//! `mp_debug`: which debug messages are wanted, as classes with levels.
//!
//! The string has entries separated by blanks. `CLASS:n` turns on the levels 1 to n of a class, `CLASS:=n` only level
//! n, `CLASS:0` (or `:=0`) none. The classes are MPSESSION, DSMAP, SBSTATUS, REASS, and ALL for each of them. Case does
//! not matter. As in v0.51, classes that the string does not name keep their levels. Of two entries for one class the
//! later one holds. An empty string, or `0`, turns all off.

use core::fmt;
use core::ops::Range;

use crate::config::Entries;

#[cfg(test)]
mod tests;

/// The highest level.
pub const MAX_LEVEL: u8 = 5;

/// What a debug message is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum DebugClass {
    /// `MPSESSION`: connections and subflows, tokens, states.
    MpSession = 0,
    /// `DSMAP`: data-sequence maps.
    DsMap = 1,
    /// `SBSTATUS`: the socket buffers' accounting.
    SbStatus = 2,
    /// `REASS`: data-level reassembly.
    Reass = 3,
}

impl DebugClass {
    /// Every class, in the order in which the setting is printed.
    pub const ALL: [DebugClass; 4] =
        [DebugClass::MpSession, DebugClass::DsMap, DebugClass::SbStatus, DebugClass::Reass];

    /// The name in the sysctl.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            DebugClass::MpSession => "MPSESSION",
            DebugClass::DsMap => "DSMAP",
            DebugClass::SbStatus => "SBSTATUS",
            DebugClass::Reass => "REASS",
        }
    }
}

/// Which messages are wanted: a byte for each class, in it a bit for each level.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct DebugMask(u32);

impl DebugMask {
    /// No messages.
    pub const OFF: DebugMask = DebugMask(0);

    /// The mask for a string, starting from [`DebugMask::OFF`].
    ///
    /// # Errors
    /// [`DebugError`] for the first bad entry.
    pub fn parse(text: &[u8]) -> Result<Self, DebugError> {
        DebugMask::OFF.apply(text)
    }

    /// This mask with a string (without a closing NUL) applied to it. Any bytes may come.
    ///
    /// # Errors
    /// [`DebugError`] for the first bad entry. The caller returns EINVAL and keeps its old mask: good
    /// entries before a bad one do not count.
    pub fn apply(self, text: &[u8]) -> Result<Self, DebugError> {
        if matches!(text.trim_ascii(), b"" | b"0") {
            return Ok(DebugMask::OFF);
        }
        let mut mask = self;
        for (index, (entry, range)) in Entries::new(text).enumerate() {
            let parsed = parse_entry(entry);
            let (class, levels) = parsed.map_err(|kind| DebugError { index, range, kind })?;
            mask = match class {
                Some(class) => mask.with(class, levels),
                None => DebugClass::ALL.into_iter().fold(mask, |mask, class| mask.with(class, levels)),
            };
        }
        Ok(mask)
    }

    /// Whether messages of this class and level are wanted. Level 0 and levels above [`MAX_LEVEL`] never
    /// are. Costs a shift and a test.
    #[must_use]
    pub const fn enabled(self, class: DebugClass, level: u8) -> bool {
        level <= MAX_LEVEL && (self.levels(class) >> level) & 1 == 1
    }

    /// The mask as a number, so that C can test it without a call: bit `8 * class + level`.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The mask that [`DebugMask::bits`] gave. Bits of levels that do not exist are dropped.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        DebugMask(bits & 0x3e3e_3e3e)
    }

    const fn levels(self, class: DebugClass) -> u8 {
        let [session, ds_map, sb_status, reass] = self.0.to_le_bytes();
        match class {
            DebugClass::MpSession => session,
            DebugClass::DsMap => ds_map,
            DebugClass::SbStatus => sb_status,
            DebugClass::Reass => reass,
        }
    }

    const fn with(self, class: DebugClass, levels: u8) -> Self {
        let mut bytes = self.0.to_le_bytes();
        let [session, ds_map, sb_status, reass] = &mut bytes;
        match class {
            DebugClass::MpSession => *session = levels,
            DebugClass::DsMap => *ds_map = levels,
            DebugClass::SbStatus => *sb_status = levels,
            DebugClass::Reass => *reass = levels,
        }
        DebugMask(u32::from_le_bytes(bytes))
    }
}

/// Prints the setting: `ALL:n` where every class has the same, else each class that is not off. On a mask
/// that is off, the string gives the same mask again.
impl fmt::Display for DebugMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.levels(DebugClass::MpSession);
        if DebugClass::ALL.iter().all(|c| self.levels(*c) == first) {
            return if first == 0 { Ok(()) } else { write_entry(f, "ALL", first) };
        }
        let mut blank = "";
        for class in DebugClass::ALL {
            let levels = self.levels(class);
            if levels != 0 {
                f.write_str(blank)?;
                write_entry(f, class.name(), levels)?;
                blank = " ";
            }
        }
        Ok(())
    }
}

impl fmt::Debug for DebugMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DebugMask({self})")
    }
}

/// Which entry of an `mp_debug` string was refused, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DebugError {
    /// Which entry, counted from zero.
    pub index: usize,
    /// Where it stands in the string, in bytes.
    pub range: Range<usize>,
    /// What is wrong with it.
    pub kind: DebugErrorKind,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DebugErrorKind {
    /// No colon between class and level.
    NoLevel,
    /// Not one of the classes.
    UnknownClass,
    /// Not one digit from 0 to 5, with or without `=` before it.
    BadLevel,
}

impl fmt::Display for DebugError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, at) = (self.index.saturating_add(1), self.range.start);
        let what = match self.kind {
            DebugErrorKind::NoLevel => "write CLASS:n or CLASS:=n",
            DebugErrorKind::UnknownClass => "classes are MPSESSION DSMAP SBSTATUS REASS ALL",
            DebugErrorKind::BadLevel => "levels are 0 to 5",
        };
        write!(f, "entry {number} (at byte {at}): {what}")
    }
}

impl core::error::Error for DebugError {}

/// The class (`None` for ALL) and the bits of its levels.
fn parse_entry(entry: &[u8]) -> Result<(Option<DebugClass>, u8), DebugErrorKind> {
    let colon = entry.iter().position(|b| *b == b':');
    let colon = colon.ok_or(DebugErrorKind::NoLevel)?;
    let (name, level) = entry.split_at_checked(colon).ok_or(DebugErrorKind::NoLevel)?;
    let class = if name.eq_ignore_ascii_case(b"ALL") {
        None
    } else {
        let mut all = DebugClass::ALL.into_iter();
        let found = all.find(|c| c.name().as_bytes().eq_ignore_ascii_case(name));
        Some(found.ok_or(DebugErrorKind::UnknownClass)?)
    };
    let levels = match level {
        [b':', b'=', digit @ b'0'..=b'5'] => only(digit & 0xf),
        [b':', digit @ b'0'..=b'5'] => up_to(digit & 0xf),
        _ => return Err(DebugErrorKind::BadLevel),
    };
    Ok((class, levels))
}

/// Bits 1 to `level`.
const fn up_to(level: u8) -> u8 {
    let mut bits = 0;
    let mut at = level;
    while at > 0 {
        bits |= only(at);
        at = at.saturating_sub(1);
    }
    bits
}

/// Bit `level`; none for level 0.
const fn only(level: u8) -> u8 {
    (1_u8 << (level & 7)) & !1
}

/// `levels` is what [`up_to`] or [`only`] made, never zero.
fn write_entry(f: &mut fmt::Formatter<'_>, name: &str, levels: u8) -> fmt::Result {
    let highest = levels.checked_ilog2().unwrap_or(0);
    let equals = if levels & 0b10 == 0 { "=" } else { "" };
    write!(f, "{name}:{equals}{highest}")
}
