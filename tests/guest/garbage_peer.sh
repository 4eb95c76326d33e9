#!/bin/bash
# The Linux side of garbage.sh, as root in a network namespace with 10.1.0.2/24 and 10.2.0.2/24: SECONDS_ of garbage (MODE:
# fair, or empty), transfers beside it and after it. QA is the directory of transfer-linux, which is transfer.c, built here.
QA=${QA:-.}; ran=0 fails=0 wrong=0
if1=$(ip -o -4 addr show | awk '/ 10\.2\.0\.2\// { print $2 }')
trap 'kill $(jobs -p) 2>/dev/null' EXIT
ip mptcp limits set subflows 4 add_addr_accepted 4
ip mptcp endpoint flush
ip mptcp endpoint add 10.2.0.2 dev "$if1" subflow
MPTCP=1 "$QA/transfer-linux" serve 5001 > /tmp/garbage-served 2>&1 &
# Listens for as long as the guest shall go on.
python3 -c 'import socket, time
s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(("", 5399)); s.listen(99)
while True: s.accept()[0].close()' & mark=$!
# Else lost SYNs make Linux use plain TCP for an hour.
sysctl -qw net.mptcp.blackhole_timeout=0 net.mptcp.syn_retrans_before_tcp_fallback=9 2>/dev/null
sleep 1
python3 "$(dirname "$0")/garbage.py" "${SECONDS_:-600}" $MODE & G=$!
move() {
	ran=$((ran + 1))
	MPTCP=1 timeout ${TO:-60} "$QA/transfer-linux" "$1" 10.1.0.1 5000 ${BYTES:-1000000} $ran > /tmp/garbage-out 2>&1 ||
	    { echo "$1: status $?: $(head -1 /tmp/garbage-out)"; fails=$((fails + 1)); grep -qE 'DIFFERS| got ' /tmp/garbage-out && wrong=1; }
}
# No BIDI: its server closes at once, and FreeBSD resets a closed socket that still sends when data comes with any sequence
# number, plain TCP's too.
while kill -0 $G 2>/dev/null; do for way in UP DOWN; do move $way; done; done
echo "Linux's transfers: $ran, $fails failed"
fails=0
for way in UP DOWN BIDI; do move $way; done
kill $mark
echo "after the garbage: 3, $fails failed"
grep FAIL /tmp/garbage-served
grep -qE 'DIFFERS| got ' /tmp/garbage-served && wrong=1
echo $(nstat -asz | awk '/MPTcpExt/ && $2 != 0 { sub("MPTcpExt", "", $1); print $1, $2 }')
[ $wrong = 0 ] && [ $fails = 0 ] || { echo "FAIL: wrong bytes, or no transfer after the garbage"; exit 1; }
