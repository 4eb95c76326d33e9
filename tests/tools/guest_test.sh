#!/bin/sh
#
# How tools/guest judges, with a QEMU that only writes a console; what it
# refuses.  Builds and boots nothing.

set -eu

. "$(dirname -- "$0")/tap.sh"

state=$work/state
mkdir -p "$state" "$work/bin"
: >"$state/kernel-debug"
: >"$state/disk"
# Writes the lines of $work/console where the guest's console belongs.
cat >"$work/bin/qemu-system-x86_64" <<'QEMU'
#!/bin/sh
for word; do
	case $word in file:*) cat "$FAKE_CONSOLE" >"${word#file:}" ;; esac
done
QEMU
chmod +x "$work/bin/qemu-system-x86_64"

guest()
{
	PATH="$work/bin:$PATH" FAKE_CONSOLE="$work/console" sh "$repo/tools/guest" --state "$state" --no-build "$@" \
	    >"$work/out" 2>&1
}

# judged VERDICT SUMMARY LINE...: a guest that says these lines.
judged()
{
	verdict=$1 summary=$2
	shift 2
	printf '%s\r\n' "$@" >"$work/console"
	status=0
	guest run netinet/mptcp_test:one || status=$?
	grep -q "^$verdict *netinet/mptcp_test:one" "$work/out" || fail "not $verdict: $*"
	grep -Fxq "$summary" "$work/out" || fail "does not end with: $summary"
	case $verdict in
	FAILED)	[ $status = 1 ] || fail "status $status" ;;
	*)	[ $status = 0 ] || fail "status $status" ;;
	esac
}

good='1 passed, 0 failed, 0 skipped' bad='0 passed, 1 failed, 0 skipped'
judged passed "$good" 'GUEST-BEGIN x' 'GUEST-END 0'
judged passed "$good" 'WARNING: WITNESS option enabled, expect reduced performance.' 'GUEST-END 0'
judged skipped '0 passed, 0 failed, 1 skipped' 'skipped: no such thing' 'GUEST-END 77'
grep -q 'no such thing' "$work/out" || fail "does not say why it was skipped"
ok "exit statuses are believed where the kernel is silent"

judged FAILED "$bad" 'GUEST-END 1'
judged FAILED "$bad" 'GUEST-BEGIN x' 'Rebooting...'
judged FAILED "$bad" ''
ok "no end, or a bad one, is a failure"

for line in 'panic: mutex not owned' 'lock order reversal:' 'Fatal trap 12: page fault while in kernel mode' \
    'uma_zalloc_debug: zone "malloc-64" with the following non-sleepable locks held:' \
    'acquiring duplicate lock of same type: "tcpinp"' 'KDB: stack backtrace:' \
    'Freed UMA keg (tcp_inpcb) was not empty (1 items).  Lost 1 pages of memory.' \
    'Warning: memory type mptcp leaked memory on destroy (2 allocations, 512 bytes leaked).'; do
	judged FAILED "$bad" "$line" 'GUEST-END 0'
done
ok "what the kernel complains of is a failure although the test passed"

guest list || fail "list"
for name in netinet/mptcp_test:one join_answers.sh half_close.sh; do
	grep -Fxq "$name" "$work/out" || fail "no $name in the list"
done
while read -r name; do
	case $name in
	*.sh)	peer=$(sed -n 's/^# guest: .*peer=\([^ ]*\).*/\1/p' "$repo/tests/guest/$name")
		[ -z "$peer" ] || [ -f "$repo/tests/guest/$peer" ] || fail "$name: there is no $peer" ;;
	esac
done <"$work/out"
ok "the list has every kind of test, and every peer is there"

status=0; guest run no_such_test || status=$?
[ $status = 1 ] || fail "status $status for a test that does not exist"
status=0; guest --kernel odd list || status=$?
[ $status = 64 ] || fail "status $status for a kernel that does not exist"
status=0; guest || status=$?
[ $status = 64 ] || fail "status $status without a verb"
ok "what makes no sense is refused"
echo "1..$count"
