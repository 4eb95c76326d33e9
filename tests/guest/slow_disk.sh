# sendfile(2) from a disk that answers late or fails: the bytes in the send buffer are not ready, and the connection goes on,
# is shut down, closed, or reset meanwhile. With plain TCP (enable=0) first, which must pass the same checks. Nothing may be left.
# guest: time=600
fails=0
bad() { echo "FAIL $*"; fails=$((fails+1)); }
sysctl -q net.inet.tcp.msl=100 >/dev/null; sysctl net.inet.tcp.mptcp.close_timeout=1000
mkdir -p /tmp/slow
# What the first connections take for good is no leak.
${QA:-/mnt}/transfer serve 5000 6 & T=$!; sleep 1
for i in 1 2 3 4; do ${QA:-/mnt}/transfer UP 127.0.0.1 5000 100000 || bad "first connections"; done; kill $T; sleep 3
left() { vmstat -m | awk '$1 ~ /^mptcp/ && $2 > 0 {printf "%s=%d ", $1, $2}'; vmstat -z | awk -F'[:,]' '/^(socket|tcp_inpcb|tcpcb|mbuf_extpgs|mbuf):/ {printf "%s=%d ", $1, $4}'; echo; }
files="/tests/guest/*[a-z] /bin/* /sbin/* /usr/bin/*"
for enable in 0 1; do
	sysctl net.inet.tcp.mptcp.enable=$enable
	before=$(left)
	timeout 300 ${QA:-/mnt}/slow_disk /dev/vtbd0 /tmp/slow $files || bad "enable=$enable, status $?"
	i=0; while now=$(left); [ "$now" != "$before" ] && [ $i -lt 30 ]; do i=$((i+1)); sleep 1; done
	echo "before: $before"; echo "after:  $now"
	[ "${now%%socket*}" = "${before%%socket*}" ] || bad "MPTCP's memory is left"
done
sysctl net.inet.tcp.mptcp.stats | grep -v ' 0$'
[ $fails -eq 0 ]
