# SPDX-License-Identifier: BSD-2-Clause
"""Segments made by hand: a host of its own on the link to the guest, which is no one's but this program's.

Frames go out and come in through a packet socket on a TAP, so that the kernel of this machine takes no part. Used by the
programs beside it, which tools/guest runs in the network namespace of the guest's TAPs.
"""
import hashlib
import hmac
import os
import random
import socket
import struct
import sys
import time
from collections import namedtuple

INTERFACE, HERE, THERE, JOINS_FROM = 'tap0', '10.1.0.77', '10.1.0.1', '10.2.0.1'
# Seconds to wait for what must come; a guest on a busy machine is slow.
PATIENCE = 30
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CAPABLE, JOIN, DSS, TCPRST = 0, 1, 2, 8
MASK32, MASK64 = (1 << 32) - 1, (1 << 64) - 1

# What arrived: seq, ack and window as they stand in the header; options are those of kind 30; scale is the window scale
# option's, or None.
Segment = namedtuple('Segment', 'source sport dport flags seq ack window options scale data')
# A DSS option: each None where it is absent; fin is a bool.
Dss = namedtuple('Dss', 'ack dsn ssn length fin')

link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
link.bind((INTERFACE, 0))
mac = link.getsockname()[4]
# That of the guest's first interface, as tools/guest.d/boot.sh sets it.
guest_mac = bytes.fromhex('5254004d5100')
ports = iter(range(random.randrange(20000, 40000), 65000))
failed = 0


def ready():
    """Tells the guest, which tries this port, that the program is there."""
    listener = socket.create_server(('', 5399), backlog=64)
    return listener


def check(name, good, seen=''):
    """Prints a verdict; what was seen only where it is bad."""
    global failed
    failed += not good
    print('ok  ' if good else 'FAIL', name, '' if good else seen, flush=True)
    return good


def end():
    print('%d failures' % failed)
    sys.exit(failed != 0)


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total >> 16) + (total & 0xffff)
    return ~total & 0xffff


def parse(frame):
    """The TCP segment in a frame from the guest to us, else None; ARP is answered."""
    if frame[12:14] == b'\x08\x06' and frame[20:22] == b'\0\1' and frame[38:42] == socket.inet_aton(HERE):
        link.send(frame[6:12] + mac + frame[12:20] + b'\0\2' + mac + frame[38:42] + frame[22:28] + frame[28:32])
        return None
    if frame[12:14] != b'\x08\0' or frame[23] != 6 or frame[30:34] != socket.inet_aton(HERE):
        return None
    ip = frame[14:14 + struct.unpack('!H', frame[16:18])[0]]
    tcp = ip[(ip[0] & 15) * 4:]
    sport, dport, seq, ack, offset, flags, window = struct.unpack('!HHIIBBH', tcp[:16])
    offset = (offset >> 4) * 4
    rest, options, scale = tcp[20:offset], [], None
    while rest and rest[0] != 0:
        if rest[0] == 1:
            rest = rest[1:]
            continue
        if len(rest) < 2 or rest[1] < 2:
            break
        if rest[0] == 30:
            options.append(rest[:rest[1]])
        if rest[0] == 3:
            scale = rest[2]
        rest = rest[rest[1]:]
    return Segment(socket.inet_ntoa(ip[12:16]), sport, dport, flags, seq, ack, window, options, scale, tcp[offset:])


def receive(wanted, seconds):
    """The next segment that wanted(segment) accepts, or None after so many seconds."""
    limit = time.monotonic() + seconds
    while (left := limit - time.monotonic()) > 0:
        link.settimeout(left)
        try:
            segment = parse(link.recv(65536))
        except TimeoutError:
            return None
        if segment is not None and wanted(segment):
            return segment
    return None


def option(segment, kind):
    """The MPTCP option of that subtype, or None."""
    return next((o for o in segment.options if o[2] >> 4 == kind), None)


def dss_of(segment):
    """The DSS option of a segment, or None."""
    raw = option(segment, DSS)
    if raw is None:
        return None
    flags, rest, ack, dsn, ssn, length = raw[3], raw[4:], None, None, None, None
    if flags & 1:
        size = 8 if flags & 2 else 4
        ack, rest = int.from_bytes(rest[:size], 'big'), rest[size:]
    if flags & 4:
        size = 8 if flags & 8 else 4
        dsn, rest = int.from_bytes(rest[:size], 'big'), rest[size:]
        ssn, length = struct.unpack('!IH', rest[:6])
    return Dss(ack, dsn, ssn, length, bool(flags & 0x10))


