# The sockets interface: sockets.c, then what must exclude MPTCP, names of a connection that lost its first subflow, who owns
# it in sockstat(1), clients of both kinds at one server, a killed server, MP_FASTCLOSE on the wire.
# guest: time=900
RATE=${RATE-50Mbit/s}; DELAY=${DELAY:-2ms}
. ${QA:-/mnt}/network.sh
C=${QA:-/mnt}/connection; S=${QA:-/mnt}/sockets; fails=0
bad() { echo "FAIL $*"; fails=$((fails+1)); }
stat() { jexec $1 sysctl -n net.inet.tcp.mptcp.stats.$2; }
for o in client_enable server_enable psk_enable; do for j in a b; do jexec $j sysctl -q net.inet.tcp.fastopen.$o=1 >/dev/null; done; done
jexec b $M serve 5000 6 &
jexec b $S srv 0 5001 &
jexec b $C serve 5002 &
jexec b $C serve 5003 md5 &
jexec b $C serve 5004 fastopen &
sleep 1
addrs b 10.11.0.2; srcroute b
TO=60 run "sockets" jexec a $S cli 10.10.0.2 5001 K || bad sockets
run "options" jexec a $C options 10.10.0.2 5002 || bad options
for h in 10.10.0.2 fd01::2; do run "fastopen $h" jexec a $C fastopen $h 5004 || bad fastopen; done
for j in a b; do jexec $j setkey -c <<X
add 10.10.0.1 10.10.0.2 tcp 0x1000 -A tcp-md5 "secret" ;
add 10.10.0.2 10.10.0.1 tcp 0x1001 -A tcp-md5 "secret" ;
X
done
run "md5" jexec a $C md5 10.10.0.2 5003 || bad md5
for j in a b; do echo "flush ;" | jexec $j setkey -c; done

echo "== the first subflow dies"
jexec a $C names 10.10.0.2 5002 12 & P=$!
sleep 2; jexec a sockstat -4 -P tcp | grep -E 'connectio.*:5002' > /tmp/before; block 0
port=$(jexec a netstat -np tcp | awk '$5 == "10.10.0.2.5002" && /ESTAB/ {sub(/.*\./, "", $4); print $4}')
sleep 1; jexec a tcpdrop 10.10.0.1 $port 10.10.0.2 5002 || bad "tcpdrop $port"; jexec b tcpdrop 10.10.0.2 5002 10.10.0.1 $port || bad "tcpdrop $port"
sleep 5; jexec a netstat -np tcp | grep 5002; jexec a sockstat -4 -P tcp | tee /tmp/after | grep 5002; jexec b sockstat -4 -P tcp | grep 5002 | tee /tmp/after.b
grep -q . /tmp/before || bad "no owner before"
grep -q 'connectio.*:5002' /tmp/after || bad "no owner after"
grep -q 'connectio.*10.1[01].0.1:' /tmp/after.b || bad "no owner at the server"
jexec a netstat -np tcp | grep 'ESTAB' | grep -q "10.10.0.1.$port " && bad "the first subflow lives"
jexec a netstat -np tcp | grep 'ESTAB' | grep -q '10.11.0.2.5002' || bad "no second subflow"
wait $P || bad names
unblock

echo "== clients of both kinds"
e=$(stat b established); n=0
for i in 1 2 3 4 5 6; do
	jexec a sysctl -q net.inet.tcp.mptcp.enable=$((i % 2)) >/dev/null
	timeout 60 jexec a $M BIDI 10.10.0.2 5000 $((8*MB)) $i & eval "P$i=$!"
	# The next client's setting must not meet this one's SYN.
	for t in 1 2 3 4 5 6 7 8; do
		[ $(jexec a netstat -np tcp | grep -c ' 10.10.0.2.5000 ') -ge $i ] && break; sleep 0.5
	done
	sleep 1
done
jexec a sysctl -q net.inet.tcp.mptcp.enable=1 >/dev/null
for i in 1 2 3 4 5 6; do eval "wait \$P$i" || bad "client $i"; done
[ $(($(stat b established) - e)) -eq 3 ] || bad "$(($(stat b established) - e)) of them multipath, not 3"

echo "== a server killed in mid-transfer"
for way in UP DOWN; do
	jexec b $M serve 5005 & K=$!; sleep 0.5
	(timeout 20 jexec a $M $way 10.10.0.2 5005 1000000000; echo $? > /tmp/status) & P=$!
	sleep 2; for p in $(pgrep -f "serve 5005"); do kill -9 $p; done; t=$(date +%s); wait $P
	echo "$way: status $(cat /tmp/status) after $(($(date +%s) - t)) s"; [ $(cat /tmp/status) -eq 1 ] || bad "$way went on"
done
echo "== SO_LINGER 0"
jexec a tcpdump -i epair0a -s 200 -w /tmp/l.pcap tcp port 5002 2>/dev/null & T=$!; sleep 2
run linger jexec a $C linger 10.10.0.2 5002 || bad linger
sleep 1; kill $T; wait $T
tcpdump -n -r /tmp/l.pcap 2>/dev/null | grep -i 'fast' || { tcpdump -n -r /tmp/l.pcap; bad "no MP_FASTCLOSE"; }
sleep 3; for j in a b; do jexec $j netstat -np tcp | grep -E 'ESTAB|FIN_WAIT|CLOS|LAST' && bad "connections left in $j"; done
cnt a; cnt b
echo "api: $fails failures"
[ $fails -eq 0 ]
