#!/bin/sh
# Small requests to Linux's MPTCP, and SIZE MiB to and from it over two interfaces, the first of which is cut in the
# middle, for good or for HEAL seconds; the bytes are checked at both ends. Runs on the patched FreeBSD as root, and
# linux_cuts_peer.sh on the Linux side; addresses as in linux_guest.sh. Prints PEER-GO once the peer may start.
# guest: time=1800 peer=linux_cuts_peer.sh SIZE=8 TO=240
IF0=${IF0:-vtnet0} IF1=${IF1:-vtnet1} RATE=${RATE:-40Mbit/s} TO=${TO:-120}
M=${QA:-/mnt}/transfer; BYTES=$((${SIZE:-64} * 1048576)); fails=0
ipfw -q add 50 allow ipv6-icmp from any to any
ipfw -q add 65000 allow ip from any to any
n=1
for i in $IF0 $IF1; do
	for d in "in recv" "out xmit"; do ipfw -q pipe $n config bw $RATE delay 2ms queue 100; ipfw -q add $((100 + n)) pipe $n ip from any to any $d $i; n=$((n + 1)); done
done
moved() { for i in $IF0 $IF1; do netstat -ibn -I $i; done | awk '/<Link/ {n += $(NF-1) + $(NF-4)} END {printf "%d\n", n}'; }
midway() { t=$(($(moved) + BYTES / 3)); i=0; while [ $(moved) -lt $t ] && [ $i -lt 200 ]; do sleep 0.2; i=$((i + 1)); done; "$@"; }
cut() { ipfw -q add 60 deny ip from any to any via $IF0; }
heal() { ipfw -q delete 60 2>/dev/null; }
outage() { cut; sleep ${HEAL:-4}; heal; }
$M serve 5000 6 > /tmp/served &
sysctl -q net.inet.tcp.mptcp.mp_addresses=${ANNOUNCE:-0} >/dev/null
sleep 1
echo PEER-GO
while ! nc -z -w 1 10.1.0.2 5001; do sleep 0.5; done
# Requests in two small writes while joins come up: Nagle's algorithm must not leave the second one for ever.
for i in 1 2 3 4 5 6 7 8 9 10; do
	timeout 20 $M RPC 10.1.0.2 5001 20 || { echo "STATUS $?, requests"; fails=$((fails + 1)); netstat -np tcp; }
done
for way in UP DOWN; do for c in cut outage; do
	echo "-- FreeBSD client, $way, $c"
	midway $c & C=$!
	timeout $TO $M $way 10.1.0.2 5001 $BYTES || { echo "STATUS $?"; fails=$((fails + 1)); netstat -np tcp; }
	wait $C; heal; sleep 3
done; done
for way in UP DOWN; do for c in cut outage; do
	echo "-- Linux client, $way, $c"
	nc -l 10.2.0.1 5390 </dev/null >/dev/null	# the peer begins
	midway $c & C=$!
	nc -l 10.2.0.1 5391 </dev/null >/tmp/result; cat /tmp/result
	grep -q ^ok /tmp/result || { fails=$((fails + 1)); netstat -np tcp; }
	wait $C; heal; sleep 3
done; done
grep FAIL /tmp/served && fails=$((fails + 1))
sysctl net.inet.tcp.mptcp.stats | grep -v ' 0$' | sed 's/.*stats.//' | tr '\n' ' '; echo
echo "linux_cuts: $fails failures"
[ $fails -eq 0 ]
