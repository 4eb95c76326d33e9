# Random system calls of two hosts, beside streams whose bytes are checked, paths that are cut, settings and addresses that
# change, and forged segments, for SECONDS_; chosen by SEED. THREADS of each kind, and BESIDE them the kinds of threads that
# disturb (storm/main.c). PLAIN=1: the same over plain TCP, which judges
# the program itself. REFUSE=n: n in a thousand of core's allocations are refused. FAIL_RATE=n: each n-th of the whole kernel's
# that does not wait; plain TCP fails under that, by wrong bytes as well.
# guest: time=4000 SECONDS_=120 SEED=1
objects() {
	vmstat -m | awk '$1 ~ /^mptcp/ && $2 > 0 {printf "%s=%d ", $1, $2}'
	vmstat -z | awk -F'[:,]' '/^(socket|tcp_inpcb|tcpcb|syncache|tcpreass):/ {printf "%s=%d ", $1, $4}'; echo; }
# What vmstat(8) calls used is in part in the cache of whole packets.
mbufs() { netstat -m | awk -F/ 'NR <= 2 {n += $1} END {print n}'; }
none=$(objects) before=$(mbufs)
. ${QA:-/mnt}/network.sh
fails=0 THREADS=${THREADS:-4} SEED=${SEED:-1} SECONDS_=${SECONDS_:-120} D=/storm
bad() { echo "FAIL $*"; fails=$((fails+1)); }
# tmpfs panics by itself where sendfile(2) and ftruncate(2) meet.
mount -u -w /; mkdir -p $D
sysctl -q net.inet.tcp.keepinit=15000 net.inet.tcp.syncookies=1 net.inet.icmp.icmplim_output=0 net.inet.tcp.finwait2_timeout=10000 net.inet.tcp.fast_finwait2_recycle=1 kern.ipc.soacceptqueue=1024 >/dev/null
for j in a b; do
	jexec $j sysctl -q net.inet.tcp.msl=500 net.inet.tcp.mptcp.close_timeout=10000 >/dev/null
	[ -z "$PLAIN" ] || jexec $j sysctl -q net.inet.tcp.mptcp.enable=0 >/dev/null
	srcroute $j
	jail -m name=$j children.max=4
done
jexec a jail -c name=p persist ip4.addr=10.10.0.1 ip6=inherit
jexec b jail -c name=p persist ip4.addr=10.11.0.2 ip6=inherit
letters() { n=0; while [ $n -lt $THREADS ]; do printf %s $1; n=$((n+1)); done; }
[ -z "$REFUSE" ] || { fp=debug.fail_point.mptcp_no_memory; sysctl -q $fp="$((REFUSE / 10)).$((REFUSE % 10))%return(1)" || bad "no fail point"; }
[ -z "$FAIL_RATE" ] || sysctl debug.malloc.failure_rate=$FAIL_RATE || bad "no failure rate"
p=${PLAIN:+-p} pids=
for j in a b; do
	h=1; [ $j = b ] && h=2
	common="-s $SEED -t $SECONDS_ -h $h -d $D $p"
	jexec $j ${QA:-/mnt}/storm $common -k $(letters S)$(letters G)${BESIDE-WPPFF} > $D/streams.$j 2>&1 & pids="$pids $!"
	jexec $j ${QA:-/mnt}/storm $common -k $(letters C)$(letters C) -J $(jls -j $j.p jid) > $D/chaos.$j 2>&1 & pids="$pids $!"
done
for r in $pids; do wait $r || bad "status $?"; done
[ -z "$REFUSE" ] || { sysctl $fp; sysctl -q $fp=off; }
[ -z "$FAIL_RATE" ] || { sysctl debug.malloc.failure_rate=0; sysctl debug.malloc.failure_count; }
rm -f $D/pattern.* $D/chaos.[12]
for f in $D/*; do echo "== $f"; head -c 4000 $f; done
for j in a b; do cnt $j; done
# What was carried: an empty run shows nothing.
kb=$(awk '/^streams:/ {n += $7} END {print n + 0}' $D/streams.*)
multipath=$(jexec a sysctl -n net.inet.tcp.mptcp.stats.established)
echo "carried $kb KB; $multipath connections of a were multipath"
[ $kb -ge $((SECONDS_ * ${KBS:-50})) ] || bad "too little was carried"
[ -n "$PLAIN" ] || [ $multipath -ge $((SECONDS_ / 10)) ] || bad "too few connections were multipath"
for j in a b; do jexec $j jail -r p; done
# What still waits for its peer has one for so long; later nobody answers.
at_work() { for j in a b; do jexec $j netstat -anp tcp; done | grep -c '^tcp.*\(WAIT\|ACK\|CLOSING\|RCVD\|ESTABLISHED\)'; }
t=$(date +%s)
while [ $(at_work) -gt 0 ] && [ $(($(date +%s) - t)) -lt 120 ]; do sleep 2; done
echo "at work after $(($(date +%s) - t)) s: $(at_work)"
t=$(date +%s)
jail -r a; jail -r b
while [ -n "$(jls -d name)" ] && [ $(($(date +%s) - t)) -lt 100 ]; do sleep 1; done
# With plain TCP, too, FreeBSD loses references on jails where malloc(9) fails: then they and their tables stay.
lost=; [ -z "$FAIL_RATE" ] || lost=yes
[ -z "$(jls -d name)" ] || { [ -n "$lost" ] || bad "a jail is left"; jls -d jid name dying vnet; ps -axo jid,pid,wchan,command | awk '$1 > 0'; }
for e in 0 1; do ifconfig epair${e}a destroy 2>/dev/null || ifconfig epair${e}b destroy; done
settled() {
	if [ -z "$lost" ]; then [ "$(objects)" = "$none" ] && [ $(mbufs) -le $((before + 16)) ]
	else vmstat -m | awk '$1 == "mptcp" && $2 > 0 {exit 1}' && [ $(mbufs) -le $((before + 16)) ]; fi; }
i=0; until settled || [ $i -ge 30 ]; do i=$((i+1)); sleep 2; done
echo "objects: $(objects)"; echo "before:  $none"; echo "mbufs: $(mbufs), before $before"
settled || bad "memory is not back"
vmstat -m | grep mptcp
echo "storm: seed $SEED, $SECONDS_ s, $fails failures"
[ $fails -eq 0 ]
