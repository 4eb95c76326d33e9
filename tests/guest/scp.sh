# scp(1), unmodified (dropbear here): a file of 64 MiB from jail a to jail b over two paths, then with the first path cut in
# the middle; and programs' own 64 MiB over one path, two, a cut, a cut that heals, 1 % loss, with half-close.
RATE=${RATE-100Mbit/s}; DELAY=${DELAY:-2ms}
. ${QA:-/mnt}/network.sh
BYTES=${BYTES:-$((64*MB))}; fails=0; TO=${TO:-120}
bad() { echo "FAIL $*"; fails=$((fails+1)); }
jexec b $M serve 5000 6 &
dd if=/dev/random of=/tmp/sent bs=1m count=$((BYTES / MB)) 2>/dev/null; want=$(sha256 -q /tmp/sent)
rm -f /tmp/hostkey /tmp/key; dropbearkey -t ed25519 -f /tmp/hostkey >/dev/null 2>&1; dropbearkey -t ed25519 -f /tmp/key 2>/dev/null >/tmp/key.txt
mkdir -p /root/.ssh; touch /root/.ssh/x 2>/dev/null || mount -t tmpfs tmpfs /root/.ssh; grep '^ssh-' /tmp/key.txt > /root/.ssh/authorized_keys; chmod 700 /root /root/.ssh; chmod 600 /root/.ssh/authorized_keys
jexec b dropbear -E -r /tmp/hostkey -p 22 2>/tmp/dropbear.log
printf '#!/bin/sh\nexec dbclient -y -y -i /tmp/key "$@"\n' > /tmp/ssh; chmod +x /tmp/ssh
sleep 1
copy() {
	echo "== scp, $1"; rm -f /tmp/got; t=$(date +%s)
	timeout $TO jexec a scp -S /tmp/ssh /tmp/sent root@10.10.0.2:/tmp/got 2>/tmp/scp.log || { bad "scp $?"; cat /tmp/scp.log /tmp/dropbear.log; }
	[ "$(sha256 -q /tmp/got)" = $want ] && echo "sha256 equal, $(($(date +%s) - t)) s" || bad "sha256 differs"
}
[ -n "$ONLY_TWO" ] || copy "one path"
[ -n "$ONLY_TWO" ] || for way in UP DOWN; do run "one subflow, $way" jexec a $M $way 10.10.0.2 5000 $BYTES 3 || bad $way; done
addrs b 10.11.0.2; srcroute b
copy "two paths"
(sleep ${CUT:-3}; block 0; echo cut) & copy "the first path cut"; wait $!; unblock; sleep 1
[ -n "$ONLY_TWO" ] || for way in UP DOWN; do
	run "two subflows, $way" jexec a $M $way 10.10.0.2 5000 $BYTES 3 || bad $way
	(sleep 2; block 0) & run "cut, $way" jexec a $M $way 10.10.0.2 5000 $BYTES 3 || bad $way
	wait $!; unblock; sleep 1
	(sleep 2; block 0; sleep 3; unblock) & run "cut and healed, $way" jexec a $M $way 10.10.0.2 5000 $BYTES 3 || bad $way
	wait $!; sleep 1
done
[ -n "$ONLY_TWO" ] || {
shape bw $RATE delay $DELAY queue 100 plr 0.01
for way in UP DOWN; do run "1 % loss, $way" jexec a $M $way 10.10.0.2 5000 $BYTES 3 || bad $way; done
run "1 % loss, BIDI" jexec a $M BIDI 10.10.0.2 5000 $((BYTES / 4)) 3 || bad BIDI; }
cnt a; cnt b
echo "scp: $fails failures"
[ $fails -eq 0 ]
