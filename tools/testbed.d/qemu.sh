# shellcheck shell=sh
#
# Back end: a QEMU guest for each node.  The kernel is started directly (PVH),
# all guests share one read-only disk made of the userland, and a link is a
# socket between two QEMU processes.  A shell waits on each serial console;
# the console is a pair of FIFOs, so nothing but sh is needed to talk to it.
#
# shellcheck disable=SC2154 # work, print, state and the options are testbed's

# The first node of a link listens, and is started first.
link_port()		# LINK
{
	awk -v l="$1" '!($2 in seen) { seen[$2] = n++ } $2 == l { print 47100 + seen[$2]; exit }' "$work/ends"
}

interface_name()	# NODE LINK
{
	awk -v n="$1" -v l="$2" '$1 == n { if ($2 == l) print "vtnet" i + 0; i++ }' "$work/ends"
}

backend_check()
{
	for t in qemu-system-x86_64 makefs base64; do
		command -v $t >/dev/null || die "$t is missing (FreeBSD: pkg install qemu; Debian: apt install qemu-system-x86 makefs)"
	done
	[ -f "$kernel" ] || die "--kernel FILE is needed, a kernel as MPTCP-DEBUG makes it"
	[ -d "$userland" ] || [ -f "$userland" ] ||
	    die "--userland is needed, a directory or base.txz of FreeBSD"
}

# What init(8) runs instead of the system's rc(8): a shell without echo.
overlay()		# DIR
{
	mkdir -p "$1/etc"
	cat >"$1/etc/rc" <<'RC'
#!/bin/sh
PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin
HOME=/root
export PATH HOME
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /var
mkdir -p /var/run /var/log /var/tmp /var/empty /var/db
hostname "$(kenv -q testbed.node 2>/dev/null || echo node)"
stty -echo </dev/console
cd /tmp
while :; do
	echo TESTBED-SHELL
	cat </dev/console | sh >/dev/console 2>&1
done
RC
}

make_disk()
{
	if [ "$print" = yes ]; then
		echo "makefs -t ffs -o version=1 $state/disk USERLAND-WITH-OVERLAY"
		return
	fi
	mkdir -p "$state/root"
	if [ -d "$userland" ]; then
		cp -Rp "$userland/." "$state/root/"
	else
		tar -xf "$userland" -C "$state/root"
	fi
	chmod u+w "$state/root/etc" "$state/root/etc/rc" 2>/dev/null || :
	overlay "$state/root"
	makefs -t ffs -o version=1 -f 10% "$state/disk" "$state/root" >/dev/null ||
	    die "makefs failed"
	chmod -R u+w "$state/root"
	rm -rf "$state/root"
}

choose_accel()
{
	if [ -z "$accel" ]; then
		accel=tcg
		if [ -w /dev/kvm ] && grep -qsE '^flags.* (vmx|svm)( |$)' /proc/cpuinfo; then
			accel=kvm
		fi
	fi
	# Without an early clock the kernel takes the frequency of the TSC from
	# the processor's name, and trusts the TSC where no hypervisor shows.
	mhz=$(awk -F ': *' '/^cpu MHz/ { print $2; exit }' /proc/cpuinfo 2>/dev/null || :)
	[ -n "$mhz" ] || mhz=$(sysctl -n hw.clockrate 2>/dev/null || echo 2000)
	ghz=$(awk -v m="$mhz" 'BEGIN { printf "%.2f", m / 1000 }')
}

start_guest()		# NODE
{
	node=$1
	append="console=comconsole,boot_serial=YES,hint.uart.0.baud=115200"
	append="$append,machdep.disable_tsc_calibration=1,testbed.node=$node"
	append="$append,vfs.root.mountfrom=ufs:/dev/vtbd0,vfs.root.mountfrom.options=rw"
	set -- qemu-system-x86_64 -M pc -accel "$accel" -m "$memory" -smp 1 \
	    -cpu "Nehalem,-hypervisor,model-id=Testbed CPU @ ${ghz}GHz" \
	    -display none -vga none -monitor none -no-reboot \
	    -kernel "$kernel" -append "$append" \
	    -drive "file=$state/disk,if=virtio,format=raw,snapshot=on" \
	    -serial "pipe:$state/$node"
	n=0
	for l in $(links_of "$node"); do
		end=connect
		[ "$(awk -v l="$l" '$2 == l { print $1; exit }' "$work/ends")" != "$node" ] || end=listen
		set -- "$@" -netdev "socket,id=n$n,$end=127.0.0.1:$(link_port "$l")" \
		    -device "virtio-net-pci,netdev=n$n,romfile=,mac=$(mac_of "$node" "$l")"
		n=$((n + 1))
	done
	if [ "$print" = yes ]; then
		run mkfifo "$state/$node.in" "$state/$node.out"
		run "$@"
		return
	fi
	mkfifo "$state/$node.in" "$state/$node.out"
	cat "$state/$node.out" >"$state/$node.log" &
	echo $! >"$state/$node.reader"
	"$@" </dev/null >"$state/$node.qemu" 2>&1 &
	echo $! >"$state/$node.pid"
	wait_listening "$node"
}

