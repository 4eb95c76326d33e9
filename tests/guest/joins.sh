# Joins that must be refused: a listener for joins.py, and a shell for whoever connects to port 6000.
# guest: time=900 peer=joins.py
M=${QA:-/mnt}/transfer
. ${QA:-/mnt}/peer.sh
sysctl -q net.inet.tcp.msl=200 >/dev/null
$M serve 5000 & S=$!
peer_go
while :; do
	timeout ${GT:-60} nc -l 10.1.0.1 6000 > /tmp/control </dev/null || exit 1
	grep -q exit-now /tmp/control && break
	sh /tmp/control 2>&1 | timeout 10 nc -N -l 10.1.0.1 6001
done
kill $S; sleep 3
netstat -np tcp; sysctl net.inet.tcp.mptcp.stats | grep -v ' 0$'
vmstat -m | grep mptcp
# Connections of the program that never ended are there; what it was refused is not.
[ $(sysctl -n net.inet.tcp.mptcp.stats.bad_hmacs) -eq 1 ] || { echo "FAIL not one wrong HMAC counted"; exit 1; }
