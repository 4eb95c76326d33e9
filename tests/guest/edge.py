#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The right edge of the guest's window, DATA_ACK plus window, while its application does not read: it does not move left
(RFC 8684, 3.3.4) but by the rounding of the window scale (RFC 7323, 2.4), and what lies within the largest edge is
taken. Beside edge.sh."""
from packets import *

conn = None
told = moved = 0


def look(segment):
    """Notes what a segment of the guest says; returns its DATA_ACK as an offset, or None."""
    global told, moved
    d = dss_of(segment)
    if d is None or d.ack is None:
        return None
    acked = ((d.ack - dsn) & MASK32)
    edge = acked + (segment.window << conn.scale)
    moved = max(moved, told - edge)
    told = max(told, edge)
    return acked


def data(at, length):
    conn.send(ACK | PSH, dss(theirs, dsn + at, (conn.seq - conn.iss) & MASK32, length), b'e' * length)


listener = ready()
conn = Opened(5001, scaled=True)
dsn, theirs = first_dsn(conn.key), first_dsn(conn.peer_key)
check('the guest scales its window', conn.scale > 0, conn.scale)
conn.first(b'e')
at = acked = 1
got, _ = conn.until(lambda s: look(s) is not None)
check('the first byte is DATA_ACKed', got is not None)
# Odd lengths, so that each DATA_ACK falls elsewhere within a unit of the scale.
while told - at > 0:
    length = min(random.choice([1, 7, 333, 1001, 1399]), told - at)
    data(at, length)
    at += length
    got, before = conn.until(lambda s: (a := look(s)) is not None and a >= at, 5)
    if got is None:
        break
    acked = at
print('window of %d octets, units of %d; edge %d, moved left by %d' % (told - 1, 1 << conn.scale, told, moved))
check('everything within the largest edge is taken', acked == told, (acked, told))
check('the window was used up', acked > 60000, acked)
check('the edge moved left by less than a unit of the scale', moved < 1 << conn.scale, moved)
# The application reads from now on: the window opens again, and the rest goes.
got, _ = conn.until(lambda s: look(s) is not None and told - at > 20000)
check('the window opens again', got is not None, told - at)
data(at, 1000)
at += 1000
got, _ = conn.until(lambda s: (a := look(s)) is not None and a >= at)
check('and what comes then is taken', got is not None)
conn.send(ACK, dss(theirs, dsn + at, 0, 1, True))
conn.send(RST | ACK)
print('bytes', at)
end()
