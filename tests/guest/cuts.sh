# The path of the first subflow is cut in the middle of a transfer of SIZE MiB: for good, or for HEAL seconds. The jail
# with two addresses in use routes by source address, or the answers on the second path would leave by the dead one.
# guest: time=1800
. ${QA:-/mnt}/network.sh
M=${QA:-/mnt}/transfer; BYTES=$((${SIZE:-12} * 1048576)); fails=0; TO=${TO:-90}
jexec b $M serve 5000 6 > /tmp/served &
sleep 1
addrs b "10.11.0.2"; srcroute b
move() { run "$@" || { fails=$((fails+1)); jexec a netstat -np tcp; cnt a; cnt b; }; }
for way in ${WAYS:-UP DOWN HUP HDOWN BIDI}; do
	midway block 0 & C=$!
	move "$way, cut" jexec a $M $way 10.10.0.2 5000 $BYTES
	wait $C; unblock; sleep 1
	midway outage & C=$!
	move "$way, cut and healed" jexec a $M $way 10.10.0.2 5000 $BYTES
	wait $C; sleep 3
done
cnt a; cnt b
for i in 1 2 3 4 5; do [ $(grep -c "served HUP $BYTES" /tmp/served) -eq 2 ] && break; sleep 2; done
[ $i -lt 5 ] || case ${WAYS:-HUP} in *HUP*) echo "FAIL HUP not read to its end"; fails=$((fails+1));; esac
grep FAIL /tmp/served && fails=$((fails+1))
echo "cuts: $fails failures"
[ $fails -eq 0 ]
