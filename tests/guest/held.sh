# Memory that a peer can make us hold, and a window after a fallback: held.py is the peer.
# guest: time=600 peer=held.py
. ${QA:-/mnt}/peer.sh
S=net.inet.tcp.mptcp
fails=0
bad() { echo "FAIL $*"; fails=$((fails + 1)); }
sysctl -q net.inet.tcp.msl=200 >/dev/null
timeout 100 nc -l 5001 > /tmp/pieces </dev/null & pieces=$!
# An application that reads no more than a pipe holds.
timeout 60 nc -l 5002 </dev/null | (sleep 45; wc -c) > /tmp/plain & plain=$!
most=0
(
	while :; do
		now=$(sysctl -n $S.stats.reass_memory)
		[ $now -gt $most ] && most=$now && echo $most > /tmp/most
		sleep 0.2
	done
) & watch=$!
sleep 1
# so_rcv is rounded up to whole segments.
limit=$((4 * ($(sysctl -n net.inet.tcp.recvspace) + 1460)))
peer_go
wait $pieces $plain
kill $watch
most=$(cat /tmp/most)
echo "most memory $most, limit $limit, no room $(sysctl -n $S.stats.pieces_no_room)"
[ $most -gt 0 ] || bad "nothing was ever held"
[ $most -le $limit ] || bad "held pieces took $most bytes, limit $limit"
[ $(sysctl -n $S.stats.pieces_no_room) -gt 0 ] || bad "no piece was refused"
sysctl $S.stats | grep -v ': 0$'
[ $(sysctl -n $S.stats.fallback.no-dss) -eq 1 ] || bad "no fallback"
[ $(wc -c < /tmp/pieces) -eq 24002 ] || bad "$(wc -c < /tmp/pieces) bytes of pieces"
sleep 3
[ $(sysctl -n $S.stats.reass_memory) -eq 0 ] || bad "memory is still held: $(sysctl $S.stats.reass_memory)"
# A limit of nothing: all is refused, and 0 is the default again.
sysctl -q $S.reass_maxmem_all=1 && [ $(sysctl -n $S.reass_maxmem_all) -eq 1 ] || bad "reass_maxmem_all is not set"
sysctl -q $S.reass_maxmem_all=0; [ $(sysctl -n $S.reass_maxmem_all) -gt 100000 ] || bad "no default again"
[ $fails -eq 0 ]