def dss(ack, dsn=None, ssn=0, length=0, fin=False):
    """A DSS option with data sequence numbers of eight octets, without a checksum."""
    body = struct.pack('!Q', ack & MASK64)
    flags = 3 | (0x10 if fin else 0)
    if dsn is not None:
        flags |= 0x0c
        body += struct.pack('!QIH', dsn & MASK64, ssn, length)
    return struct.pack('!BBBB', 30, 4 + len(body), DSS << 4, flags) + body


def token(key):
    return hashlib.sha256(key).digest()[:4]


def first_dsn(key):
    """The data sequence number of the first byte that the owner of the key sends."""
    return (int.from_bytes(hashlib.sha256(key).digest()[-8:], 'big') + 1) & MASK64


def join_hmac(first_key, second_key, first_nonce, second_nonce):
    return hmac.new(first_key + second_key, first_nonce + second_nonce, hashlib.sha256).digest()


class Tcp:
    """One four-tuple: seq is what we send next, ack what we expect next."""

    def __init__(self, port, there=THERE, local=None):
        self.there, self.port, self.local = there, port, local or next(ports)
        self.iss = self.seq = random.getrandbits(32)
        self.irs = self.ack = 0

    def send(self, flags, options=b'', data=b'', window=60000):
        options += b'\1' * (-len(options) % 4)
        head = struct.pack('!HHIIBBHHH', self.local, self.port, self.seq, self.ack, ((20 + len(options)) // 4) << 4,
                           flags, window, 0, 0) + options
        a, b = socket.inet_aton(HERE), socket.inet_aton(self.there)
        c = checksum(a + b + struct.pack('!BBH', 0, 6, len(head) + len(data)) + head + data)
        head = head[:16] + struct.pack('!H', c) + head[18:]
        ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(head) + len(data), random.getrandbits(16), 0, 64, 6, 0, a, b)
        ip = ip[:10] + struct.pack('!H', checksum(ip)) + ip[12:]
        link.send(guest_mac + mac + b'\x08\0' + ip + head + data)
        self.seq = (self.seq + len(data) + (1 if flags & (SYN | FIN) else 0)) & MASK32

    def receive(self, seconds=PATIENCE):
        """The next segment of this four-tuple, or None."""
        return receive(lambda s: (s.source, s.sport, s.dport) == (self.there, self.port, self.local), seconds)

    def until(self, wanted, seconds=PATIENCE):
        """The first segment that wanted(segment) accepts, and all that came before it."""
        before, limit = [], time.monotonic() + seconds
        while (left := limit - time.monotonic()) > 0:
            segment = self.receive(left)
            if segment is None:
                break
            if wanted(segment):
                return segment, before
            before.append(segment)
        return None, before


class Accepted(Tcp):
    """A connection that the guest opens to a port of ours, with MP_CAPABLE."""

    def __init__(self, local, seconds=2 * PATIENCE):
        syn = receive(lambda s: s.dport == local and s.flags & (SYN | ACK) == SYN and option(s, CAPABLE), seconds)
        if syn is None:
            raise SystemExit('FAIL no SYN with MP_CAPABLE to port %d' % local)
        super().__init__(syn.sport, syn.source, local)
        self.irs, self.ack = syn.seq, (syn.seq + 1) & MASK32
        self.key = os.urandom(8)
        self.send(SYN | ACK, b'\x1e\x0c\x01\x01' + self.key)
        third, _ = self.until(lambda s: option(s, CAPABLE) is not None and len(option(s, CAPABLE)) >= 20)
        if third is None:
            raise SystemExit('FAIL no third ACK with MP_CAPABLE')
        self.peer_key = option(third, CAPABLE)[4:12]


class Opened(Tcp):
    """A connection to a port of the guest, with MP_CAPABLE, and window scaling if scaled; first(data) sends the first bytes.

    scale is the guest's: its windows, but that of the SYN/ACK, are in units of 2^scale octets.
    """

    def __init__(self, port, scaled=False):
        super().__init__(port)
        self.key = os.urandom(8)
        self.send(SYN, b'\x1e\x04\x01\x01' + (b'\1\3\3\0' if scaled else b''))
        answer, _ = self.until(lambda s: s.flags & (SYN | ACK) == SYN | ACK and option(s, CAPABLE))
        if answer is None:
            raise SystemExit('FAIL no SYN/ACK with MP_CAPABLE from port %d' % port)
        self.peer_key = option(answer, CAPABLE)[4:12]
        self.scale = answer.scale or 0
        self.irs, self.ack = answer.seq, (answer.seq + 1) & MASK32
        self.send(ACK, b'\x1e\x14\x01\x01' + self.key + self.peer_key)

    def first(self, data):
        self.send(ACK | PSH, b'\x1e\x16\x01\x01' + self.key + self.peer_key + struct.pack('!H', len(data)), data)
