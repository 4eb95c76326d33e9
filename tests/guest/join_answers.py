#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the guest does with the SYN/ACK of a join that it has opened (RFC 8684, section 3.2): a wrong HMAC and a missing
MP_JOIN want a RST, and the connection goes on without that subflow. Beside join_answers.sh."""
from packets import *


def joined(port):
    """A connection from the guest, and the join that it opens from its second address."""
    conn = Accepted(port)
    hello, _ = conn.until(lambda s: s.data)
    check('%d: data arrives' % port, hello is not None)
    conn.ack = (conn.ack + len(hello.data)) & MASK32
    conn.received = first_dsn(conn.peer_key) + len(hello.data)
    conn.send(ACK, dss(conn.received))
    syn = receive(lambda s: s.source == JOINS_FROM and s.flags & (SYN | ACK) == SYN and option(s, JOIN), PATIENCE)
    if syn is None:
        raise SystemExit('FAIL no join to port %d' % port)
    join = Tcp(syn.sport, syn.source, port)
    join.irs, join.ack = syn.seq, (syn.seq + 1) & MASK32
    return conn, join, option(syn, JOIN)[8:12]


def goes_on(name, conn):
    """The first subflow takes a line, which ends the guest's program, and acknowledges it at both levels."""
    dsn = first_dsn(conn.key)
    conn.send(ACK | PSH, dss(conn.received, dsn, 1, 4), b'end\n')
    answer, seen = conn.until(lambda s: (d := dss_of(s)) and d.ack is not None and d.ack & MASK32 == (dsn + 4) & MASK32)
    check(name + ', and the connection goes on', answer is not None, seen)


def refused(name, port, answer):
    conn, join, nonce = joined(port)
    join.send(SYN | ACK, answer(conn, nonce))
    reset, seen = join.until(lambda s: s.flags & RST)
    check(name + ': no third ACK', not any(s.flags & ACK for s in seen), seen)
    if check(name + ': RST', reset is not None, seen):
        check(name + ': with the sequence numbers of the SYN/ACK', reset.seq == join.ack and
              (not reset.flags & ACK or reset.ack == join.seq), reset)
        check(name + ': with MP_TCPRST', option(reset, TCPRST) is not None, reset)
    goes_on(name, conn)


def join_answer(conn, nonce, flaw=0):
    ours = os.urandom(4)
    code = join_hmac(conn.key, conn.peer_key, ours, nonce)[:8]
    return b'\x1e\x10\x10\x05' + bytes([code[0] ^ flaw]) + code[1:] + ours


listener = ready()
refused('wrong HMAC', 5001, lambda conn, nonce: join_answer(conn, nonce, 1))
refused('no MP_JOIN', 5002, lambda conn, nonce: b'')
refused('MP_CAPABLE instead', 5003, lambda conn, nonce: b'\x1e\x0c\x01\x01' + os.urandom(8))

conn, join, nonce = joined(5004)
join.send(SYN | ACK, join_answer(conn, nonce))
third, seen = join.until(lambda s: option(s, JOIN) is not None)
check('right HMAC: third ACK with MP_JOIN', third is not None and not third.flags & RST, seen)
goes_on('right HMAC', conn)
end()
