# shellcheck shell=sh
#
# The disk that every guest boots from: userland, tests and their programs.
#
# shellcheck disable=SC2154 # state, repo and llvm are tools/guest's

# The programs of tests/guest, with the userland's own headers and libraries:
# one of each C file there, and one of each directory.
build_programs()
{
	mkdir -p "$state/programs"
	for c in "$repo"/tests/guest/*.c; do
		build_program "$(basename "$c" .c)" "$c"
	done
	for d in "$repo"/tests/guest/*/; do
		build_program "$(basename "$d")" "$d"*.[ch]
	done
}

build_program()		# NAME SOURCE...
{
	p=$state/programs/$1
	shift
	[ -z "$(find "$@" "$sysroot/usr/lib/libc.a" -newer "$p" 2>&1)" ] && return 0
	for s in "$@"; do
		shift
		case $s in *.c) set -- "$@" "$s" ;; esac
	done
	"$llvm/clang" -target x86_64-unknown-freebsd14.0 --sysroot="$sysroot" -B "$llvm" -fuse-ld=lld -static \
	    -O1 -g -Wall -Wno-unused-result -o "$p" "$@" -lpthread || die "$1 does not compile"
}

# The same program for the peers on Linux, which they find in QA.
build_peer_programs()
{
	[ "$state/linux/transfer-linux" -nt "$repo/tests/guest/transfer.c" ] && return 0
	mkdir -p "$state/linux"
	cc -O1 -o "$state/linux/transfer-linux" "$repo/tests/guest/transfer.c" -lpthread ||
	    die "tests/guest/transfer.c does not compile here"
}

make_image()
{
	root=$state/root
	rm -rf "$root"
	cp -a "$state/world" "$root"
	mkdir -p "$root/dev" "$root/tmp" "$root/var" "$root/mnt" "$root/proc" "$root/tests/guest" "$root/tests/netinet" \
	    "$root/usr/local/bin" "$root/root/.ssh"
	cp "$parts/rc" "$root/etc/rc"
	printf 'root:*:0:0::0:0:root:/root:/bin/sh\nnobody:*:65534:65534::0:0:nobody:/nonexistent:/bin/sh\n' >"$root/etc/master.passwd"
	printf 'root:*:0:0:root:/root:/bin/sh\nnobody:*:65534:65534:nobody:/nonexistent:/bin/sh\n' >"$root/etc/passwd"
	printf 'wheel:*:0:root\nnobody:*:65534:\n' >"$root/etc/group"
	printf '%s:\\\n\t:maxproc=unlimited:openfiles=unlimited:\n' default daemon >"$root/etc/login.conf"
	cp "$src/usr.sbin/services_mkdb/services" "$src/lib/libc/net/protocols" "$src/lib/libc/rpc/netconfig" "$root/etc/"
	echo '127.0.0.1 localhost guest' >"$root/etc/hosts"
	cp "$repo"/tests/guest/*.sh "$root/tests/guest/"
	cp "$repo"/tests/netinet/mptcp*_test "$root/tests/netinet/"
	chmod 755 "$root"/tests/netinet/*_test
	cp "$state"/programs/* "$root/tests/guest/"
	[ ! -f "$state/iperf3" ] || cp "$state/iperf3" "$root/usr/local/bin/"
	makefs -t ffs -o version=1 -f 10% -b 10% "$state/disk.new" "$root" >"$state/makefs.log" 2>&1 ||
	    die "makefs failed; see $state/makefs.log"
	mv "$state/disk.new" "$state/disk"
	rm -rf "$root"
}
