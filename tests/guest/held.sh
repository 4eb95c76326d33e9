# Memory that a peer can make us hold, and a window after a fallback: held.py is the peer.
# guest: time=600 peer=held.py
. ${QA:-/mnt}/peer.sh
S=net.inet.tcp.mptcp
fails=0
bad() { echo "FAIL $*"; fails=$((fails + 1)); }
sysctl -q net.inet.tcp.msl=200 >/dev/null
nc -l 5001 > /tmp/pieces </dev/null &
# An application that reads no more than a pipe holds.
nc -l 5002 </dev/null | (sleep 90; wc -c) > /tmp/plain &
most=0
(
	while :; do
		now=$(sysctl -n $S.stats.reass_memory)
		[ $now -gt $most ] && most=$now && echo $most > /tmp/most
		sleep 0.2
	done
) & watch=$!
sleep 1
limit=$((4 * $(sysctl -n net.inet.tcp.recvspace)))
peer_go
wait_for=120
while [ $wait_for -gt 0 ] && jobs | grep -q 5002; do sleep 1; wait_for=$((wait_for - 1)); done
kill $watch
most=$(cat /tmp/most)
echo "most memory $most, limit $limit, no room $(sysctl -n $S.stats.pieces_no_room)"
[ $most -gt 0 ] || bad "nothing was ever held"
[ $most -le $limit ] || bad "held pieces took $most bytes, limit $limit"
[ $(sysctl -n $S.stats.pieces_no_room) -gt 0 ] || bad "no piece was refused"
[ $(sysctl -n $S.stats.fallback.no_dss) -eq 1 ] || bad "no fallback: $(sysctl $S.stats.fallback)"
[ $(wc -c < /tmp/pieces) -eq 24002 ] || bad "$(wc -c < /tmp/pieces) bytes of pieces"
sleep 3
[ $(sysctl -n $S.stats.reass_memory) -eq 0 ] || bad "memory is still held: $(sysctl $S.stats.reass_memory)"
# A limit of nothing: all is refused, and 0 is the default again.
sysctl -q $S.reass_maxmem_all=1 && [ $(sysctl -n $S.reass_maxmem_all) -eq 1 ] || bad "reass_maxmem_all is not set"
sysctl -q $S.reass_maxmem_all=0; [ $(sysctl -n $S.reass_maxmem_all) -gt 100000 ] || bad "no default again"
[ $fails -eq 0 ]
