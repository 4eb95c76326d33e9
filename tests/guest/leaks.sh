# Many connections leave nothing behind: SEQN in a row, 200 at once, connections that nobody accepts before the listener closes,
# jails that are destroyed with live connections. Nonsense for the sysctls is refused beside them.
# guest: time=900
# How many of our own objects, and of the sockets and connections, are in use.
objects() {
	vmstat -m | awk '$1 ~ /^mptcp/ && $2 > 0 {printf "%s=%d ", $1, $2}'
	vmstat -z | awk -F'[:,]' '/^(socket|tcp_inpcb|tcpcb|syncache|tcpreass):/ {printf "%s=%d ", $1, $4}'; echo; }
# Without the jails and their VNETs.
none=$(objects)
export RATE=; . ${QA:-/mnt}/network.sh
fails=0 TO=${TO:-300}
bad() { echo "FAIL $*"; fails=$((fails+1)); }
sysctl -q net.inet.tcp.msl=200 >/dev/null; for j in a b; do jexec $j sysctl -q net.inet.tcp.msl=200 >/dev/null; done
# WHAT BEFORE: the same as before within 60 s; TIME_WAIT is short here.
settled() {
	i=0; while now=$(objects); [ "$now" != "$2" ] && [ $i -lt 60 ]; do i=$((i+1)); sleep 1; done
	echo "$1: $now"; [ "$now" = "$2" ] || bad "$1 left something; before: $2"; }
jexec b $M serve 5000 6 & S=$!
sleep 1
addrs b "10.11.0.2"
run seq50 jexec a $M SEQ 10.10.0.2 5000 50 || bad seq50
sleep 6; before=$(objects); echo "before: $before"
run seq jexec a $M SEQ 10.10.0.2 5000 ${SEQN:-150} || bad seq
settled "in a row" "$before"
run par jexec a $M PAR 10.10.0.2 5000 200 || bad par
settled "at once" "$before"
jexec b ${QA:-/mnt}/listen_queue 7000 3 &
sleep 0.5; for i in 1 2 3 4 5; do (echo hi; sleep 4) | timeout 6 jexec a nc -N 10.10.0.2 7000 >/dev/null 2>&1 & done; sleep 7
settled "listener closed" "$before"
for s in enable=2 enable=-1 version=99 max_subflows=0 max_subflows=100000 mp_addresses=1.2.3 mp_addresses=999.1.1.1 mp_addresses="$(jot -b 10.1.2.3 400 | tr '\n' ' ')" scheduler=nope mp_debug=FOO:9 mp_debug=ALL:-1 close_timeout=-5 rejoin_timeout=4000000000 checksum=x; do
	jexec a sysctl "net.inet.tcp.mptcp.$s" >/dev/null 2>&1 && bad "taken: $(echo $s | cut -c1-60)"
done
for way in UP DOWN BIDI; do jexec a $M $way 10.10.0.2 5000 100000000 >/dev/null 2>&1 & done
sleep 3
[ "$(objects)" != "$before" ] || bad "no connection when the jails go"
jail -r a; sleep 1; jail -r b
mptcp() { echo "$1" | tr ' ' '\n' | grep '^mptcp'; }
i=0; while [ "$(mptcp "$(objects)")" != "$(mptcp "$none")" ] && [ $i -lt 90 ]; do i=$((i+1)); sleep 1; done
echo "jails destroyed: $(objects)"; [ "$(mptcp "$(objects)")" = "$(mptcp "$none")" ] || bad "the jails left something; before: $none"
[ -z "$(jls -d name)" ] || bad "a jail is left"
echo "leaks: $fails failures"
[ $fails -eq 0 ]
