# shellcheck shell=sh
#
# From the user's source tree to kernels and userland.  The tree is copied
# first, so that testing leaves it alone.
#
# shellcheck disable=SC2034,SC2154 # shared with tools/guest and tools/build.d

# shellcheck source=/dev/null
. "$repo/tools/build.d/cross.sh"

take_source()
{
	known=$(cat "$state/origin" 2>/dev/null || :)
	[ -n "$origin" ] || origin=$known
	[ -n "$origin" ] || die "--src DIR is needed the first time, a FreeBSD source tree"
	if [ ! -f "$origin/sys/conf/newvers.sh" ]; then
		[ "$origin" = "$known" ] && [ -d "$src" ] && return 0
		die "$origin is no FreeBSD source tree"
	fi
	origin=$(CDPATH='' cd -- "$origin" && pwd -P)
	if [ "$origin" = "$known" ] && [ -d "$src" ] &&
	    [ -z "$(find "$origin" -path "$origin/.git" -prune -o -newer "$state/origin" -type f -print | head -n 1)" ]; then
		return 0
	fi
	note "copying $origin"
	rm -rf "$src"
	mkdir "$src"
	(cd "$origin" && tar -cf - --exclude=./.git .) | tar -xf - -C "$src"
	# A tree that has MPTCP already is taken back to what it was.
	[ ! -d "$src/.mptcp" ] || "$repo/tools/build" --src "$src" --reverse >/dev/null
	complete_source
	echo "$origin" >"$state/origin"
}

# Two files of ATF that some copies of the tree lack, for to git they look like
# generated ones.
complete_source()
{
	atf=$src/contrib/atf
	[ -f "$atf/config.h" ] || {
		for have in GETCWD_DYN OPTRESET PUTENV SETENV UNSETENV VSNPRINTF_IN_STD; do
			echo "#define HAVE_$have 1"
		done
		printf '#define %s\n' 'VERSION "0.21"' 'PACKAGE_BUGREPORT "atf"' 'PACKAGE_STRING "atf"' 'PACKAGE_VERSION "0.21"'
	} >"$atf/config.h"
	atf=$atf/atf-c
	[ -f "$atf/defs.h" ] || sed -e 's/@ATTRIBUTE_FORMAT_PRINTF@/__attribute__((__format__(__printf__, a, b)))/' \
	    -e 's/@ATTRIBUTE_NORETURN@/__attribute__((__noreturn__))/' \
	    -e 's/@ATTRIBUTE_UNUSED@/__attribute__((__unused__))/' "$atf/defs.h.in" >"$atf/defs.h"
}

kernel_config()		# FLAVOUR
{
	case $1 in
	debug)	echo MPTCP-DEBUG ;;
	kasan)	echo MPTCP-KASAN ;;
	fast)	echo GUEST-FAST ;;
	plain)	echo GUEST-PLAIN ;;
	esac
}

# A copy, so that a guest can be started while the next kernel is built.
kernel_file()		# FLAVOUR
{
	echo "$state/kernel-$1"
}

# MPTCP-DEBUG without its checks; the plain one without Multipath TCP as well.
write_config()		# FLAVOUR
{
	case $1 in debug|kasan) return 0 ;; esac
	config=$(kernel_config "$1")
	grep -vE '(INVARIANT|WITNESS|DEADLKRES|QUEUE_MACRO|MALLOC_DEBUG|MALLOC_MAKE)' "$repo/kernconf/MPTCP-DEBUG" |
	    if [ "$1" = plain ]; then grep -vE 'options 	MPTCP|files\.mptcp'; else cat; fi |
	    sed "s/^ident.*/ident		$config/" >"$state/config"
	cmp -s "$state/config" "$src/sys/amd64/conf/$config" || cp "$state/config" "$src/sys/amd64/conf/$config"
}

