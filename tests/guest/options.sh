# Socket options: TCP_NOPUSH and its end belong to the stream, what one TCP connection alone can do is refused, and
# excludes MPTCP where it was set before.
# guest: time=300
RATE=${RATE-50Mbit/s}; DELAY=${DELAY:-2ms}
. ${QA:-/mnt}/network.sh
O=${QA:-/mnt}/options; fails=0
bad() { echo "FAIL $*"; fails=$((fails+1)); }
established() { jexec a sysctl -n net.inet.tcp.mptcp.stats.established; }
jexec b $O serve 5000 &
addrs b 10.11.0.2; srcroute b
sleep 1
e=$(established)
run stream jexec a $O stream 10.10.0.2 5000 || bad stream
run refused jexec a $O refused 10.10.0.2 5000 || bad refused
[ $(($(established) - e)) -eq 2 ] || bad "not multipath"
e=$(established)
run plain jexec a $O plain 10.10.0.2 5000 || bad plain
[ $(($(established) - e)) -eq 0 ] || bad "multipath with IP options"
cnt a; cnt b
pkill options
[ $fails -eq 0 ]
