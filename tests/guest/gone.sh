# Every path is gone at once, in the middle of a transfer of SIZE MiB: something on the way forgets all flows (a home router
# restarts), the router is down for DOWN seconds, or the client's only address changes. The transfer goes on at most BAR seconds
# after a path is there again, and every byte is right.
# guest: time=1800
. ${QA:-/mnt}/network.sh
M=${QA:-/mnt}/transfer; BYTES=$((${SIZE:-12} * 1048576)); TO=${TO:-180}; BAR=${BAR:-3}; DOWN=${DOWN:-30}
export PAUSES=1
> /tmp/bad
# Counted in a file too: what runs midway is a subshell.
bad() { echo "FAIL $*"; echo "$*" >> /tmp/bad; }
stat_of() { jexec $1 sysctl -n net.inet.tcp.mptcp.stats.$2; }
# Both hosts drop what belongs to flows that there are now. A new SYN passes, as through a NAT that has restarted.
forget() {
	for p in $(jexec a netstat -np tcp | awk '$5 ~ /\.5000$/ {sub(/.*\./, "", $4); print $4}'); do
		jexec a ipfw -q add 61 deny tcp from any $p to any out; jexec b ipfw -q add 61 deny tcp from any to any $p out
	done
}
down() { n=0; while [ $n -lt $N ]; do block $n; n=$((n+1)); done; sleep $DOWN; unblock; }
moves() { jexec a ifconfig epair0a 10.10.0.1 -alias; jexec a ifconfig epair0a 10.10.0.3/24 alias; }
restore() {
	for j in a b; do jexec $j ipfw -q delete 61 2>/dev/null; done
	jexec a ifconfig epair0a 10.10.0.3 -alias 2>/dev/null; jexec a ifconfig epair0a 10.10.0.1/24 alias
}
# WHAT WAY: the transfer, and WHAT in its middle.
case_of() {
	jexec b $M serve 5000 1 > /tmp/served & S=$!; sleep 1
	before=$(stat_of a rescues); midway $1 & C=$!
	run "$1 $2" jexec a $M $2 10.10.0.2 5000 $BYTES > /tmp/client || { bad "$1 $2"; jexec a netstat -np tcp; }
	cat /tmp/client; wait $C || bad "$1 $2: midway"
	[ $1 = moves ] || [ $1 = down ] || [ $(stat_of a rescues) -gt $before ] || bad "$1 $2: no rescue was counted"
	restore; sleep 2
	most=$BAR; [ $1 != down ] || most=$((BAR + DOWN))
	cat /tmp/served /tmp/client | awk -v most=$most '/longest pause/ {n++; print; if ($3 > most) exit 1} END {if (n == 0) exit 1}' || bad "$1 $2: more than $most s"
	kill $S 2>/dev/null; wait $S
	grep FAIL /tmp/served && bad "$1 $2: the server"
}
for way in ${WAYS:-UP DOWN BIDI}; do case_of forget $way; done
addrs a 10.10.0.3
for way in UP DOWN; do case_of moves $way; done
addrs a ""
case_of down UP; case_of down DOWN
echo "== two paths"
addrs b 10.11.0.2; srcroute b
for way in ${WAYS:-UP DOWN}; do case_of forget $way; done
cnt a; cnt b
# What fails is not tried again at once, not even where the host itself cannot begin it.
[ $(stat_of a joins_failed) -lt 400 ] || bad "$(stat_of a joins_failed) joins failed"
fails=$(wc -l < /tmp/bad)
echo "gone: $((fails)) failures"
[ $fails -eq 0 ]
