#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Joins that must be refused, from a host that goes on all the same.

Beside joins.sh. Each case opens a connection with MP_CAPABLE, then tries a join.
"""
from packets import *

PORT = 5000


def stream(port, send=None):
    """Sends a line, or reads until the end, once somebody listens."""
    for _ in range(100):
        try:
            with socket.create_connection((THERE, port), timeout=10) as s:
                if send:
                    s.sendall(send.encode() + b'\n')
                    s.shutdown(socket.SHUT_WR)
                out = b''
                while chunk := s.recv(4096):
                    out += chunk
                return out.decode()
        except OSError:
            time.sleep(0.1)
    raise SystemExit('nobody listens on port %d' % port)


def control(command):
    """Runs a command over there."""
    stream(6000, command)
    return stream(6001)


class Connection(Opened):
    """A connection with MP_CAPABLE, and the joins that its peer begins."""

    def __init__(self):
        super().__init__(PORT)
        time.sleep(0.2)

    def join_syn(self, tok=None):
        join, self.nonce = Tcp(PORT), os.urandom(4)
        join.send(SYN, b'\x1e\x0c\x10\x02' + (tok or token(self.peer_key)) + self.nonce)
        return join

    def hmac(self, nonce):
        return join_hmac(self.key, self.peer_key, self.nonce, nonce)[:20]


def leaves_nothing(name, join):
    check(name + ': leaves no connection', '%s.%d ' % (HERE, join.local) not in control('netstat -np tcp'))


def is_reset(segment):
    return segment is not None and segment.flags & (SYN | RST) == RST and option(segment, TCPRST) is not None


def refused(name, join):
    """A RST with MP_TCPRST answers the SYN, and going on changes nothing."""
    first = join.receive()
    check(name + ': RST with MP_TCPRST', is_reset(first) and first.ack == join.seq, first)
    if first is None:
        return
    for ack in (first.seq + 1, first.seq):
        join.ack = ack & MASK32
        join.send(ACK | PSH, data=b'GET / \n')
        join.seq -= 7
    time.sleep(0.3)
    leaves_nothing(name, join)


def answered(join):
    """The SYN/ACK of a join that is admitted: its MP_JOIN."""
    answer = join.receive()
    if answer is None or answer.flags & (SYN | ACK) != SYN | ACK or option(answer, JOIN) is None:
        raise SystemExit('FAIL no SYN/ACK with MP_JOIN: %s' % (answer,))
    join.ack = (answer.seq + 1) & MASK32
    return option(answer, JOIN)


def limited():
    """A storm of joins with unknown tokens gets as many RSTs as icmplim allows."""
    many, each_second = 300, 10
    conn = Connection()
    control('sysctl net.inet.icmp.icmplim=%d net.inet.icmp.icmplim_jitter=0' % each_second)
    time.sleep(2)
    start = time.monotonic()
    locals_ = {conn.join_syn(os.urandom(4)).local for _ in range(many)}
    resets = 0
    while receive(lambda s: s.sport == PORT and s.dport in locals_ and is_reset(s), 3):
        resets += 1
    # The last receive() waited for nothing.
    allowed = each_second * (time.monotonic() - start - 3 + 2)
    check('RSTs obey icmplim', 0 < resets <= allowed and resets < many // 2, (resets, allowed))
    control('sysctl net.inet.icmp.icmplim=200 net.inet.icmp.icmplim_jitter=16')


def main():
    oid = 'sysctl net.inet.tcp.mptcp.'
    control(oid + 'max_subflows=8')
    conn = Connection()
    refused('unknown token', conn.join_syn(os.urandom(4)))

    join = conn.join_syn()
    nonce = answered(join)[12:16]
    join.send(ACK, b'\x1e\x18\x10\0' + conn.hmac(nonce))
    fourth = join.receive()
    check('good join', fourth is not None and fourth.flags & (RST | ACK) == ACK, fourth)

    for name, third in (('bad HMAC', b'\x1e\x18\x10\0' + bytes(20)), ('third ACK without MP_JOIN', b'')):
        join = conn.join_syn()
        answered(join)
        join.send(ACK, third)
        answer = join.receive()
        check(name + ': RST with MP_TCPRST', is_reset(answer) and answer.seq == join.ack, answer)
        join.send(ACK | PSH, data=b'x\n')
        time.sleep(0.3)
        leaves_nothing(name, join)

    conn = Connection()
    join = conn.join_syn()
    nonce = answered(join)[12:16]
    conn.send(RST)                  # the connection ends while the join is half open
    time.sleep(0.3)
    join.send(ACK, b'\x1e\x18\x10\0' + conn.hmac(nonce))
    late = join.receive()
    check('join after the end: RST', late is not None and late.flags & RST != 0, late)

    for name, setting in (('max_subflows', 'max_subflows=1'), ('deny_join_id0', 'deny_join_id0=1')):
        control(oid + setting)
        refused(name, Connection().join_syn())
        control(oid + 'max_subflows=8 net.inet.tcp.mptcp.deny_join_id0=0')

    limited()
    conn = Connection()
    control(oid + 'enable=0')
    refused('enable=0', conn.join_syn(os.urandom(4)))
    control(oid + 'enable=1')

    conn = Connection()
    control('sysctl net.inet.tcp.syncookies_only=1')
    refused('SYN cookies', conn.join_syn())
    control('sysctl net.inet.tcp.syncookies_only=0')
    stream(6000, 'exit-now')


listener = ready()
main()
end()
