# listen(2) and connect(2) on a socket whose connection is over while its first subflow's TCP still lives.
# guest: time=300
export RATE=; . ${QA:-/mnt}/network.sh
fails=0; C=${QA:-/mnt}/connection
bad() { echo "FAIL $*"; fails=$((fails+1)); }
jexec b $C serve 5002 &
sleep 1
for h in 10.10.0.2 fd01::2; do run "again $h" jexec a $C again $h 5002 || bad $h; done
jexec a netstat -anp tcp
jexec a netstat -anp tcp | grep LISTEN && bad "there is a listener"
[ $fails -eq 0 ]
