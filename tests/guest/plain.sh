# Plain TCP as it was: between jails with enable=0 on either side or both, and with an option that excludes MPTCP. Then, where
# PEER names a Linux host with "transfer serve" on 5001 and, with MPTCP=1, on 5002: to it and, by its hand, from it.
# guest: time=1500 BYTES=8388608
RATE=${RATE-100Mbit/s}; DELAY=${DELAY:-2ms}
. ${QA:-/mnt}/network.sh
BYTES=${BYTES:-$((64*MB))}; fails=0; TO=${TO:-90}
bad() { echo "FAIL $*"; fails=$((fails+1)); }
on() { jexec $1 sysctl -q net.inet.tcp.mptcp.enable=$2 >/dev/null; }
stat() { jexec $1 sysctl -n net.inet.tcp.mptcp.stats.$2; }
# A B SEGMENTS [HOST]: enable on a and on b; how many segments may have an MPTCP option.
both() {
	echo "== enable=$1 on a, $2 on b, ${4:-10.10.0.2}"
	on a $1; on b $2; sa=$(stat a established) sb=$(stat b established)
	for way in UP DOWN BIDI; do
		jexec a tcpdump -i epair0a -s 120 -B 8192 -w /tmp/p.pcap tcp 2>/dev/null & T=$!
		sleep 0.5; run "$way" jexec a $M $way ${4:-10.10.0.2} 5000 $BYTES 3 || bad $way
		sleep 1; kill $T; wait $T
		tcpdump -n -r /tmp/p.pcap tcp 2>/dev/null | awk -v most=$3 '/mptcp/ {n++} END {
			printf "%d of %d segments with MPTCP options\n", n, NR; exit NR < 100 || n > most}' || bad "options"
	done
	echo "established: $(($(stat a established) - sa)) $(($(stat b established) - sb))"
	[ $(stat a established) -eq $sa ] && [ $(stat b established) -eq $sb ] || bad "an MPTCP connection"
}
jexec b $M serve 5000 6 &
sleep 1
addrs a 10.11.0.1; addrs b 10.11.0.2
[ -n "$NOJAILS" ] || { both 0 0 0; both 1 0 1; both 0 1 0; both 0 0 0 fd01::2; both 1 0 1 fd01::2; }
on a 1; on b 1
cnt a; cnt b
if [ -n "$PEER" ]; then
	for e in 1 0; do
		sysctl net.inet.tcp.mptcp.enable=$e
		for way in UP DOWN BIDI; do run "$way to a plain Linux" $M $way $PEER 5001 $BYTES 3 || bad $way; done
	done
	for way in UP DOWN; do run "$way to an MPTCP Linux, enable=0" $M $way $PEER 5002 $BYTES 3 || bad $way; done
	[ $(sysctl -n net.inet.tcp.mptcp.stats.established) -eq 0 ] || bad "an MPTCP connection with Linux"
	sysctl net.inet.tcp.mptcp.enable=1
	sysctl net.inet.tcp.mptcp.stats | grep -v ' 0$'
fi
echo "plain: $fails failures"
[ $fails -eq 0 ]
