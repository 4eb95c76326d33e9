# Jails without a VNET: a connection uses the addresses of its owner's jail only, whoever opens it, and a subflow that
# came through another's listener is its owner's.
# guest: time=300
M=${QA:-/mnt}/transfer; O=${QA:-/mnt}/options; MB=1048576; fails=0
bad() { echo "FAIL $*"; fails=$((fails+1)); }
for n in 0 1; do ifconfig epair$n create up >/dev/null; done
jail -c name=a vnet persist vnet.interface=epair0a vnet.interface=epair1a
for n in 0 1; do
	ifconfig epair${n}b 10.1$n.0.2/24 up; jexec a ifconfig epair${n}a 10.1$n.0.1/24 up
done
jexec a ifconfig lo0 127.0.0.1/8 up
for j in "" "jexec a"; do $j ipfw -q add 65000 allow ip from any to any; done
jexec a ipfw -q add 200 fwd 10.11.0.2 ip from 10.11.0.1 to any out
ipfw -q add 70 count ip from 10.11.0.2 to any; ipfw -q add 71 fwd 10.11.0.1 ip from 10.11.0.2 to any out
jail -c name=c persist path=/ host.hostname=c ip4.addr=10.10.0.2 ip6=inherit
sysctl net.inet.tcp.mptcp.mp_addresses=10.11.0.2 >/dev/null
others() { ipfw show 70 | awk '{print $2}'; }
stat() { sysctl -n net.inet.tcp.mptcp.stats.$1; }

echo "== the jail connects"
jexec a $M serve 5000 2 &
sleep 1; n=$(others); e=$(stat established)
timeout 60 jexec c $M BIDI 10.10.0.1 5000 $((4*MB)) 1 || bad "jailed transfer"
[ $(($(stat established) - e)) -eq 1 ] || bad "not multipath"
[ $(others) -eq $n ] || bad "$(($(others) - n)) packets from an address that the jail may not use"
timeout 60 $M BIDI 10.10.0.1 5000 $((4*MB)) 1 || bad "transfer of the host"
[ $(others) -gt $n ] || bad "the host itself did not join from its second address"

echo "== the jail accepts"
jexec a sysctl net.inet.tcp.mptcp.mp_addresses=10.11.0.1 >/dev/null
n=$(others)
jexec c $M serve 5001 1 &
sleep 1
timeout 60 jexec a $M BIDI 10.10.0.2 5001 $((4*MB)) 1 || bad "transfer to the jail"
[ $(others) -eq $n ] || bad "$(($(others) - n)) packets from an address that the jail may not use"
sysctl net.inet.tcp.mptcp.stats | grep joins

echo "== a join that comes through another's listener"
jexec a sysctl net.inet.tcp.mptcp.mp_addresses=0 >/dev/null
jexec c $O once 5002 & sleep 1
(echo start; sleep 12; echo end) | jexec a nc 10.10.0.2 5002 & sleep 2
jexec c netstat -anp tcp | grep -q '5002.*LISTEN' && bad "the jail's listener is still there"
$O serve 5002 & sleep 1
netstat -anp tcp | grep 5002
j=$(stat joins_accepted)
jexec a sysctl net.inet.tcp.mptcp.mp_addresses=10.11.0.1 >/dev/null; sleep 3
[ $(($(stat joins_accepted) - j)) -eq 1 ] || bad "no join"
jexec c netstat -anp tcp | grep '10.11.0.1' | grep -q ESTAB || bad "the subflow is not the jail's"
sockstat -4 -P tcp | grep 5002
pkill nc; pkill options; pkill transfer
echo "FAILS $fails"
[ $fails -eq 0 ]
