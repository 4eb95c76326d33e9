#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Joins that must be refused, from a host that goes on all the same.

Runs on Linux as root, beside joins.sh on the FreeBSD machine.  The host 10.1.0.77 lives in this program alone: raw
packets out, a packet socket in, its own ARP.  Each case opens a connection with MP_CAPABLE, then tries a join.
"""
import hashlib, hmac, os, random, socket, struct, sys, time

HERE, THERE, PORT, IF = '10.1.0.77', '10.1.0.1', 5000, sys.argv[1] if len(sys.argv) > 1 else 'ktap0'
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
pkt = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
pkt.bind((IF, 0))
mac = pkt.getsockname()[4]
ports = iter(range(random.randrange(20000, 40000), 65000))
failed = 0


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


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff


class Tcp:
    """One four-tuple."""

    def __init__(self):
        self.port, self.seq, self.ack = next(ports), random.getrandbits(32), 0

    def send(self, flags, options=b'', data=b'', window=60000):
        options += b'\1' * (-len(options) % 4)
        head = struct.pack('!HHIIBBHHH', self.port, PORT, self.seq & 0xffffffff, self.ack & 0xffffffff,
                           ((20 + len(options)) // 4) << 4, flags, window, 0, 0) + options
        a, b = socket.inet_aton(HERE), socket.inet_aton(THERE)
        c = checksum(a + b + struct.pack('!BBH', 0, 6, len(head) + len(data)) + head + data)
        head = head[:16] + struct.pack('!H', c) + head[18:]
        ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(head) + len(data), random.getrandbits(16), 0, 64, 6, 0, a, b)
        raw.sendto(ip + head + data, (THERE, 0))
        self.seq += len(data) + (1 if flags & (SYN | FIN) else 0)

    def receive(self, seconds=1.5):
        """The next segment: (flags, seq, ack, MPTCP options), or None."""
        end = time.time() + seconds
        while (left := end - time.time()) > 0:
            pkt.settimeout(left)
            try:
                p = pkt.recv(4096)
            except OSError:
                return None
            if p[12:14] == b'\x08\x06' and p[20:22] == b'\0\1' and p[38:42] == socket.inet_aton(HERE):
                pkt.send(p[6:12] + mac + p[12:20] + b'\0\2' + mac + p[38:42] + p[22:28] + p[28:32])
            if p[12:14] != b'\x08\0' or p[26:30] != socket.inet_aton(THERE) or p[30:34] != socket.inet_aton(HERE):
                continue
            p = p[14 + (p[14] & 15) * 4:]
            sp, dp, seq, ack = struct.unpack('!HHII', p[:12])
            if (sp, dp) != (PORT, self.port):
                continue
            o, found = p[20:(p[12] >> 4) * 4], []
            while o and o[0] != 0:
                if o[0] == 1:
                    o = o[1:]
                    continue
                if len(o) < 2 or o[1] < 2:
                    break
                if o[0] == 30:
                    found.append(o[:o[1]])
                o = o[o[1]:]
            return p[13], seq, ack, found
        return None


def subtype(options, kind):
    return next((o for o in options if o[2] >> 4 == kind), None)


def token(key):
    return hashlib.sha256(key).digest()[:4]


class Connection(Tcp):
    """A connection with MP_CAPABLE."""

    def __init__(self):
        super().__init__()
        self.key = os.urandom(8)
        self.send(SYN, b'\x1e\x04\x01\x01')
        flags, seq, _, options = self.receive(3)
        assert flags & (SYN | ACK) == SYN | ACK, flags
        self.peer = subtype(options, 0)[4:12]
        self.ack = seq + 1
        self.send(ACK, b'\x1e\x14\x01\x01' + self.key + self.peer)
        time.sleep(0.2)

    def join_syn(self, tok=None):
        join, self.nonce = Tcp(), os.urandom(4)
        join.send(SYN, b'\x1e\x0c\x10\x02' + (tok or token(self.peer)) + self.nonce)
        return join

    def hmac(self, nonce):
        return hmac.new(self.key + self.peer, self.nonce + nonce, hashlib.sha256).digest()[:20]


def check(name, good, what):
    global failed
    failed += not good
    print('ok  ' if good else 'FAIL', name, what, flush=True)


def refused(name, join):
    """A RST with MP_TCPRST answers the SYN, and going on changes nothing."""
    first = join.receive()
    good = first is not None and first[0] & (SYN | RST) == RST and first[2] == join.seq & 0xffffffff
    check(name, good and subtype(first[3], 8) is not None, first)
    if first is None:
        return
    for ack in (first[1] + 1, first[1]):
        join.ack = ack
        join.send(ACK | PSH, data=b'GET / \n')
        join.seq -= 7
    time.sleep(0.3)
    table = control('netstat -np tcp')
    check(name, '10.1.0.77.%d' % join.port not in table, 'leaves no connection')


def main():
    oid = 'sysctl net.inet.tcp.mptcp.'
    control(oid + 'max_subflows=8')
    conn = Connection()
    refused('unknown token', conn.join_syn(os.urandom(4)))

    join = conn.join_syn()
    flags, seq, _, options = join.receive()
    answer = subtype(options, 1)
    check('good join', flags & (SYN | ACK) == SYN | ACK and answer is not None, options)
    join.ack = seq + 1
    join.send(ACK, b'\x1e\x18\x10\0' + conn.hmac(answer[12:16]))
    fourth = join.receive()
    check('good join', fourth is not None and fourth[0] & (RST | ACK) == ACK, fourth)

    for name, third in (('bad HMAC', b'\x1e\x18\x10\0' + bytes(20)), ('third ACK without MP_JOIN', b'')):
        join = conn.join_syn()
        _, seq, _, _ = join.receive()
        join.ack = seq + 1
        join.send(ACK, third)
        answer = join.receive()
        good = answer is not None and answer[0] & RST and answer[1] == join.ack & 0xffffffff
        check(name, good and subtype(answer[3], 8) is not None, answer)
        join.send(ACK | PSH, data=b'x\n')
        time.sleep(0.3)
        check(name, '10.1.0.77.%d' % join.port not in control('netstat -np tcp'), 'leaves no connection')

    conn = Connection()
    join = conn.join_syn()
    _, seq, _, options = join.receive()
    conn.send(RST)                  # the connection ends while the join is half open
    time.sleep(0.3)
    join.ack = seq + 1
    join.send(ACK, b'\x1e\x18\x10\0' + conn.hmac(subtype(options, 1)[12:16]))
    late = join.receive()
    check('join after the end', late is not None and late[0] & RST != 0, late)

    for name, setting in (('max_subflows', 'max_subflows=1'), ('deny_join_id0', 'deny_join_id0=1')):
        control(oid + setting)
        refused(name, Connection().join_syn())
        control(oid + 'max_subflows=8 net.inet.tcp.mptcp.deny_join_id0=0')

    conn = Connection()
    control(oid + 'enable=0')
    refused('enable=0', conn.join_syn(os.urandom(4)))
    control(oid + 'enable=1')

    conn = Connection()
    control('sysctl net.inet.tcp.syncookies_only=1')
    refused('SYN cookies', conn.join_syn())
    control('sysctl net.inet.tcp.syncookies_only=0')

    stream(6000, 'exit-now')
    print('%d failures' % failed)
    sys.exit(failed != 0)


main()
