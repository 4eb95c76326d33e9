# The answers to joins that this host opens: join_answers.py is the peer. Each connection sends a line, and ends with the line
# that it is sent.
# guest: time=600 peer=join_answers.py
. ${QA:-/mnt}/peer.sh
fails=0
sysctl -q net.inet.tcp.mptcp.mp_addresses=10.2.0.1 >/dev/null
peer_go
for port in 5001 5002 5003 5004; do
	(echo hello; sleep 120) | nc 10.1.0.77 $port > /tmp/got.$port & pid=$!
	i=0; until grep -qs end /tmp/got.$port || [ $i -ge 200 ]; do sleep 0.5; i=$((i + 1)); done
	grep -qs end /tmp/got.$port || { echo "FAIL nothing came back on $port"; fails=$((fails + 1)); }
	kill $pid
done
sysctl net.inet.tcp.mptcp.stats | grep -v ' 0$'
[ $(sysctl -n net.inet.tcp.mptcp.stats.bad_hmacs) -eq 1 ] || { echo "FAIL not one wrong HMAC counted"; fails=$((fails + 1)); }
[ $fails -eq 0 ]
