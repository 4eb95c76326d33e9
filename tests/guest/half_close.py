#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A peer that has ended its own direction: data, DATA_FIN, and FIN on its only subflow, while the guest's application is
still open and writes later (RFC 8684, section 3.3.3). What it writes must arrive, and FIN must not come before DATA_FIN.
Beside half_close.sh."""
from packets import *


def run(name, port, lines, fin_with_data_fin=False):
    """The guest's application writes so many lines, with a pause before each, and closes."""
    conn = Opened(port)
    dsn, theirs = first_dsn(conn.key), first_dsn(conn.peer_key)
    conn.first(b'hello\n')

    def data_acked(octets):
        return lambda s: (d := dss_of(s)) is not None and d.ack is not None and d.ack & MASK32 == (dsn + octets) & MASK32

    got, _ = conn.until(data_acked(6))
    check(name + ': data is DATA_ACKed', got is not None)
    if fin_with_data_fin:
        conn.send(ACK | FIN, dss(theirs, dsn + 6, 0, 1, True))
    else:
        conn.send(ACK, dss(theirs, dsn + 6, 0, 1, True))
    got, _ = conn.until(data_acked(7))
    check(name + ': DATA_FIN is DATA_ACKed', got is not None)
    if not fin_with_data_fin:
        conn.send(ACK | FIN, dss(theirs))

    # Everything of the other direction: in order here, for the link loses nothing.
    data, data_fin, fin_acked, expected = b'', None, False, conn.ack
    limit = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < limit:
        s = conn.receive(limit - time.monotonic())
        if s is None or s.flags & RST:
            check(name + ': goes on', False, s)
            return
        fin_acked |= s.ack == conn.seq
        d = dss_of(s)
        if s.data and s.seq == expected:
            if not check(name + ': data has a mapping', d is not None and d.dsn is not None, s):
                return
            data += s.data
            expected = conn.ack = (expected + len(s.data)) & MASK32
        if d is not None and d.fin and d.dsn is not None:
            last = (d.dsn + d.length) & MASK32
            check(name + ': DATA_FIN follows the data', last == (theirs + len(data) + 1) & MASK32, s)
            data_fin = True
        if s.flags & FIN:
            check(name + ': FIN was acknowledged before', fin_acked)
            check(name + ': all data came', data == b''.join(b'line %d\n' % i for i in range(1, lines + 1)), data)
            check(name + ': DATA_FIN came before FIN', data_fin is True, s)
            conn.ack = (conn.ack + 1) & MASK32
            conn.send(ACK, dss(theirs + len(data) + (1 if data_fin else 0)))
            return
        if s.data or data_fin:
            conn.send(ACK, dss(theirs + len(data) + (1 if data_fin else 0)))
    check(name + ': ends', False)


listener = ready()
run('one write', 5001, 1)
run('two writes', 5002, 2)
run('FIN with DATA_FIN', 5003, 2, True)
run('no write', 5004, 0)
end()
