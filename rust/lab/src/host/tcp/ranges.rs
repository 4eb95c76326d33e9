//! Ranges that arrived out of order, for the SACK blocks that report them.

/// More holes than that are a peer that wants memory; what would make one more is repeated by the peer.
const MOST: usize = 31;

/// Disjoint ranges above the next offset expected, in order, and which of them changed last.
#[derive(Debug, Default)]
pub(crate) struct Ranges {
    ranges: Vec<(u64, u64)>,
    latest: Option<u64>,
}

impl Ranges {
    /// A segment arrived while `next` was expected. False: there are too many holes to keep it.
    pub(crate) fn insert(&mut self, next: u64, start: u64, end: u64) -> bool {
        if start <= next || start >= end {
            return true;
        }
        let from = self.ranges.partition_point(|r| r.1 < start);
        let to = self.ranges.partition_point(|r| r.0 <= end);
        if from == to && self.ranges.len() >= MOST {
            return false;
        }
        let merged = self.ranges[from..to].iter().fold((start, end), |m, r| (m.0.min(r.0), m.1.max(r.1)));
        self.ranges.splice(from..to, [merged]);
        self.latest = Some(merged.0);
        true
    }

    /// Whether nothing came early.
    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Everything below `next` has arrived.
    pub(crate) fn advance(&mut self, next: u64) {
        self.ranges.retain(|r| r.1 > next);
        if self.ranges.is_empty() {
            self.latest = None;
        }
    }

    /// The ranges, the one that changed last first (RFC 2018, section 4).
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let first = self.ranges.iter().find(|r| Some(r.0) == self.latest);
        first.into_iter().chain(self.ranges.iter().filter(move |r| Some(*r) != first)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_merge_and_the_latest_comes_first() {
        let mut ranges = Ranges::default();
        assert!(ranges.insert(1, 11, 21));
        assert!(ranges.insert(1, 31, 41));
        assert!(ranges.insert(1, 51, 61));
        assert!(ranges.insert(1, 21, 31));
        assert_eq!(ranges.blocks().collect::<Vec<_>>(), [(11, 41), (51, 61)]);
        ranges.advance(41);
        assert_eq!(ranges.blocks().collect::<Vec<_>>(), [(51, 61)]);
    }

    #[test]
    fn holes_are_bounded() {
        let mut ranges = Ranges::default();
        let kept = (1..100u64).filter(|n| ranges.insert(1, n * 10, n * 10 + 5)).count();
        assert_eq!(kept, MOST);
        assert!(ranges.insert(1, 15, 17), "next to a known range");
        assert!(ranges.insert(1, 1, 9), "in order");
    }
}
