#!/bin/sh
# The FreeBSD side of garbage_peer.sh: listens on 10.1.0.1, and moves bytes to and from Linux (10.1.0.2) that are checked at
# both ends, until the peer has ended. EXPECT=clean: no transfer may fail; else no byte may be wrong.
# guest: time=900 peer=garbage_peer.sh SECONDS_=60 MODE=fair
M=${QA:-/mnt}/transfer; fails=0 wrong=0
sysctl -q net.inet.tcp.mptcp.mp_addresses=10.2.0.1 net.inet.tcp.msl=200 >/dev/null
$M serve 5000 6 > /tmp/served 2>&1 &
sleep 1
echo PEER-GO
while ! nc -z -w 1 10.1.0.2 5001; do sleep 0.5; done
n=0
# A SYN of ours may be lost in the flood.
goes_on() { for i in 1 2 3 4 5; do nc -z -w 2 10.1.0.2 5399 2>/dev/null && return 0; sleep 1; done; false; }
while goes_on; do
	for way in UP DOWN; do
		n=$((n + 1))
		timeout ${TO:-60} $M $way 10.1.0.2 5001 ${BYTES:-1000000} $n > /tmp/out 2>&1 || { fails=$((fails + 1)); echo "$way: status $?: $(head -1 /tmp/out)"; grep -E "DIFFERS| got " /tmp/out && wrong=1; }
	done
done
echo "FreeBSD's transfers: $n, $fails failed"
grep FAIL /tmp/served; grep -qE "DIFFERS| got " /tmp/served && wrong=1
sleep 8
netstat -np tcp | grep -v TIME_WAIT
sysctl net.inet.tcp.mptcp.stats | grep -v ' 0$' | sed 's/.*stats.//' | tr '\n' ' '; echo
vmstat -m | grep mptcp; netstat -m | head -2
[ $wrong -eq 0 ] || { echo "FAIL: wrong bytes"; exit 1; }
[ "$EXPECT" != clean ] || [ $fails -eq 0 ] || { echo "FAIL"; exit 1; }
