. ${QA:-/mnt}/network.sh
M=${QA:-/mnt}/transfer; MB=1048576
jexec b $M serve 5000 6 & 
sleep 1
run() { t=$1; shift; echo "-- $t"; timeout 60 "$@" || echo "STATUS $? in $t"; }
echo "== one subflow"
run up1 jexec a $M UP 10.10.0.2 5000 $((8*MB))
run down1 jexec a $M DOWN 10.10.0.2 5000 $((8*MB))
echo "== two (passive)"
addrs b "10.11.0.2"
run up2 jexec a $M UP 10.10.0.2 5000 $((16*MB)) 3
run down2 jexec a $M DOWN 10.10.0.2 5000 $((16*MB)) 3
run bidi2 jexec a $M BIDI 10.10.0.2 5000 $((8*MB))
cnt a; cnt b
echo "== two (active)"
addrs b "0"; addrs a "10.11.0.1"
run up2a jexec a $M UP 10.10.0.2 5000 $((16*MB))
run down2a jexec a $M DOWN 10.10.0.2 5000 $((16*MB))
echo "== both"
addrs b "10.11.0.2"
run up2b jexec a $M UP 10.10.0.2 5000 $((16*MB))
echo "== ipv6"
addrs a 0; addrs b "fd01:1::2"
run up6 jexec a $M UP fd01:0::2 5000 $((16*MB))
run down6 jexec a $M DOWN fd01:0::2 5000 $((16*MB))
echo "== mixed v4 first, v6 second"
run upm jexec a $M UP 10.10.0.2 5000 $((16*MB))
addrs b "10.11.0.2"
run upm2 jexec a $M UP fd01:0::2 5000 $((16*MB))
echo "== checksum"
jexec a sysctl -q net.inet.tcp.mptcp.checksum=1
run upc jexec a $M UP 10.10.0.2 5000 $((16*MB)) 3
run downc jexec a $M DOWN 10.10.0.2 5000 $((16*MB))
jexec a sysctl -q net.inet.tcp.mptcp.checksum=0
jexec b sysctl -q net.inet.tcp.mptcp.checksum=1
run upcb jexec a $M UP 10.10.0.2 5000 $((4*MB))
jexec b sysctl -q net.inet.tcp.mptcp.checksum=0
echo "== loss"
for j in a b; do for n in 1 2; do jexec $j ipfw -q pipe $n config bw 20Mbit/s delay 5ms queue 100 plr 0.01; done; done
run uploss jexec a $M UP 10.10.0.2 5000 $((8*MB))
run downloss jexec a $M DOWN 10.10.0.2 5000 $((8*MB))
cnt a; cnt b
jexec a netstat -np tcp
