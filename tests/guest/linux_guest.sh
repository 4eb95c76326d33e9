#!/bin/sh
# Goodput between this machine and Linux's MPTCP over two interfaces, each
# limited to RATE by dummynet in both directions.  Runs on the patched FreeBSD
# as root; linux_peer.sh runs on the Linux side at the same time.
#   interfaces IF0 and IF1 have 10.1.0.1/24 and 10.2.0.1/24; the Linux side
#   has 10.1.0.2 and 10.2.0.2, with source routes.
# Prints LINUX-GO once the peer may start.
IF0=${IF0:-vtnet0} IF1=${IF1:-vtnet1} RATE=${RATE:-20Mbit/s} SEC=${SEC:-10}
L=10.1.0.2

sysctl -q net.inet.tcp.mptcp.mp_addresses=0 >/dev/null
ipfw -q add 50 allow ipv6-icmp from any to any
# The two sides tell one another when to go on over these; they are not shaped.
ipfw -q add 60 allow tcp from any to any 5390-5399
ipfw -q add 60 allow tcp from any 5390-5399 to any
ipfw -q add 65000 allow ip from any to any
n=1
for i in $IF0 $IF1; do
	ipfw -q pipe $n config bw $RATE delay 2ms queue 100
	ipfw -q pipe $((n + 1)) config bw $RATE delay 2ms queue 100
	ipfw -q add $((100 + n)) pipe $n ip from any to any in recv $i
	ipfw -q add $((100 + n)) pipe $((n + 1)) ip from any to any out xmit $i
	n=$((n + 2))
done

# Waits for the peer's step of that name (a port that listens), or makes one.
await() { i=0; while ! nc -z -w 1 $L $1 2>/dev/null; do i=$((i + 1)); [ $i -gt 120 ] && { echo "FAIL: the peer did not get to step $1"; exit 1; }; sleep 0.5; done; }

bar() {
	t=$1; shift
	iperf3 -c $L -t $SEC -f m "$@" 2>&1 | awk -v t="$t" '/sender/ { r = $9 } /receiver/ { print t ": " $7 " Mbit/s, retransmissions " r } /error/'
}

counters() { echo "[$1]" $(sysctl net.inet.tcp.mptcp.stats | grep -v ' 0$' | sed 's/.*stats.//'); }

iperf3 -s -D >/dev/null
echo LINUX-GO
for c in 0 1; do
	await 539$c
	bar "FreeBSD client, checksums $c, up"
	bar "FreeBSD client, checksums $c, down" -R
	counters "checksums $c"
	nc -l 539$((c + 4)) </dev/null >/dev/null	# the peer goes on
done
# The Linux side is the client now; it ends this with the last step.
nc -l 5396 </dev/null >/dev/null
counters end
