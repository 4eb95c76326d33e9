# scp(1), unmodified (dropbear here): a file of BYTES from jail a to jail b over one path, over two, with the first path cut
# in the middle for good, and cut for HEAL seconds.
RATE=${RATE-100Mbit/s}; DELAY=${DELAY:-2ms}
. ${QA:-/mnt}/network.sh
BYTES=${BYTES:-$((64*MB))}; fails=0; TO=${TO:-200}
bad() { echo "FAIL $*"; fails=$((fails+1)); }
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
copy "one path"
addrs b 10.11.0.2; srcroute b
copy "two paths"
midway block 0 & copy "the first path cut"; wait $!; unblock; sleep 1
midway outage & copy "the first path cut and healed"; wait $!
cnt a; cnt b
echo "scp: $fails failures"
[ $fails -eq 0 ]
