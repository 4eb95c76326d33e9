#!/bin/sh
# Small requests, each in two writes, by CLIENTS at once for ROUNDS connections each, while the second path goes away and
# comes back all the time: none may stand still for longer than TO seconds.
# guest: time=1200
CLIENTS=${CLIENTS:-6} ROUNDS=${ROUNDS:-20} TO=${TO:-30}
. ${QA:-/mnt}/network.sh >/dev/null 2>&1
srcroute b; addrs b "10.11.0.2 fd01:1::2"
jexec b $M serve 5000 6 >/dev/null 2>&1 &
sleep 1
client() {
	i=0 ok=0
	while [ $i -lt $ROUNDS ]; do
		timeout $TO jexec a $M RPC $1 5000 10 >/dev/null && ok=$((ok + 1)) || echo "FAIL: $1, connection $i, status $?"
		i=$((i + 1))
	done
	echo "$1: $ok of $ROUNDS"
}
n=0 pids=
while [ $n -lt $CLIENTS ]; do
	[ $((n % 2)) = 0 ] && h=10.10.0.2 || h=fd01:0::2
	client $h & pids="$pids $!"
	n=$((n + 1))
done > /tmp/requests
while :; do block 1; sleep 1; unblock; sleep 1; done 2>/dev/null & flap=$!
wait $pids
kill $flap; unblock 2>/dev/null
cat /tmp/requests; cnt a
! grep -q FAIL /tmp/requests && [ $(grep -c "$ROUNDS of $ROUNDS" /tmp/requests) -eq $CLIENTS ]
