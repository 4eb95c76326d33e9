#!/bin/bash
# The Linux side of linux_guest.sh; run it as root in a network namespace with
# 10.1.0.2/24 and 10.2.0.2/24 (and source routes) when the guest prints LINUX-GO.
# Needs iproute2, iperf3, mptcpize, nstat, python3.
F=10.1.0.1 SEC=${SEC:-10}
if0=$(ip -o -4 addr show | awk '/ 10\.1\.0\.2\// { print $2 }')
if1=$(ip -o -4 addr show | awk '/ 10\.2\.0\.2\// { print $2 }')
trap 'kill $(jobs -p) 2>/dev/null' EXIT

ip mptcp limits set subflows 4 add_addr_accepted 4
# As a server it announces its second address; as a client it joins from it.
# With "subflow" the server tries to join too, before accept(2) even, which
# Linux refuses itself (MPJoinSynTxCreatSkErr).
endpoint() { ip mptcp endpoint flush; ip mptcp endpoint add 10.2.0.2 dev "$if1" "$1"; }
mptcpize run iperf3 -s >/dev/null 2>&1 &

# A port that listens for as long as the step lasts; waiting for one of theirs.
step() { python3 -c 'import socket, sys, time
s = socket.socket(); s.setsockopt(1, 2, 1); s.bind(("", int(sys.argv[1]))); s.listen(9); time.sleep(900)' "$1" & }
await() { python3 -c 'import socket, sys, time
for i in range(300):
    try: socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close(); sys.exit(0)
    except OSError: time.sleep(0.5)
sys.exit(1)' $F "$1"; }
bar() {
	t=$1; shift
	# An iperf3 server closes its listener after each test for a moment.
	sleep 2
	timeout 60 mptcpize run iperf3 -c $F -f m "$@" 2>&1 |
	    awk -v t="$t" '/sender/ { r = $9 } /receiver/ { print t ": " $7 " Mbit/s, retransmissions " r; ok = 1 } /error/; END { exit !ok }' || echo "FAIL: $t"
}
counters() { echo "[Linux, $1]" $(nstat -asz | awk '/MPTcpExt/ && $2 != 0 { sub("MPTcpExt", "", $1); print $1, $2 }'); }
must_be_zero() {
	nstat -asz | awk '/MPTcpExt(MPCapableFallback|MPJoin.*HMacFailure|DataCsumErr|MPFail|MPJoinSynTxCreatSkErr|MPCurrEstabFallback|InfiniteMap|MPTCPFallback)/ && $2 != 0 { print "FAIL:", $1, $2 }'
	nstat -asz | awk '/MPTcpExtMPJoin(AckRx|SynAckRx)/ { n += $2 } END { if (n == 0) print "FAIL: no join" }'
}

for c in 0 1; do
	sysctl -qw net.mptcp.checksum_enabled=$c
	endpoint signal
	step 539$c
	await 539$((c + 4)) || { echo "FAIL: the guest did not end step $c"; exit 1; }
	counters "server, checksums $c"
	endpoint subflow
	bar "Linux client, checksums $c, up" -t $SEC
	bar "Linux client, checksums $c, down" -t $SEC -R
	counters "client, checksums $c"
done
must_be_zero
# A path is cut: the first one, that of the handshake.
(sleep 4; ip link set "$if0" down) &
bar "Linux client, path cut after 2 s, up" -n 16M
counters "cut"
ip link set "$if0" up
F=10.2.0.1
await 5396
