# shellcheck shell=sh
# TAP for the tests of this directory, which source it: a scratch directory
# $work that goes away at the end, $repo, fail and ok.

repo=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/${0##*/}.XXXXXX")
trap 'rm -rf "$work"' EXIT
count=0

# Says what is wrong, with what the tool under test wrote to $work/out.
fail()
{
	echo "not ok - $*" >&2
	[ ! -s "$work/out" ] || sed 's/^/    /' "$work/out" >&2
	exit 1
}

ok()
{
	count=$((count + 1))
	echo "ok $count - $*"
}
