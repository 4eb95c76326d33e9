# Receivers that read no more, small limits of the system and of a user.
# guest: time=300
B=${QA:-/mnt}/buffers
S=net.inet.tcp.mptcp
fails=0
bad() { echo "FAIL $*"; fails=$((fails + 1)); }
multipath() # COUNT COMMAND...: so many connections became multipath, both ends counted
{
	want=$1; shift
	was=$(sysctl -n $S.stats.established)
	"$@" || bad "$*"
	now=$(sysctl -n $S.stats.established)
	[ $((now - was)) -eq $want ] || bad "$*: $((now - was)) became multipath, not $want"
}
ifconfig lo0 up 127.0.0.1/8
# A user whose sbsize has room for its own two sockets, and not for subflows' buffers beside them.
(ulimit -b 1000000 && multipath 4 $B two 5004; exit $fails) || bad "sbsize 1000000"
sysctl -q $S.enable=0
echo "TCP after shutdown(SHUT_RD): $($B shut_rd 5001 2>&1)"
sysctl -q $S.enable=1
multipath 2 $B shut_rd 5002
multipath 4 $B two 5003
sysctl -q kern.ipc.maxsockbuf=262144
multipath 4 $B two 5005
sleep 3
[ $fails -eq 0 ]
