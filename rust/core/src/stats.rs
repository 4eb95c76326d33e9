//! Counters of one connection; the caller adds them up (kernel: `net.inet.tcp.mptcp.stats`).

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        /// Events counted on one connection. Plain numbers, under MP_LOCK.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        #[repr(C)]
        pub struct Stats {
            $($(#[$doc])* pub $name: u64,)+
        }

        impl Stats {
            /// Name and value of each counter, in the order of the fields.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)+].into_iter()
            }
        }
    };
}

counters! {
    /// Maps given out for new data.
    maps_new,
    /// Maps given out for data that another path had carried before.
    maps_reinjected,
    /// Bytes in the latter.
    bytes_reinjected,
    /// One-byte maps beyond a closed window.
    window_probes,
    /// Data-level retransmission timeouts.
    data_rtos,
    /// Bytes delivered in data order.
    bytes_delivered,
    /// Pieces held because data before them was missing.
    pieces_held,
    /// Pieces that had been received before.
    pieces_duplicate,
    /// Pieces beyond the shared window, thrown away.
    pieces_beyond_window,
    /// Pieces thrown away because as many were held as may be.
    pieces_queue_full,
    /// Pieces thrown away because the memory of those that are held would be too much.
    pieces_no_room,
    /// Pieces or maps thrown away because memory was refused, and announced addresses that found no room.
    refused_no_memory,
    /// Maps that contradicted an earlier one.
    maps_conflicting,
    /// DATA_ACKs for what was never sent.
    bad_data_acks,
    /// Options that could not be parsed or made no sense where they stood.
    bad_options,
    /// DSS checksums that failed.
    checksum_errors,
    /// Joins that we opened and that were confirmed.
    joins_opened,
    /// Joins that the peer opened and that were confirmed.
    joins_accepted,
    /// Joins that failed, on either side.
    joins_failed,
    /// HMACs that were wrong: MP_JOIN and ADD_ADDR.
    bad_hmacs,
    /// Paths joined again after they had been lost.
    rejoins,
    /// Joins that we began because no path worked.
    rescue_joins,
    /// Such joins that were confirmed.
    rescues,
    /// Times that a path was found stalled.
    stalls,
    /// Times that a stalled path worked again.
    recoveries,
    /// Probes of stalled and silent paths.
    probes,
    /// ADD_ADDR sent, repetitions included.
    add_addr_sent,
    /// ADD_ADDR received and taken.
    add_addr_received,
    /// Echoes of ours received.
    add_addr_echoed,
    /// REMOVE_ADDR received.
    remove_addr_received,
    /// MP_PRIO received.
    prio_received,
    /// MP_FAIL sent.
    fail_sent,
    /// MP_FAIL received.
    fail_received,
    /// MP_FASTCLOSE received with the right key.
    fastclose_received,
    /// MP_TCPRST received.
    rst_received,
}

#[cfg(test)]
mod tests;
