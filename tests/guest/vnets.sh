# VNETs that come and go: jail -c when memory for MPTCP is refused three times, and jail -r while a join of the peer is half-open,
# because its SYN/ACKs are lost.
# guest: time=600
export RATE=; . ${QA:-/mnt}/network.sh
fails=0
bad() { echo "FAIL $*"; fails=$((fails+1)); }
for j in a b; do jexec $j sysctl -q net.inet.tcp.msl=200 >/dev/null; done
sysctl debug.fail_point.mptcp_no_tokens='3*return(1)' || bad "no fail point"
timeout 60 jail -c name=c vnet persist || bad "jail -c"
sysctl debug.fail_point.mptcp_no_tokens
sysctl -n debug.fail_point.mptcp_no_tokens | grep -q return && bad "memory was not refused"
jexec c ifconfig lo0 127.0.0.1/8 up
jexec c $M serve 5000 6 & sleep 1
run "in the new jail" jexec c $M BIDI 127.0.0.1 5000 1000000 || bad "new jail"
[ $(jexec c sysctl -n net.inet.tcp.mptcp.stats.established) -eq 2 ] || bad "not multipath"
jail -r c

round=0
while [ $round -lt 3 ]; do
	[ $round -eq 0 ] || . ${QA:-/mnt}/network.sh
	jexec b $M serve 5000 6 & sleep 1
	srcroute b; addrs b 10.11.0.2
	# The half-open join must outlive the connection.
	for j in a b; do jexec $j sysctl -q net.inet.tcp.msl=200 net.inet.tcp.mptcp.close_timeout=1000 >/dev/null; done
	jexec a ipfw -q add 49 deny tcp from 10.11.0.2 to any in tcpflags syn,ack
	jexec a $M UP 10.10.0.2 5000 1000000000 >/dev/null 2>&1 &
	i=0; until jexec b netstat -anp tcp | grep 10.11.0.2 | grep -q SYN_RCVD; do i=$((i+1)); [ $i -lt 50 ] || { bad "no half-open join"; break; }; sleep 0.2; done
	jexec b netstat -anp tcp | grep SYN_RCVD
	jail -r b; jail -r a
	left() { vmstat -m | awk '$1 == "mptcp" {n = $2} END {print n + 0}'; }
	i=0; while [ $(left) -gt 0 -o -n "$(jls -d name)" ] && [ $i -lt 120 ]; do i=$((i+1)); sleep 1; done
	[ $(left) -eq 0 ] || bad "round $round: $(left) left"
	for e in 0 1; do ifconfig epair${e}a destroy 2>/dev/null || ifconfig epair${e}b destroy; done
	round=$((round+1))
done
[ $fails -eq 0 ]
