#!/bin/sh
# Goodput of unmodified iperf3 over N paths of RATE each (network.sh): both
# directions, IPv4 and IPv6, with mp_addresses on the active side, the passive
# side, or both.  Prints Mbit/s; FAIL below 0.90 of the sum of the rates.
#   N=8 RATE=10Mbit/s MODES="passive both" sh bars.sh
. ${QA:-/mnt}/network.sh >/dev/null 2>&1
sum=$(( ${RATE%%[!0-9]*} * N )) failed=0
jexec b iperf3 -s -D >/dev/null; sleep 0.5

bar() {
	t=$1; shift
	jexec a iperf3 -c $H -t ${SEC:-10} -f m "$@" 2>/dev/null | awk -v t="$t" -v sum=$sum '
	    /sender/ { retr = $9 }
	    /receiver/ { n = 1; ok = $7 >= 0.9 * sum
		printf "%s: %s of %d Mbit/s, retransmissions %s%s\n", t, $7, sum, retr, ok ? "" : "  FAIL" }
	    END { if (!n) print t ": FAIL, no result"; exit !(n && ok) }' || failed=$((failed + 1))
}
others() { # HOST: its addresses on all paths but the first
	n=1; l=
	while [ $n -lt $N ]; do l="$l 10.1$n.0.$1 fd01:$n::$1"; n=$((n + 1)); done
	echo ${l# }
}

for m in ${MODES:-passive active both}; do
	# Only hosts that choose among their addresses have source routes.
	nosrc a; nosrc b; addrs a 0; addrs b 0
	case $m in
	active) srcroute a; addrs a "$(others 1)";;
	passive) srcroute b; addrs b "$(others 2)";;
	both) srcroute a; srcroute b; addrs a "$(others 1)"; addrs b "$(others 2)";;
	esac
	for H in ${HS:-10.10.0.2 fd01:0::2}; do
		bar "$m, N=$N, $H, up"
		bar "$m, N=$N, $H, down" -R
	done
done
cnt a; cnt b
for j in a b; do echo "[$j]" $(jexec $j netstat -sp tcp | grep -E 'retransmit timeout|SACK recovery ep|packets.*retransmitted'); done
exit $((failed > 0))
