//! What it means that options are missing: fall back, give up the subflow, or wait.

/// Acknowledgements of data in a row without any MPTCP option, after which options are taken to be stripped.
const ACKS_WITHOUT_OPTIONS: u8 = 8;
/// Data-level timeouts after which a subflow with such acknowledgements is given up where no fallback is possible.
const TIMEOUTS_WITHOUT_OPTIONS: u8 = 2;

/// What the connection looks like from the subflow on which options are missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Situation {
    /// It is the only subflow that can have carried data.
    pub(crate) sole: bool,
    /// Nothing that the peer sent is missing, and what is outstanding is contiguous on this subflow: from here on its sequence numbers
    /// can do for both directions.
    pub(crate) possible: bool,
    /// There never was another subflow, and all that the peer sent was the next data when it came. Without a word from
    /// the peer its bytes may be taken for the next data only then: it may not know of the fallback, and whoever has several
    /// paths or sends data again mixes the order.
    pub(crate) in_data_order: bool,
}

/// How it was noticed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Evidence {
    /// The first data came without DSS.
    FirstData,
    /// Our data was acknowledged without any MPTCP option.
    Acked {
        /// No DSS was ever seen on the subflow.
        first: bool,
        /// Such acknowledgements in a row.
        in_a_row: u8,
    },
    /// A data-level timeout, and all that the subflow had was acknowledged, the last time without MPTCP option.
    Timeout {
        /// Timeouts since the last DATA_ACK.
        silent: u8,
    },
    /// The peer never showed that it speaks MPTCP on this connection.
    NeverConfirmed,
}

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// Go on as plain TCP with an infinite mapping.
    FallBack,
    /// RFC 8684 section 3.7: reset the subflow (reason: middlebox).
    Reset,
    /// Nothing yet.
    Wait,
}

impl Situation {
    /// Judges `evidence`.
    pub(crate) const fn judge(self, evidence: Evidence) -> Verdict {
        if let Evidence::Acked { first: false, in_a_row } = evidence
            && in_a_row < ACKS_WITHOUT_OPTIONS
        {
            return Verdict::Wait;
        }
        if self.possible && self.in_data_order {
            return Verdict::FallBack;
        }
        let reset = match evidence {
            Evidence::FirstData => true,
            Evidence::Acked { first, .. } => first || !self.sole,
            // Nothing is sent again on it: a peer that fell back would take that for new data.
            Evidence::Timeout { silent } => !self.sole || silent >= TIMEOUTS_WITHOUT_OPTIONS,
            Evidence::NeverConfirmed => false,
        };
        if reset { Verdict::Reset } else { Verdict::Wait }
    }
}
