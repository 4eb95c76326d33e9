# The path of the first subflow is cut in the middle of a transfer. The jail with two addresses in use routes by source
# address, or the answers on the second path would leave by the dead one.
. ${QA:-/mnt}/network.sh
M=${QA:-/mnt}/transfer; MB=1048576
jexec b $M serve 5000 6 &
sleep 1
addrs b "10.11.0.2"; srcroute b
TO=40
for way in UP DOWN; do
	(sleep 1; block 0) &
	run "$way, cut" jexec a $M $way 10.10.0.2 5000 $((6*MB))
	unblock; sleep 1
	(sleep 1; block 0; sleep 3; unblock) &
	run "$way, cut and healed" jexec a $M $way 10.10.0.2 5000 $((12*MB))
	sleep 3
done
cnt a; cnt b
