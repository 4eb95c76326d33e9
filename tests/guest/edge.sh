# The right edge of the window of an application that does not read: edge.py is the peer.
# guest: time=300 peer=edge.py
. ${QA:-/mnt}/peer.sh
fails=0
bad() { echo "FAIL $*"; fails=$((fails + 1)); }
sysctl -q net.inet.tcp.recvbuf_auto=0
# It reads what a pipe holds, and the rest when edge.py has filled the window.
timeout 200 nc -l 5001 </dev/null | (sleep 30; wc -c) > /tmp/read & reader=$!
sleep 1
peer_go
wait $reader
echo "read $(cat /tmp/read) bytes"
[ $(cat /tmp/read) -gt 60000 ] || bad "the application got $(cat /tmp/read) bytes"
[ -z "$(sysctl net.inet.tcp.mptcp.stats.fallback | grep -v -e ': 0$' -e no-capable)" ] || bad "fell back"
[ $fails -eq 0 ]
