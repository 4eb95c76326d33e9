#!/bin/bash
# The Linux side of linux_cuts.sh; as root in a network namespace, when the guest prints PEER-GO. QA is the directory of
# transfer-linux (transfer.c, built here).
QA=${QA:-.} BYTES=$((${SIZE:-64} * 1048576))
if1=$(ip -o -4 addr show | awk '/ 10\.2\.0\.2\// { print $2 }')
trap 'kill $(jobs -p) 2>/dev/null' EXIT
ip mptcp limits set subflows 4 add_addr_accepted 4
ip mptcp endpoint flush
# As a server it announces; as a client it joins by itself.
ip mptcp endpoint add 10.2.0.2 dev "$if1" signal
MPTCP=1 "$QA/transfer-linux" serve 5001 &
tell() { python3 -c 'import socket, sys, time
for i in range(1200):
    try: s = socket.create_connection(("10.2.0.1", int(sys.argv[1])), 1); s.sendall(sys.argv[2].encode()); s.close(); sys.exit(0)
    except OSError: time.sleep(0.3)
sys.exit(1)' "$1" "$2"; }
for way in UP DOWN; do for c in cut outage; do
	tell 5390 x || exit 1
	[ $(ip mptcp endpoint show | grep -c subflow) -eq 1 ] || { ip mptcp endpoint flush; ip mptcp endpoint add 10.2.0.2 dev "$if1" subflow; }
	out=$(MPTCP=1 timeout ${TO:-120} "$QA/transfer-linux" $way 10.1.0.1 5000 $BYTES 3 2>&1)
	tell 5391 "${out:-status $?}
"
done; done
echo $(nstat -asz | awk '/MPTcpExt/ && $2 != 0 { sub("MPTcpExt", "", $1); print $1, $2 }')
