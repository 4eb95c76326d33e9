# FreeBSD side of joins.py: a listener, and a shell for whoever connects to port 6000
M=${QA:-/mnt}/transfer
sysctl -q net.inet.tcp.msl=200 >/dev/null
$M serve 5000 & S=$!
echo KPEER-GO
while :; do
	timeout ${GT:-60} nc -l 10.1.0.1 6000 > /tmp/control </dev/null || break
	grep -q exit-now /tmp/control && break
	sh /tmp/control 2>&1 | timeout 10 nc -N -l 10.1.0.1 6001
done
kill $S; sleep 3
netstat -np tcp; sysctl net.inet.tcp.mptcp.stats | grep -v ' 0$'
vmstat -m | grep mptcp
