# shellcheck shell=sh
#
# Starts a guest under QEMU.  A test that needs nothing from outside runs in
# virtual time: an instruction takes 2^$MPTCP_GUEST_SHIFT nanoseconds, and what
# the guest sleeps takes no time at all, so the load of this machine does not
# change the result.  Eight nanoseconds are about what emulation needs in truth;
# with fewer the guest does more in a second, and the test takes longer.
# With a peer on Linux the guest runs in real time, with two TAPs in a network
# namespace of its own.  So does a guest of several processors
# ($MPTCP_GUEST_CPUS): QEMU counts the instructions of one only.
#
# shellcheck disable=SC2154 # state and kernel are the caller's

# As tools/testbed does: without an early clock the kernel takes the frequency
# of the TSC from the processor's name, and trusts the TSC where no hypervisor
# shows.
processor='Nehalem,-hypervisor,model-id=Testbed CPU @ 1.00GHz'

# guest_start NAME SETTINGS CONSOLE [NETNS]: runs until the guest ends.
# Settings are NAME=VALUE, separated by blanks.
guest_run()
{
	append="console=comconsole,boot_serial=YES,hint.uart.0.baud=115200"
	append="$append,machdep.disable_tsc_calibration=1,vfs.root.mountfrom=ufs:/dev/vtbd0"
	append="$append,vfs.root.mountfrom.options=rw,debug.debugger_on_panic=0,kern.sync_on_panic=0"
	append="$append,guest.run=$1"
	# A blank would end the value.
	[ -z "$2" ] || append="$append,guest.settings=$(echo "$2" | tr ' ' +)"
	[ -z "${4:-}" ] || append="$append,guest.addresses=10.1.0.1/24+10.2.0.1/24"
	console=$3 netns=${4:-}
	set -- qemu-system-x86_64 -M pc -m "${MPTCP_GUEST_MEMORY:-512}" -smp "${MPTCP_GUEST_CPUS:-1}" -cpu "$processor" \
	    -display none -vga none -monitor none -no-reboot -kernel "$kernel" -append "$append" \
	    -drive "file=$state/disk,if=virtio,format=raw,snapshot=on" -nic none
	case $console in
	stdio)	set -- "$@" -serial mon:stdio ;;
	*)	set -- "$@" -serial "file:$console" ;;
	esac
	if [ -n "$netns" ]; then
		set -- ip netns exec "$netns" "$@" -accel tcg
		for n in 0 1; do
			set -- "$@" -netdev "tap,id=n$n,ifname=tap$n,script=no,downscript=no" \
			    -device "virtio-net-pci,netdev=n$n,romfile=,mac=52:54:00:4d:51:0$n"
		done
	elif [ "$console" = stdio ] || [ "${MPTCP_GUEST_CPUS:-1}" -gt 1 ]; then
		set -- "$@" -accel tcg
	else
		set -- "$@" -accel tcg -icount "shift=${MPTCP_GUEST_SHIFT:-3},sleep=off"
	fi
	if [ "$console" = stdio ]; then "$@"; else exec "$@" </dev/null; fi
}

# The peer's network: TAPs with 10.1.0.2 and 10.2.0.2, routed by source.
netns_make()		# NAME
{
	ip netns add "$1"
	ip -n "$1" link set lo up
	for n in 0 1; do
		ip -n "$1" tuntap add "tap$n" mode tap
		ip -n "$1" addr add "10.$((n + 1)).0.2/24" dev "tap$n"
		ip -n "$1" link set "tap$n" up
		ip -n "$1" rule add from "10.$((n + 1)).0.2" table "$((100 + n))"
		ip -n "$1" route add "10.$((n + 1)).0.0/24" dev "tap$n" src "10.$((n + 1)).0.2" table "$((100 + n))"
		# To the guest's other address too: what belongs to a path shall not leave by the other.
		ip -n "$1" route add default via "10.$((n + 1)).0.1" dev "tap$n" table "$((100 + n))"
	done
}

netns_remove()		# NAME
{
	for p in $(ip netns pids "$1" 2>/dev/null); do kill "$p" 2>/dev/null; done
	ip netns del "$1" 2>/dev/null
}
