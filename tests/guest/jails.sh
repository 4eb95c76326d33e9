# ROUNDS pairs of jails are destroyed with four connections at work: the client first or the server, one or both announce,
# every fourth with the first path cut, every fourth with both. All objects must go. A jail waits, as with plain TCP, for
# what is in TIME_WAIT (2 * net.inet.tcp.msl, 60 s), and for close_timeout (60 s) where the peer cannot be reached.
# guest: time=1500 ROUNDS=3
export RATE=${RATE-80Mbit/s} QA=${QA:-/mnt}
fails=0 round=0 last=
objects() { vmstat -m | awk '$1 ~ /^mptcp/ {printf "%s=%d ", $1, $2}'; vmstat -z | awk -F'[:,]' '/^(socket|tcp_inpcb|tcpcb|syncache|tcpreass|mbuf|mbuf_cluster):/ {printf "%s=%d ", $1, $4}'; echo; }
left() { vmstat -m | awk '$1 == "mptcp" {n = $2} END {print n + 0}'; }
echo "before: $(objects)"
while [ $round -lt ${ROUNDS:-10} ]; do
	. $QA/network.sh
	jexec b $M serve 5000 6 >/dev/null &
	sleep 1; addrs b 10.11.0.2; [ $((round % 2)) = 0 ] && addrs a 10.11.0.1; srcroute b
	for way in UP DOWN BIDI; do jexec a $M $way 10.10.0.2 5000 1000000000 >/dev/null 2>&1 & done
	jexec a $M UP fd01:0::2 5000 1000000000 >/dev/null 2>&1 &
	sleep 3
	case $((round % 4)) in 2) block 0;; 3) block 0; block 1; sleep 1;; esac
	echo "== round $round: $(objects)"
	first=a second=b; [ $((round % 3)) = 2 ] && first=b second=a
	t=$(date +%s); jail -r $first; jail -r $second
	while [ -n "$(jls -d name)" -o $(left) -gt 0 ] && [ $(($(date +%s) - t)) -lt 120 ]; do sleep 1; done
	echo "gone after $(($(date +%s) - t)) s: $(objects)"
	[ -z "$(jls -d name)" ] && [ $(left) -eq 0 ] || { echo FAIL; fails=$((fails + 1)); }
	for e in 0 1; do ifconfig epair${e}a destroy 2>/dev/null || ifconfig epair${e}b destroy; done
	round=$((round + 1))
done
sleep 3; echo "after: $(objects)"
echo "jails: $fails failures"
[ $fails -eq 0 ]
