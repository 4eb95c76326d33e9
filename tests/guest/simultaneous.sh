# Both hosts open the connection at once (RFC 9293, 3.5): simultaneous.py is the peer.
# guest: time=300 peer=simultaneous.py
. ${QA:-/mnt}/peer.sh
fails=0
# A port where the peer answers MPTCP's options, and one where it has none.
peer_go
stat() { sysctl -n net.inet.tcp.mptcp.stats.$1; }
before=$(stat established) plain=$(stat fallback.no-capable)
for port in 5501 5502; do
	echo "line to $port" | timeout 60 nc -N 10.1.0.77 $port > /tmp/got.$port
	status=$?
	[ $status -eq 0 ] && [ "$(cat /tmp/got.$port)" = hello ] || { echo "FAIL $port: status $status, got: $(cat /tmp/got.$port)"; fails=$((fails + 1)); }
done
sysctl net.inet.tcp.mptcp.stats | grep -v ' 0$'
[ $(stat established) -eq $before ] || { echo "FAIL it is multipath"; fails=$((fails + 1)); }
[ $(($(stat fallback.no-capable) - plain)) -eq 2 ] || { echo "FAIL fallbacks are not counted"; fails=$((fails + 1)); }
[ $fails -eq 0 ]
