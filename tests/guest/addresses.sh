# Addresses that come in a burst longer than what is kept (MPTCP_MAXIFADDR), and a list of addresses for which there is no memory.
# guest: time=300
export N=3; . ${QA:-/mnt}/network.sh
fails=0
bad() { echo "FAIL $*"; fails=$((fails+1)); }
joined() { jexec $1 netstat -anp tcp | grep -c "10\.1$2\.0\.1\.[0-9]* .*ESTABLISHED"; }
# JAIL ADDRESS SECONDS: waits for a subflow with that second octet.
until_joined() { i=0; until [ $(joined $1 $2) -ge 1 ]; do i=$((i+1)); [ $i -le $(($3 * 5)) ] || return 1; sleep 0.2; done; }
srcroute a; srcroute b
addrs a 10.11.0.1
jexec b $M serve 5000 2 & sleep 1
jexec a $M UP 10.10.0.2 5000 1000000000 >/dev/null 2>&1 & sender=$!
until_joined a 1 10 || bad "no subflow from 10.11.0.1"
# Nothing is looked at for a while; then the end of 10.11.0.1 is the twenty-first event.
sysctl -q debug.fail_point.mptcp_ifaddr_late='return(1)' || bad "no fail point"
n=1; while [ $n -le 20 ]; do jexec a ifconfig epair0a 10.50.0.$n/32 alias; n=$((n+1)); done
jexec a ifconfig epair1a 10.11.0.1 delete
sleep 1
[ $(joined a 1) -eq 1 ] || bad "the events were looked at"
sysctl -q debug.fail_point.mptcp_ifaddr_late=off
i=0; while [ $(joined a 1) -gt 0 ]; do i=$((i+1)); [ $i -le 15 ] || { bad "the end of the burst was lost"; break; }; sleep 0.2; done
# And it comes back in the same way.
sysctl -q debug.fail_point.mptcp_ifaddr_late='return(1)'
n=1; while [ $n -le 20 ]; do jexec a ifconfig epair0a 10.50.0.$n -alias; n=$((n+1)); done
jexec a ifconfig epair1a 10.11.0.1/24
sysctl -q debug.fail_point.mptcp_ifaddr_late=off
until_joined a 1 5 || bad "the address that came back is not used"
cnt a
# The new list is refused memory once: it is read again.
sysctl -q debug.fail_point.mptcp_no_addresses='1*return(1)' || bad "no fail point"
addrs a 10.12.0.1
sleep 0.3
sysctl -n debug.fail_point.mptcp_no_addresses | grep -q return && bad "memory was not refused"
until_joined a 2 5 || bad "the list was not read again"
kill $sender
[ $fails -eq 0 ]
