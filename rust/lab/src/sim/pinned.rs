//! Seeds that once failed.

/// Seeds that the integration test runs before all others, each with what it found when it was pinned. A change of
/// the drawing changes what they mean; they are kept all the same.
pub const PINNED: &[(u64, &str)] = &[
    (21, "a dead path's maps filled so_snd and stopped the application"),
    (43, "plain TCP advertised a window that did not count what was acknowledged and not yet taken"),
    (94, "nobody was told of the room when the last map of a dead path went"),
    (255, "nobody was told of the room when a subflow's ACK came after the DATA_ACK"),
    (730, "after a fallback, no window update once our FIN was sent, and no output for one that came"),
    (2242, "an ACK that closed a gap told of the data before it was taken, and nothing followed that told of it"),
    (3919, "a third ACK lost in a full queue made plain TCP of a connection whose path was cut then"),
    (4945, "a SYN/ACK lost in a full queue until the path was cut"),
    (7206, "a path that broke soon after each join was joined again each second, for ever"),
    (7659, "data without mapping was acknowledged, awaited its mapping, and met its own repetition as new bytes"),
    (9197, "the time that a gap took to be closed was taken for a round trip"),
];
