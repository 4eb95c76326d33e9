N=${N:-2}; RATE=${RATE-20Mbit/s}; DELAY=${DELAY:-5ms}
va= vb=; n=0; while [ $n -lt $N ]; do ifconfig epair$n create up >/dev/null; va="$va vnet.interface=epair${n}a"; vb="$vb vnet.interface=epair${n}b"; n=$((n+1)); done
jail -c name=a vnet persist $va; jail -c name=b vnet persist $vb
for j in a b; do jexec $j ifconfig lo0 127.0.0.1/8 up; jexec $j ipfw -q add 50 allow ipv6-icmp from any to any; jexec $j ipfw -q add 65000 allow ip from any to any; done
shape() { # arguments of the pipe, both directions: shaped as they come in
	for j in a b; do n=0; while [ $n -lt $N ]; do jexec $j ipfw -q pipe $((n+1)) config "$@"; n=$((n+1)); done; done; }
n=0; while [ $n -lt $N ]; do
	for p in a.1.2 b.2.1; do j=${p%%.*} r=${p#*.}; h=${r%.*} o=${r#*.}
	jexec $j ifconfig epair$n$j 10.1$n.0.$h/24 up; jexec $j ifconfig epair$n$j inet6 fd01:$n::$h/64 no_dad up
	if [ -n "$RATE" ]; then jexec $j ipfw -q add $((100+n)) pipe $((n+1)) ip from any to any in recv epair$n$j; fi
	done; n=$((n+1)); done
[ -n "$RATE" ] && shape bw $RATE delay $DELAY queue 100
srcroute() { # JAIL: packets leave by the path of their source address
	h=1 o=2; [ $1 = b ] && h=2 o=1; n=0
	while [ $n -lt $N ]; do jexec $1 ipfw -q add $((200+n)) fwd 10.1$n.0.$o ip from 10.1$n.0.$h to any out; jexec $1 ipfw -q add $((200+n)) fwd fd01:$n::$o ip6 from fd01:$n::$h to any out; n=$((n+1)); done; }
nosrc() { n=0; while [ $n -lt $N ]; do jexec $1 ipfw -q delete $((200+n)) 2>/dev/null; n=$((n+1)); done; }
addrs() { jexec $1 sysctl -q net.inet.tcp.mptcp.mp_addresses="$2" >/dev/null; }
cnt() { echo "[$1]" $(jexec $1 sysctl net.inet.tcp.mptcp.stats | grep -v ' 0$' | sed 's/.*stats.//'); }
block() { jexec a ipfw -q add 60 deny ip from any to any via epair$1a; jexec b ipfw -q add 60 deny ip from any to any via epair$1b; }
unblock() { jexec a ipfw -q delete 60; jexec b ipfw -q delete 60; }
M=${QA:-/mnt}/transfer; MB=1048576
run() { t=$1; shift; echo "-- $t"; timeout ${TO:-60} "$@" || { echo "STATUS $? in $t"; return 1; }; }
# Bytes that a has sent and received on the paths 0 and 1.
moved() { for n in 0 1; do jexec a netstat -ibn -I epair${n}a; done | awk '/<Link/ {n += $(NF-1) + $(NF-4)} END {printf "%d\n", n}'; }
# Waits until a third of BYTES has passed, then runs the command: "block 0" or "outage" of HEAL seconds.
midway() { t=$(($(moved) + BYTES / 3)); while [ $(moved) -lt $t ]; do sleep 0.2; done; echo "cut after $(($(moved) - t + BYTES / 3)) bytes"; "$@"; }
outage() { block 0; sleep ${HEAL:-4}; unblock; }
