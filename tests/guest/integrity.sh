# SIZE: MiB of each transfer.
# guest: time=1800
. ${QA:-/mnt}/network.sh
M=${QA:-/mnt}/transfer; BYTES=$((${SIZE:-8} * 1048576)); fails=0; TO=${TO:-90}
jexec b $M serve 5000 6 > /tmp/served &
sleep 1
move() { run "$@" || fails=$((fails+1)); }
both() { # NAME [HOST [SEED]]: upwards and downwards
	for way in UP DOWN; do move "$1, $way" jexec a $M $way ${2:-10.10.0.2} 5000 $BYTES ${3:-2}; done; }
halves() { # the side that reads has ended its own direction first
	k=$(grep -c "served HUP $BYTES" /tmp/served)
	for way in HUP HDOWN; do move "$1, $way" jexec a $M $way 10.10.0.2 5000 $BYTES 3; done
	i=0; while [ $(grep -c "served HUP $BYTES" /tmp/served) -eq $k ] && [ $i -lt 20 ]; do sleep 0.5; i=$((i+1)); done
	[ $i -lt 20 ] || { echo "FAIL HUP not read to its end"; fails=$((fails+1)); }; }
echo "== one subflow"
both one; halves one
echo "== two (passive)"
addrs b "10.11.0.2"; srcroute b
both two 10.10.0.2 3; halves two
move "two, BIDI" jexec a $M BIDI 10.10.0.2 5000 $BYTES
cnt a; cnt b
echo "== two (active)"
addrs b "0"; nosrc b; addrs a "10.11.0.1"; srcroute a
both active
echo "== both"
addrs b "10.11.0.2"; srcroute b
both both
echo "== IPv6"
addrs a 0; nosrc a; addrs b "fd01:1::2"
both IPv6 fd01:0::2
echo "== mixed: IPv4 first, IPv6 second; IPv6 first, IPv4 second"
move "mixed, UP" jexec a $M UP 10.10.0.2 5000 $BYTES
addrs b "10.11.0.2"
move "mixed, UP" jexec a $M UP fd01:0::2 5000 $BYTES
echo "== checksums, asked for by a; by b"
jexec a sysctl -q net.inet.tcp.mptcp.checksum=1 >/dev/null
both checksum 10.10.0.2 3
jexec a sysctl -q net.inet.tcp.mptcp.checksum=0 >/dev/null
jexec b sysctl -q net.inet.tcp.mptcp.checksum=1 >/dev/null
move "checksum, UP" jexec a $M UP 10.10.0.2 5000 $BYTES
jexec b sysctl -q net.inet.tcp.mptcp.checksum=0 >/dev/null
echo "== 1 % loss on both paths"
shape bw $RATE delay $DELAY queue 100 plr 0.01
TO=$((TO * 2))
both loss; halves loss
move "loss, BIDI" jexec a $M BIDI 10.10.0.2 5000 $BYTES
cnt a; cnt b
jexec a netstat -np tcp
grep FAIL /tmp/served && fails=$((fails+1))
echo "integrity: $fails failures"
[ $fails -eq 0 ]
