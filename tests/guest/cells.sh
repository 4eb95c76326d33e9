# Somebody walks in and out of a cell: SECONDS_ of transfer over two paths of 20 Mbit/s with 5 ms, the first of which is cut for five
# seconds of every ten. A perfect host gets 28.2 Mbit/s of TCP payload; BAR is wanted in every cell of the table: in both directions,
# with mp_addresses on the passive side, and on both sides (a mesh).
# STAY=1: nothing is cut.
# guest: time=3600 shift=0
. ${QA:-/mnt}/network.sh
M=${QA:-/mnt}/transfer; BAR=${BAR:-26.5}; SECONDS_=${SECONDS_:-80}; fails=0
BYTES=$(echo "$BAR $SECONDS_" | awk '{printf "%d\n", $1 * 1000000 / 8 * $2}')
jexec b $M serve 5000 & S=$!; sleep 1
walk() { [ -z "$STAY" ] || return; while :; do sleep 5; block 0; sleep 5; unblock; done; }
# NAME WAY: so many bytes as BAR allows in SECONDS_ take no longer.
cell() {
	walk & W=$!
	out=$(timeout $((SECONDS_ * 3)) jexec a $M $2 10.10.0.2 5000 $BYTES) || { echo "FAIL $1 $2: status $?"; fails=$((fails+1)); }
	kill $W; wait $W 2>/dev/null; unblock 2>/dev/null
	echo "$1 $2: $out"
	echo "$out" | awk -v most=$SECONDS_ -v bytes=$BYTES '/^ok/ {for (i = 1; i <= NF; i++) if ($i == "s") t = $(i - 1)
		printf "%.1f Mbit/s\n", bytes * 8 / t / 1000000; exit t > most} END {if (t == 0) exit 1}' || { echo "FAIL $1 $2: less than $BAR Mbit/s"; fails=$((fails+1)); }
	sleep 3
}
addrs b 10.11.0.2; srcroute b
for way in ${WAYS:-UP DOWN}; do cell passive $way; done
[ -n "$PASSIVE_ONLY" ] || { addrs a 10.11.0.1; srcroute a; for way in ${WAYS:-UP DOWN}; do cell mesh $way; done; }
kill $S; cnt a; cnt b
echo "cells: $fails failures"
[ $fails -eq 0 ]