# Two places where FreeBSD itself does not get along with kasan(9).  Without a
# loader it copies a structure, which the compiler makes a call of memcpy(),
# before it has chosen its memcpy().  And a process that is made anew gets the
# stack of one that has ended, whose marks are still there.
kasan_source()
{
	change x86/xen/pv.c memcpy_early \
	    's/^	init_ops = xen_pvh_init_ops;/	memcpy_early(\&init_ops, \&xen_pvh_init_ops, sizeof(init_ops));/'
	change kern/kern_fork.c sys/asan.h 's/^#include <sys\/msan.h>/#include <sys\/asan.h>\n&/
s/^		kmsan_thread_alloc(td2);/		if (td2->td_kstack != 0)\
			kasan_mark((void *)td2->td_kstack, ptoa(td2->td_kstack_pages), ptoa(td2->td_kstack_pages), 0);\
&/'
}

change()		# FILE DONE-IF-IT-HAS SCRIPT
{
	grep -q "$2" "$src/sys/$1" && return 0
	sed "$3" "$src/sys/$1" >"$state/changed"
	grep -q "$2" "$state/changed" || die "sys/$1 is not what kasan_source expects"
	cp "$state/changed" "$src/sys/$1"
}

build_kernel()		# FLAVOUR
{
	began=$(date +%s)
	[ "$1" != kasan ] || kasan_source
	write_config "$1"
	"$repo/tools/build" --src "$src" --obj "$obj" --kernconf "$(kernel_config "$1")" --modules no \
	    --jobs "$jobs" --llvm "$llvm" >"$state/kernel-$1.log" 2>&1 || {
		tail -n 20 "$state/kernel-$1.log" >&2
		die "the kernel $1 was not built; see $state/kernel-$1.log"
	}
	cp "$obj$src/amd64.amd64/sys/$(kernel_config "$1")/kernel" "$(kernel_file "$1").new"
	mv "$(kernel_file "$1").new" "$(kernel_file "$1")"
	note "kernel $1: $(($(date +%s) - began)) s"
}

# The options of both steps.
without="-DWITHOUT_TESTS -DWITHOUT_KERBEROS -DWITHOUT_OFED -DWITHOUT_CDDL -DWITHOUT_LIB32 -DWITHOUT_CASPER
	-DWITHOUT_PF -DWITHOUT_OPENSSL"

world_is_fresh()
{
	[ -f "$state/world.done" ] && [ "$state/world.done" -nt "$state/origin" ] &&
	    [ "$state/world.done" -nt "$parts/userland.list" ] && [ "$state/world.done" -nt "$parts/build-world" ]
}

# install.sh links to a program by its path on this machine; the guest needs its
# path there.  This isn't done in build-world, because buildenv's PATH has no
# readlink.
guest_links()
{
	find "$state/world" -type l | while read -r l; do
		to=$(readlink "$l")
		case $to in "$state/world"/*) ln -sf "${to#"$state/world"}" "$l" ;; esac
	done
}

build_world()
{
	sysroot=$obj$src/amd64.amd64/tmp
	world_is_fresh && return 0
	began=$(date +%s)
	MAKEOBJDIRPREFIX=$obj
	export MAKEOBJDIRPREFIX
	note "installing the headers"
	# shellcheck disable=SC2086 # options are words
	(cd "$src" && make_freebsd $without _includes) >"$state/includes.log" 2>&1 ||
	    die "the headers are not in order; see $state/includes.log"
	note "building the userland ($(grep -c '^[lb]i' "$parts/userland.list") directories)"
	mkdir -p "$state/world"
	(cd "$src" && parallel=$jobs && jobs='' &&
	    make_freebsd BUILDENV_SHELL="sh $parts/build-world $parts/userland.list $state/world $parallel" buildenv) \
	    >"$state/world.log.txt" 2>&1 || {
		grep '^failed: ' "$state/world.log.txt" >&2 || tail -n 5 "$state/world.log.txt" >&2
		die "the userland was not built; see $state/world.log/"
	}
	guest_links
	: >"$state/world.done"
	note "userland: $(($(date +%s) - began)) s"
}
