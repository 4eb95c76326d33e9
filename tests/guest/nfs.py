#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""An NFSv3 server (RFC 1813) of two files, on a multipath socket of Linux. Beside nfs.sh: the guest's NFS client reads by
an upcall on its socket (MSG_SOCALLBCK), which never tells the protocol that there is room again.

Names are file handles: "root"; in it "data", SIZE MiB whose byte n is PATTERN[n % len(PATTERN)]; and "sum", its SHA-256 in
hexadecimal.
"""
import hashlib
import os
import socket
import struct
import sys

IPPROTO_MPTCP, TCP_IS_MPTCP = 262, 43
SIZE = int(os.environ.get('SIZE', '16')) << 20
PATTERN = bytes(range(251))
NULL, GETATTR, LOOKUP, ACCESS, READ, FSSTAT, FSINFO, PATHCONF = 0, 1, 3, 4, 6, 18, 19, 20
DIRECTORY, REGULAR = 2, 1
DATA = (PATTERN * (SIZE // len(PATTERN) + 1))[:SIZE]
FILES = {b'data': DATA, b'sum': hashlib.sha256(DATA).hexdigest().encode()}
sent = 0


def opaque(data):
    return struct.pack('!I', len(data)) + data + b'\0' * (-len(data) % 4)


def attributes(handle):
    """fattr3 of the root or of a file."""
    if handle == b'root':
        kind, mode, size, number = DIRECTORY, 0o755, 512, 2
    else:
        kind, mode, size, number = REGULAR, 0o644, len(FILES[handle]), 3 + list(FILES).index(handle)
    return struct.pack('!5I2Q2IQQ6I', kind, mode, 1, 0, 0, size, size, 0, 0, 1, number, *(0,) * 6)


def post_op(handle):
    return b'\0\0\0\1' + attributes(handle)


def answer(procedure, args):
    """The result of a procedure whose arguments begin with a file handle."""
    global sent
    if procedure == NULL:
        return b''
    length = struct.unpack('!I', args[:4])[0]
    handle, rest = args[4:4 + length], args[4 + length + (-length % 4):]
    good = b'\0\0\0\0'
    if procedure == GETATTR:
        return good + attributes(handle)
    if procedure == LOOKUP:
        length = struct.unpack('!I', rest[:4])[0]
        name = rest[4:4 + length]
        if name not in FILES:
            return struct.pack('!I', 2) + post_op(handle)       # NFS3ERR_NOENT
        return good + opaque(name) + post_op(name) + post_op(handle)
    if procedure == ACCESS:
        return good + post_op(handle) + rest[:4]
    if procedure == READ:
        at, count = struct.unpack('!QI', rest[:12])
        data = FILES[handle][at:at + count]
        sent += len(data)
        return good + post_op(handle) + struct.pack('!II', len(data), at + count >= len(FILES[handle])) + opaque(data)
    if procedure == FSSTAT:
        return good + post_op(handle) + struct.pack('!6QI', 1 << 30, 0, 0, 10, 0, 0, 0)
    if procedure == FSINFO:
        return good + post_op(handle) + struct.pack('!7IQ2II', *(65536, 65536, 512) * 2, 65536, 1 << 40, 0, 1, 0x1b)
    if procedure == PATHCONF:
        return good + post_op(handle) + struct.pack('!6I', 1, 255, 1, 1, 0, 1)
    return struct.pack('!I', 10004)                             # NFS3ERR_NOTSUPP


def exactly(conn, length):
    data = b''
    while len(data) < length:
        piece = conn.recv(length - len(data))
        if not piece:
            return None
        data += piece
    return data


def serve(conn):
    """ONC RPC (RFC 5531) over a stream: records of fragments."""
    while True:
        call, last = b'', False
        while not last:
            mark = exactly(conn, 4)
            if mark is None:
                return
            last, length = mark[0] >> 7, struct.unpack('!I', mark)[0] & 0x7fffffff
            call += exactly(conn, length) or b''
        xid, _, _, _, _, procedure = struct.unpack('!6I', call[:24])
        rest = call[24:]
        for _ in range(2):                                      # credential and verifier
            length = struct.unpack('!I', rest[4:8])[0]
            rest = rest[8 + length + (-length % 4):]
        reply = struct.pack('!6I', xid, 1, 0, 0, 0, 0) + answer(procedure, rest)
        conn.sendall(struct.pack('!I', 0x80000000 | len(reply)) + reply)


def judged(conn):
    """A connection of the guest's client, until it is closed. Returns what was wrong with it, or ''."""
    multipath = conn.getsockopt(socket.IPPROTO_TCP, TCP_IS_MPTCP)
    serve(conn)
    print('connection closed, %d bytes read so far, multipath %d' % (sent, multipath), flush=True)
    return '' if multipath else 'plain TCP'


listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(('10.1.0.2', 2049))
listener.listen()
ready = socket.create_server(('', 5399), backlog=64)
listener.settimeout(120)
conn, _ = listener.accept()
conn.settimeout(240)
wrong = judged(conn)
if sent < SIZE:
    wrong = wrong or 'only %d bytes of %d were asked for' % (sent, SIZE)
print('FAIL ' + wrong if wrong else 'ok')
sys.exit(wrong != '')
