# An application that is still open after its peer has ended its direction: half_close.py is the peer.
# guest: time=600 peer=half_close.py
. ${QA:-/mnt}/peer.sh
fails=0
sysctl -q net.inet.tcp.msl=200 >/dev/null
# PORT LINES
serve()
{
	timeout 400 ${QA:-/mnt}/late_writer $1 $2 > /tmp/got.$1
	echo $? > /tmp/status.$1
}
serve 5001 1 & serve 5002 2 & serve 5003 2 & serve 5004 0 &
sleep 1
peer_go
wait
for port in 5001 5002 5003 5004; do
	[ "$(cat /tmp/got.$port)" = hello ] || { echo "FAIL $port got: $(cat /tmp/got.$port)"; fails=$((fails + 1)); }
	[ $(cat /tmp/status.$port) -eq 0 ] || { echo "FAIL $port: status $(cat /tmp/status.$port)"; fails=$((fails + 1)); }
done
sleep 3
netstat -np tcp | grep -v TIME_WAIT
[ $fails -eq 0 ]
