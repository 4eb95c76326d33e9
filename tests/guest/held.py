#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A peer that makes the guest hold memory: pieces of one byte behind gaps that it fills late, and after a fallback more
data than any window allowed. Beside held.sh."""
from packets import *

PIECES, SEGMENTS, MSS = 12000, 6000, 1400


def pieces():
    """Every other byte of the window, each in a segment of its own; then all of it in order."""
    conn = Opened(5001)
    dsn, theirs = first_dsn(conn.key), first_dsn(conn.peer_key)
    conn.first(b'!')
    got, _ = conn.until(lambda s: (d := dss_of(s)) is not None and d.ack is not None)
    check('pieces: the first byte is DATA_ACKed', got is not None)
    for n in range(PIECES):
        ssn = (conn.seq - conn.iss) & MASK32
        conn.send(ACK, dss(theirs, dsn + 2 + 2 * n, ssn, 1), b'p')
        if n % 50 == 0:
            time.sleep(0.01)
    # All of them are acknowledged by TCP, and none of them by a DATA_ACK.
    end = conn.seq
    got, before = conn.until(lambda s: s.ack == end)
    acks = {d.ack for s in before + [got] if s is not None and (d := dss_of(s)) is not None}
    check('pieces: TCP takes them', got is not None)
    check('pieces: no DATA_ACK for them', acks <= {dsn + 1, (dsn + 1) & MASK32, None}, acks)
    time.sleep(3)                   # held.sh looks at the memory
    total = 2 * PIECES + 2
    for at in range(1, total, MSS):
        length = min(MSS, total - at)
        conn.send(ACK | PSH, dss(theirs, dsn + at, (conn.seq - conn.iss) & MASK32, length), b'p' * length)
        time.sleep(0.002)
    got, _ = conn.until(lambda s: (d := dss_of(s)) is not None and d.ack is not None
                        and d.ack & MASK32 == (dsn + total) & MASK32)
    check('pieces: what had no room is taken when it comes again', got is not None)
    conn.send(ACK, dss(theirs, dsn + total, 0, 1, True))
    conn.send(RST | ACK)


def plain():
    """No option at all after the handshake, and no regard for windows."""
    conn = Opened(5002)
    first = conn.seq
    taken = 0
    for n in range(SEGMENTS):
        conn.send(ACK | PSH, b'', b'w' * MSS)
        if n % 20 == 0:
            time.sleep(0.01)
            while (s := conn.receive(0.001)) is not None:
                check('plain: no RST', not s.flags & RST) if s.flags & RST else None
                taken = max(taken, (s.ack - first) & MASK32)
    while (s := conn.receive(3)) is not None:
        taken = max(taken, (s.ack - first) & MASK32)
    check('plain: something was taken', taken >= MSS, taken)
    check('plain: no more than a receive buffer was taken', taken <= 3 << 20, taken)
    print('taken', taken, 'of', SEGMENTS * MSS)


listener = ready()
pieces()
plain()
end()
