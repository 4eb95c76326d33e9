# Socket options: TCP_NOPUSH and its end belong to the stream, what one TCP connection alone can do is refused, and
# excludes MPTCP where it was set before.  What was set while there was one subflow holds for a later one, on the end
# that joins and on the end that is joined.
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
# The later subflow: b's second address comes once the options are set.  Then the first subflow is dropped.
addrs b ''
W=/tmp/options.$$; mkdir $W
jexec b $O carrying 5001 $W/go >$W/b & pb=$!
sleep 1
jexec a $O carried fd01:0::2 5001 $W/go >$W/a & pa=$!
wait_for() { n=0; until "$@"; do n=$((n+1)); [ $n -lt 100 ] || { bad "waited for: $*"; return 1; }; sleep 0.2; done; }
are_set() { grep -q '^set' $W/a && grep -q '^set' $W/b; }
flows() { jexec a netstat -anW -p tcp | awk '$5 ~ /\.5001$/ && $6 == "ESTABLISHED" { print $4, $5 }'; }
has() { [ "$(flows | wc -l)" -eq $1 ]; }
# What takes its place may come at once; that is a later subflow, too.
is_gone() { ! flows | grep -qxF "$first"; }
wait_for are_set
has 1 || bad "more than one subflow: $(flows)"
first=$(flows)
addrs b fd01:1::2
wait_for has 2
sleep 1
l=${first% *} r=${first#* }
jexec a tcpdrop ${l%.*} ${l##*.} ${r%.*} ${r##*.} || bad "tcpdrop $first"
wait_for is_gone
sleep 1
touch $W/go
wait $pa || bad "carried, the end that joins"
wait $pb || bad "carried, the end that is joined"
sed 's/^/a: /' $W/a; sed 's/^/b: /' $W/b; rm -r $W
cnt a; cnt b
pkill options
[ $fails -eq 0 ]
