#!/bin/sh
#
# What tools/testbed would do, by --print, and what it refuses.  Needs neither
# root nor FreeBSD, and starts nothing.

set -eu

. "$(dirname -- "$0")/tap.sh"

testbed()
{
	sh "$repo/tools/testbed" --state "$work/state" "$@" >"$work/out" 2>&1
}

says()		# LINE
{
	grep -Fxq -- "$1" "$work/out" || fail "does not say: $1"
}

refused()	# TEXT ARGS...
{
	text=$1
	shift
	status=0
	testbed "$@" || status=$?
	[ $status -ne 0 ] || fail "not refused: $*"
	grep -Fq -- "$text" "$work/out" || fail "$*: does not say '$text'"
}

testbed --print up || fail "--print up"
says 'ifconfig epair900 create'
says 'jail -c name=mptb_client host.hostname=client path=/ vnet persist allow.raw_sockets allow.sysvipc vnet.interface=epair900a vnet.interface=epair901a'
says 'client# ipfw -q add 1002 fwd 10.2.1.1 ip4 from 10.2.1.2 to any out'
says 'r2# ipfw -q add 3022 pipe 22 ip from any to any out xmit epair901b'
says 'server# route -q add -net 10.2.1.0/24 10.2.2.1'
[ ! -e "$work/state" ] || fail "--print left a state"
ok "jails, with source routes and a pipe for each direction"

testbed --backend qemu --kernel k --userland u --print up || fail "qemu"
grep -q -- '-kernel k .*listen=127.0.0.1:47100.*listen=127.0.0.1:47101' "$work/out" || fail "client listens"
grep -q -- 'connect=127.0.0.1:47102.*connect=127.0.0.1:47103' "$work/out" || fail "server connects"
says 'client# ifconfig vtnet1 inet 10.2.1.2/24 up'
ok "qemu"

testbed --backend vbox --base-vm fbsd --print up || fail "vbox"
says 'VBoxManage clonevm fbsd --snapshot mptb --options link --name mptb-server --register'
grep -q -- '--nic3 intnet --intnet3 mptb-c2' "$work/out" || fail "internal network"
says 'client# ifconfig vtnet2 inet 10.2.1.2/24 up'
ok "vbox"

testbed --print path 2 rate=5Mbit/s loss=0.01 || fail "path"
says 'r2# ipfw -q pipe 21 config bw 5Mbit/s delay 10ms plr 0.01 queue 100'
says 'r2# ipfw -q pipe 22 config bw 5Mbit/s delay 10ms plr 0.01 queue 100'
testbed --print cut 2 || fail "cut"
grep -q 'r2# .*deny ip from any to any' "$work/out" || fail "cut"
ok "a path changes and is cut"

testbed --print exec client echo "it's" 'a b' || fail "exec"
says "client# 'echo' 'it'\\''s' 'a b' "
ok "exec keeps its words"

refused "nothing is up" exec client true
refused "rate=fast is not like" --print path 1 rate=fast
refused "loss=2 is not between" --print path 1 loss=2
refused "there is no path 3" --print path 3 rate=0
refused "there is no node bob" --print exec bob true
refused "unknown option --bogus" --bogus 1 up
refused "what is 'fly'" fly
refused "--backend is jails, qemu or vbox" --backend xen up
ok "wrong words are refused"

topology()	# TEXT EXPRESSION
{
	sed "$2" "$repo/tools/testbed.d/caia.topology" >"$work/topology"
	refused "$1" --print --topology "$work/topology" up
}

topology "there is no node r3" 's/^link c2.*r2/link c2 client 10.2.1.2\/24 fd00::2\/64 r3/'
topology "name it first" 's,^link c1.*,link c1 r1 10.1.1.1/24 fd00::1/64 client 10.1.1.2/24 fd00::2/64,'
topology "r1 is not on link c2" 's/^path 1.*c1/path 1 c2/'
topology "describes no path" '/^path/d'
topology "what is 'bridge'" 's/^router	r1/bridge r1/'
ok "a wrong topology is refused with its line"

cat >"$work/topology" <<'TOPOLOGY'
host a
router r
host b
link l a 192.0.2.130/25 fd00:1::2/64 r 192.0.2.129/25 fd00:1::1/64
link m r 198.51.100.5/30 fd00:2::1/64 b 198.51.100.6/30 fd00:2::2/64
path only l r m
sysctl a net.inet.tcp.mptcp.enable=0
TOPOLOGY
testbed --print --topology "$work/topology" up || fail "one path"
says 'b# route -q add -net 192.0.2.128/25 198.51.100.5'
says 'a# route -q add -net 198.51.100.4/30 192.0.2.129'
says 'r# ipfw -q pipe 11 config bw 0 delay 0ms plr 0 queue 50'
grep -q "a# sysctl 'net.inet.tcp.mptcp.enable=0'" "$work/out" || fail "sysctl"
ok "another topology, other prefix lengths, a sysctl"
echo "1..$count"
