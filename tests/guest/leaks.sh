export RATE=; . ${QA:-/mnt}/network.sh
sysctl -q net.inet.tcp.msl=200 >/dev/null; for j in a b; do jexec $j sysctl -q net.inet.tcp.msl=200 >/dev/null; done
jexec b $M serve 5000 6 & S=$!
sleep 1
addrs b "10.11.0.2"
snap() { vmstat -m | grep -E "mptcp|socket"; vmstat -z | grep -E "^(socket|tcp_inpcb|tcp_inp|syncache|tcpcb|mbuf_cluster|mbuf:)" | cut -c1-60; jexec a netstat -np tcp | wc -l; jexec b netstat -np tcp | wc -l; }
TO=120
run seq50 jexec a $M SEQ 10.10.0.2 5000 50; sleep 3; echo "## before"; snap
run seq jexec a $M SEQ 10.10.0.2 5000 ${SEQN:-150}; sleep 4; echo "## seq"; snap
run par jexec a $M PAR 10.10.0.2 5000 200; sleep 6; echo "## par"; snap
echo "== queued, listener closed"
jexec b ${QA:-/mnt}/listen_queue 7000 3 &
sleep 0.5; for i in 1 2 3 4 5; do (echo hi; sleep 4) | timeout 6 jexec a nc -N 10.10.0.2 7000 >/dev/null 2>&1 & done; sleep 7; snap
echo "== nonsense sysctls"
for s in enable=2 enable=-1 version=99 max_subflows=0 max_subflows=100000 mp_addresses=1.2.3 mp_addresses=999.1.1.1 mp_addresses="$(jot -b 10.1.2.3 400 | tr '\n' ' ')" scheduler=nope mp_debug=FOO:9 mp_debug=ALL:-1 close_timeout=-5 rejoin_timeout=4000000000 checksum=x; do jexec a sysctl "net.inet.tcp.mptcp.$s" 2>&1 | cut -c1-90; done
jexec a sysctl net.inet.tcp.mptcp | grep -v stats
echo "== jail destroyed with live connections"
jexec a $M UP 10.10.0.2 5000 100000000 & 
jexec a $M DOWN 10.10.0.2 5000 100000000 & 
jexec a $M BIDI 10.10.0.2 5000 100000000 & 
sleep 3
jail -r a; echo a gone; sleep 1; jexec b netstat -np tcp | head; jail -r b; echo b gone; sleep 3; vmstat -m | grep -E "mptcp|socket"; vmstat -z | grep -E "^(socket|tcp_inpcb|tcp_inp|syncache|tcpcb)" | cut -c1-60; jls
