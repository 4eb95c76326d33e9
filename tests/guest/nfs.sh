# A reader by upcall inside the kernel, which never calls pr_rcvd: the NFS client, against nfs.py on Linux.
# guest: time=300 peer=nfs.py SIZE=16
. ${QA:-/mnt}/peer.sh
S=net.inet.tcp.mptcp
fails=0
bad() { echo "FAIL $*"; fails=$((fails + 1)); }
# A window that the file fills many times.
sysctl -q net.inet.tcp.recvbuf_max=131072
mkdir -p /tmp/nfs
peer_go
${QA:-/mnt}/nfs_mount 10.1.0.2 2049 root /tmp/nfs || { bad "no mount"; exit 1; }
# Not for ever: a client that waits for a window cannot be killed.
dd if=/tmp/nfs/data of=/tmp/data bs=64k 2>&1 & copy=$!
n=0
while kill -0 $copy 2>/dev/null && [ $n -lt 120 ]; do sleep 1; n=$((n + 1)); done
if kill -0 $copy 2>/dev/null; then
	bad "the copy did not end: $(ls -l /tmp/data)"
	sysctl $S.stats | grep -v ': 0$'
	exit 1
fi
size=$(wc -c < /tmp/data)
[ $size -eq $((SIZE << 20)) ] || bad "$size bytes of $((SIZE << 20))"
[ "$(sha256 -q /tmp/data)" = "$(cat /tmp/nfs/sum)" ] || bad "other bytes"
umount /tmp/nfs || bad "no umount"
[ $(sysctl -n $S.stats.established) -ge 1 ] || bad "no multipath connection"
# peer_go asks a plain port: that counts as no-capable.
[ -z "$(sysctl $S.stats.fallback | grep -v -e ': 0$' -e no-capable)" ] || bad "fell back"
[ $fails -eq 0 ]
