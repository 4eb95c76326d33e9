# shellcheck shell=sh
#
# FreeBSD's make, on FreeBSD and on other systems.
#
# shellcheck disable=SC2154 # src, jobs and llvm are the caller's

# The newest LLVM that has all that the kernel build needs.
find_llvm()
{
	for d in $(printf '%s\n' /usr/lib/llvm-*/bin /usr/local/llvm*/bin | sort -t - -k 2 -n -r) /usr/bin; do
		[ -x "$d/clang" ] && [ -x "$d/clang-cpp" ] && [ -x "$d/ld.lld" ] && {
			echo "$d"
			return 0
		}
	done
	return 1
}

# make_freebsd ARGS: FreeBSD's own make, or FreeBSD's script for other systems
make_freebsd()
{
	if [ "$(uname -s)" = FreeBSD ]; then
		# shellcheck disable=SC2086 # two words or none
		make -C "$src" ${jobs:+-j $jobs} TARGET=amd64 TARGET_ARCH=amd64 "$@"
		return
	fi
	# A bmake self-test fails when SIGINT is ignored, as it is in background
	# jobs of some shells.
	# shellcheck disable=SC2086 # two words or none
	python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' \
	    "$src/tools/build/make.py" --no-clean --cross-bindir="$llvm" \
	    ${jobs:+-j $jobs} TARGET=amd64 TARGET_ARCH=amd64 -DWITHOUT_WERROR \
	    -DWITHOUT_MAN -DWITHOUT_CLANG -DWITHOUT_LLD -DWITHOUT_LLDB "$@"
}

check_host()
{
	case $(uname -s) in
	FreeBSD) return 0 ;;
	Linux)	;;
	*)	die "this builds on FreeBSD and on Linux, not on $(uname -s)" ;;
	esac
	[ -n "$llvm" ] || llvm=$(find_llvm) ||
	    die "no clang with ld.lld found; Debian: apt install clang-19 lld-19, or say --llvm DIR"
	for t in clang clang-cpp ld.lld; do
		[ -x "$llvm/$t" ] || die "$llvm/$t is missing"
	done
	for t in python3 cc c++ flex bison m4 patch; do
		command -v "$t" >/dev/null || missing="${missing:-} $t"
	done
	[ -z "${missing:-}" ] ||
	    die "missing:$missing (Debian: apt install python3 build-essential flex bison byacc libarchive-dev libbz2-dev libssl-dev)"
}
