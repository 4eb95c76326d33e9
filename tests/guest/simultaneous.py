#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A peer that answers the guest's SYN with a SYN of its own, as if both had opened at once (RFC 9293, section 3.5). The
connection is plain TCP, whatever MPTCP options the peer sends, and connect(2) returns. Beside simultaneous.sh."""
from packets import *


def run(name, local, capable):
    syn = receive(lambda s: s.dport == local and s.flags & (SYN | ACK) == SYN, 2 * PATIENCE)
    if not check(name + ': the guest offers MPTCP', syn is not None and option(syn, CAPABLE) is not None, syn):
        return
    conn = Tcp(syn.sport, syn.source, local)
    conn.irs, conn.ack = syn.seq, (syn.seq + 1) & MASK32
    ack, conn.ack = conn.ack, 0
    conn.send(SYN, b'\x1e\x04\x01\x01' if capable else b'')
    conn.ack = ack
    got, _ = conn.until(lambda s: s.flags & (SYN | ACK) == SYN | ACK and s.ack == conn.seq)
    if not check(name + ': SYN/ACK', got is not None):
        return
    check(name + ': without MPTCP', not got.options, got)
    # What the guest would take for the answer to its MP_CAPABLE.
    conn.send(ACK, b'\x1e\x0c\x01\x01' + os.urandom(8) if capable else b'')
    got, _ = conn.until(lambda s: s.data != b'')
    if not check(name + ': the application writes', got is not None and got.data == b'line to %d\n' % local, got):
        return
    check(name + ': plain TCP', not got.options, got)
    conn.ack = (got.seq + len(got.data)) & MASK32
    conn.send(ACK | PSH, data=b'hello\n')
    fin = got if got.flags & FIN else conn.until(lambda s: s.flags & FIN)[0]
    check(name + ': and closes', fin is not None)
    conn.ack = (conn.ack + 1) & MASK32
    conn.send(ACK | FIN)


listener = ready()
run('with options', 5501, True)
run('without', 5502, False)
end()
