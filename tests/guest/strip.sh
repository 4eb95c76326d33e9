# A middlebox on the path of the first subflow takes options away, or changes bytes. Each transfer must end with the right
# bytes, or, where all options vanish in mid-connection (RFC 8684, 3.7), perhaps with an error, but never with wrong bytes;
# after a fallback no MPTCP option may be on the wire.
# guest: time=1800 BYTES=8388608
RATE=${RATE-100Mbit/s}; DELAY=${DELAY:-2ms}
. ${QA:-/mnt}/network.sh
BYTES=${BYTES:-$((64*MB))}; fails=0
# The cable of path 0 is cut in two: a - epair0b and epair50a, in between the middlebox - b.
ifconfig epair50 create >/dev/null
ifconfig epair0b -vnet b; ifconfig epair50b vnet b; jexec b ifconfig epair50b name epair0b >/dev/null
jexec b ifconfig epair0b 10.10.0.2/24 up; jexec b ifconfig epair0b inet6 fd01:0::2/64 no_dad up
ifconfig epair0b up; ifconfig epair50a up
sysctl -q net.bpf.maxbufsize=2097152 >/dev/null
jexec b $M serve 5000 6 > /tmp/serve.log 2>&1 &
sleep 1
mbox() { ${QA:-/mnt}/middlebox "$@" epair0b epair50a & BOX=$!; sleep 0.5; }
stat() { jexec $1 sysctl net.inet.tcp.mptcp.stats | awk -v k="$2" 'index($1, k) {n += $2} END {print n + 0}'; }
bad() { echo "FAIL $*"; fails=$((fails+1)); }
start() {
	echo "== $*"
	before=$(($(stat a fallback) + $(stat b fallback)))
	# Each end's own segments, as they leave it.
	tcpdump -i epair0b -s 120 -B 8192 -w /tmp/a.pcap "src host 10.10.0.1 or src host fd01::1" 2>/dev/null & TA=$!
	tcpdump -i epair50a -s 120 -B 8192 -w /tmp/b.pcap "src host 10.10.0.2 or src host fd01::2" 2>/dev/null & TB=$!
}
finish() {
	sleep 1; kill $BOX; wait $BOX; kill $TA $TB; wait $TA $TB
	n=$(($(stat a fallback) + $(stat b fallback) - before)); echo "fallbacks counted: $n"
}
# FALLS MOST WAY OPTIONS...: FALLS ends count a fallback; of a's and b's segments none behind the first MOST, or in the time
# behind the first MOST "s", has an MPTCP option other than the infinite mapping ("-": not judged).
strip() {
	falls=$1 most=$2 way=$3; shift 3
	start "$way, middlebox $*"; mbox "$@"
	run "$way" jexec a $M $way ${HOST:-10.10.0.2} 5000 ${SIZE:-$BYTES} 3 || bad "$way $*"
	finish
	[ $n -eq $falls ] || bad "$n fallbacks, not $falls"
	for e in a b; do
		tcpdump -tt -n -r /tmp/$e.pcap tcp 2>/dev/null | awk -v e=$e -v most=$most '
			NR == 1 {first = $1}
			/mptcp/ && ! /dss seq [0-9]+ subseq [0-9]+ len 0[,\]]/ {last = NR; k++; time = $1 - first}
			END {printf "%s sent %d segments in %.1f s, %d with MPTCP, the last is number %d after %.1f s\n", e, NR, $1 - first, k, last, time
			if (most ~ /s/) exit time > most + 0 || $1 - first < most + 2
			exit NR < 3 || most != "-" && last > most}' || bad "options after the fallback"
	done
}
# WAY OPTIONS...: options vanish after some packets. An error is fine, wrong bytes are not.
broken() {
	way=$1; shift
	echo "== $way, middlebox $*"; mbox "$@"
	run "$way" jexec a $M $way ${HOST:-10.10.0.2} 5000 ${SIZE:-$BYTES} 3 > /tmp/broken.log 2>&1; cat /tmp/broken.log
	grep -q "DATA DIFFERS\|got .* want\|STATUS 124" /tmp/broken.log && bad "$way $*"
	sleep 1; kill $BOX; wait $BOX
}
# WANT CMPARGS...: a file by nc from a to b; WANT bytes of it differ.
copy() {
	jexec b nc -l 6000 > /tmp/got & L=$!; sleep 0.5
	timeout 60 jexec a nc -N 10.10.0.2 6000 < /tmp/sent || bad "nc $?"
	wait $L; d=$(cmp -l /tmp/sent /tmp/got | wc -l)
	[ $(wc -c < /tmp/sent) -eq $(wc -c < /tmp/got) ] || bad "sizes $(wc -c < /tmp/sent) $(wc -c < /tmp/got)"
	echo "$((d)) bytes differ"; [ $d -eq $1 ] || bad "not $1"
}
[ -n "$STRIP_ONLY_FUNCTIONS" ] || {
TO=90
strip 1 2 UP -s S
strip 2 2 DOWN -s A
SIZE=$((2*BYTES)) strip 2 6s UP -s D; broken DOWN -s D -n 1000000; broken UP -s D -n 1000000
SIZE=${SMALL:-$((4*MB))}
for way in ${WAYS:-UP DOWN BIDI}; do
	strip 1 2 $way -s SA
	strip 2 - $way -s D
	strip 2 - $way -s D -d ab
	strip 2 - $way -s D -d ba
	for d in "" "-d ab" "-d ba"; do broken $way -s D -n 1000000 $d; done
done
HOST=fd01::2; strip 1 2 UP -s S; strip 2 2 DOWN -s A; for way in UP DOWN; do strip 2 - $way -s D; broken $way -s D -n 1000000; done

unset HOST; echo "=== changed bytes"
dd if=/dev/random of=/tmp/sent bs=64k count=64 2>/dev/null
start "no checksum"; mbox -c 1000000 -d ab; copy 1; finish
[ $n -eq 0 ] || bad "$n fallbacks"
jexec a sysctl -q net.inet.tcp.mptcp.checksum=1 >/dev/null
start "one subflow: MP_FAIL, fallback, the bytes as they came"; mbox -c 1000000 -d ab; copy 1; finish
[ $n -eq 2 ] || bad "$n fallbacks, not 2"
tcpdump -n -r /tmp/b.pcap tcp 2>/dev/null | grep -q "fail seq" || bad "no MP_FAIL"
addrs b 10.11.0.2; srcroute b
start "two subflows: the data comes again on the other"; mbox -c 200000 -d ab; copy 0; finish
[ $n -eq 0 ] || bad "$n fallbacks"
tcpdump -n -r /tmp/b.pcap "tcp[tcpflags] & tcp-rst != 0" 2>/dev/null | grep "fail seq" | head -1 | grep . || bad "no RST with MP_FAIL"
start "two subflows, one byte in 500000 changed on the first path"; mbox -c 500000 -r
for way in UP DOWN; do run "$way" jexec a $M $way 10.10.0.2 5000 $BYTES 3 || bad $way; done; finish
jexec a sysctl -q net.inet.tcp.mptcp.checksum=0 >/dev/null
for way in UP DOWN; do start "two subflows, options stripped on the first path: $way"; mbox -s D -n 1000000
run "$way" jexec a $M $way 10.10.0.2 5000 $BYTES 3 || bad $way; finish; done
grep -q "DATA DIFFERS" /tmp/serve.log && bad "$(cat /tmp/serve.log)"
cnt a; cnt b
echo "strip: $fails failures"
[ $fails -eq 0 ]; }
