//! Text into C's buffers, as snprintf(3) does it.

use core::fmt::{self, Display, Write};

/// A buffer that takes what fits and counts the rest.
struct Bounded<'a> {
    out: &'a mut [u8],
    wanted: usize,
}

impl Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let rest = self.out.get_mut(self.wanted..).unwrap_or_default();
        for (to, from) in rest.iter_mut().zip(text.bytes()) {
            *to = from;
        }
        self.wanted = self.wanted.saturating_add(text.len());
        Ok(())
    }
}

/// Writes `what` and a NUL into `out`, cut off where it is too short; returns the length of the whole without the NUL.
pub(super) fn print(what: &dyn Display, out: &mut [u8]) -> usize {
    let mut buf = Bounded { out, wanted: 0 };
    // Neither this buffer nor core's Display fails; if one did, the text would be short.
    let _ = write!(buf, "{what}");
    let wanted = buf.wanted;
    let last = out.len().saturating_sub(1);
    if let Some(end) = out.get_mut(wanted.min(last)) {
        *end = 0;
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::print;

    #[test]
    fn what_does_not_fit_is_cut_off_before_the_nul() {
        let mut out = [7_u8; 4];
        assert_eq!(print(&"abcdef", &mut out), 6);
        assert_eq!(&out, b"abc\0");
        assert_eq!(print(&"abc", &mut out), 3);
        assert_eq!(&out, b"abc\0");
        assert_eq!(print(&"a", &mut out), 1);
        assert_eq!(out.get(..2), Some(&b"a\0"[..]));
        assert_eq!(print(&"abc", &mut []), 3);
    }
}