mac_of()		# NODE LINK
{
	awk -v n="$1" -v l="$2" '$1 == n && $2 == l { printf "52:54:00:4d:50:%02x\n", NR }' "$work/ends"
}

# The next guest connects to this one; QEMU has bound its sockets once it has
# opened the console.
wait_listening()
{
	tries=0
	until [ -s "$state/$1.log" ]; do
		kill -0 "$(cat "$state/$1.pid")" 2>/dev/null ||
		    die "the guest $1 ended: $(cat "$state/$1.qemu")"
		tries=$((tries + 1))
		[ $tries -lt 300 ] || die "the guest $1 is silent"
		sleep 0.1
	done
}

wait_shell()		# NODE
{
	tries=0
	until grep -q TESTBED-SHELL "$state/$1.log"; do
		kill -0 "$(cat "$state/$1.pid")" 2>/dev/null ||
		    die "the guest $1 ended; its console: $(tail -n 5 "$state/$1.log")"
		tries=$((tries + 1))
		[ $tries -lt 1200 ] || die "the guest $1 has no shell after 4 minutes; see $state/$1.log"
		sleep 0.2
	done
}

backend_create()
{
	choose_accel
	make_disk
	for g in $(node_names); do
		start_guest "$g"
	done
	[ "$print" = yes ] || for g in $(node_names); do
		wait_shell "$g"
	done
}

# The script goes through the console in base64, for a terminal line holds no
# more than 255 characters, and two lines at a time, for the serial port's
# buffer holds no more than 384; each two are acknowledged.  The answer stands
# between two marks.
backend_script()	# NODE
{
	log=$state/$1.log
	guest_alive "$1" || die "the guest $1 is gone"
	mark=TB$$x$(($(wc -c <"$log")))
	base64 | tr -d '\n' | fold -w 120 >"$work/payload"
	echo >>"$work/payload"
	lines=0
	echo ": >/tmp/.testbed64" >"$state/$1.in"
	while read -r chunk; do
		lines=$((lines + 1))
		echo "echo $chunk >>/tmp/.testbed64" >"$state/$1.in"
		[ $((lines % 2)) = 0 ] || continue
		echo "echo $mark took $lines" >"$state/$1.in"
		wait_line "$1" "^$mark took $lines$"
	done <"$work/payload"
	{
		echo "b64decode -r /tmp/.testbed64 >/tmp/.testbed; echo $mark begin"
		echo "sh /tmp/.testbed </dev/null 2>&1; rc=\$?; echo; echo $mark end \$rc"
	} >"$state/$1.in"
	wait_line "$1" "^$mark end [0-9]"
	tr -d '\r' <"$log" | awk -v m="$mark" '
		$0 == m " begin" { on = 1; next }
		index($0, m " end ") == 1 { exit }
		on { if (held) print line; line = $0; held = 1 }
		END { if (held && line != "") print line }'
	return "$(tr -d '\r' <"$log" | sed -n "s/^$mark end \([0-9]*\).*/\1/p" | head -n 1)"
}

guest_alive()		{ kill -0 "$(cat "$state/$1.pid" 2>/dev/null)" 2>/dev/null; }

wait_line()		# NODE EXPRESSION
{
	until tail -c 4096 "$state/$1.log" | tr -d '\r' | grep -q "$2"; do
		guest_alive "$1" || die "the guest $1 ended; its console: $(tail -n 20 "$state/$1.log")"
		sleep 0.02
	done
}

backend_state()
{
	if guest_alive "$1"; then
		echo "running (console: $state/$1.log)"
	else
		echo gone
	fi
}

backend_destroy()
{
	for g in $(node_names); do
		for p in "$state/$g.pid" "$state/$g.reader"; do
			if [ "$print" = yes ]; then
				echo "kill \$(cat $p)"
			elif [ -f "$p" ]; then
				kill "$(cat "$p")" 2>/dev/null || :
			fi
		done
	done
}
