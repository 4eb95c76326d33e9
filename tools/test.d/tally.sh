# shellcheck shell=bash
# What tools/run-tests counts, and how. Sourced by it, with $log set to a file.
#
# A step counts as passed only if it says so itself: an exit status of zero is not enough. What a test
# program can do without failing (end before its last test, run no test, be told to ignore one) is a
# failure or a skip here. tests/tools/run_tests_test.sh has a case for each.

passed=0 failed=0 new=0
bad=() skips=() unjudged=()
# A step that takes longer hangs.
step_seconds=${MPTCP_TEST_STEP_SECONDS:-3000}

step()
{
	echo "===> $*"
}

# A failure that belongs to no test: what to say.
failure()
{
	failed=$((failed + 1))
	bad+=("$1")
}

# Runs a command with its output in $part and $log; returns its status.
record()
{
	local status
	timeout --foreground -k 10 "$step_seconds" "$@" > "$part" 2>&1 < /dev/null
	status=$?
	[ $status != 124 ] || echo "did not end within $step_seconds s" >> "$part"
	cat "$part" >> "$log"
	return $status
}

# `SKIPPED name: reason` and `NOT JUDGED name: reason` in $part, wherever on the line: a test harness writes
# `test name ... ` before. A skipped test has passed for its harness, and is counted as skipped instead.
# $new is the number of skipped tests.
said_so()
{
	local each
	new=0
	while read -r each; do
		skips+=("$each")
		new=$((new + 1))
	done < <(sed -n 's/^\(.* \.\.\. \)\{0,1\}SKIPPED \(.*\)$/\2/p' "$part" | sort -u)
	while read -r each; do
		unjudged+=("$each")
	done < <(sed -n 's/^\(.* \.\.\. \)\{0,1\}NOT JUDGED \(.*\)$/\2/p' "$part" | sort -u)
}

# A step that is one test of its own: name, then the command.
one()
{
	local name=$1 part
	shift
	step "$name"
	part=$(mktemp)
	if ! record "$@"; then
		failure "$name (see $log)"
		tail -n 30 "$part"
	else
		said_so
		[ "$new" != 0 ] || passed=$((passed + 1))
	fi
	rm -f "$part"
}

# A script that speaks TAP: name, then the command. Its plan comes last, so that an early end is seen.
tap()
{
	local name=$1 part oks plan
	shift
	step "$name"
	part=$(mktemp)
	record "$@"
	local status=$?
	oks=$(grep -c '^ok ' "$part")
	plan=$(sed -n '$s/^1\.\.\([0-9]*\)$/\1/p' "$part")
	said_so
	if [ $status != 0 ] || grep -q '^not ok' "$part"; then
		failure "$name (see $log)"
		tail -n 30 "$part"
	elif [ "$new" = 0 ] && { [ "$oks" = 0 ] || [ "$plan" != "$oks" ]; }; then
		failure "$name: ended after $oks of ${plan:-an unknown number of} tests"
	else
		passed=$((passed + oks))
	fi
	rm -f "$part"
}

# A cargo test run: name, then the command. Counts what the harnesses report. Each program that is started must
# come to its summary, and at least one test must run in each `tests/` program, in each run.
cargo_test()
{
	local name=$1 part status each
	shift
	step "$name"
	part=$(mktemp)
	record "$@"
	status=$?
	local ok not ignored filtered programs ended idle
	read -r ok not ignored filtered ended < <(awk '
		/^test result: / {
			n++
			for (i = 2; i <= NF; i++) {
				if ($i == "passed;") ok += $(i - 1)
				if ($i == "failed;") not += $(i - 1)
				if ($i == "ignored;") ignored += $(i - 1)
				if ($i == "filtered") filtered += $(i - 1)
			}
		}
		END { print ok + 0, not + 0, ignored + 0, filtered + 0, n + 0 }' "$part")
	programs=$(grep -cE '^ +(Running |Doc-tests )' "$part")
	# A program of tests/ without a test, or with all of them filtered out.
	idle=$(awk '
		/^ +Running / { program = $2 }
		/^ +Doc-tests / { program = "" }
		/^running 0 tests/ && program ~ /^tests\// { print program }' "$part" | paste -s -d ' ')
	said_so
	passed=$((passed + ok - new))
	failed=$((failed + not))
	# The names stand in the last of the two lists of a program that failed; the lines of the tests themselves
	# may have other output in them.
	local named=0
	while read -r each; do
		bad+=("$each")
		named=$((named + 1))
	done < <(awk '
		/^failures:$/ { list = 1; n = 0; next }
		list && /^    [^ ]+$/ { names[n++] = $1; next }
		list && /^test result/ { for (i = 0; i < n; i++) print names[i] }
		/[^ ]/ { list = 0; n = 0 }' "$part")
	[ "$named" -ge "$not" ] || bad+=("$name: $((not - named)) more (see $log)")
	[ "$ended" = "$programs" ] || failure "$name: $((programs - ended)) of $programs test programs ended before their summary"
	[ $status = 0 ] || [ "$not" != 0 ] || [ "$ended" != "$programs" ] || failure "$name (did not build, or died)"
	# Some programs may be missing because they did not build, while others have failed.
	! grep -q '^error: could not compile' "$part" || [ "$not" = 0 ] || failure "$name: not everything was built"
	[ -z "$idle" ] || failure "$name: no test in $idle"
	[ $status != 0 ] || [ "$ok" != 0 ] || failure "$name: no test was run"
	[ "$filtered" = 0 ] || failure "$name: $filtered tests were filtered out"
	for ((; ignored > 0; ignored--)); do skips+=("$name: an ignored test"); done
	if [ $status != 0 ]; then
		# The whole of it is in the log.
		sed -n '/^failures:/,/^test result/p; /^error/p' "$part" | tail -n 80
	fi
	rm -f "$part"
}

# The end: what was skipped, not judged, and failed; the count; and the exit status.
summary()
{
	local each skipped=${#skips[@]}
	if [ "${MPTCP_NO_SKIP:-}" = 1 ]; then
		failed=$((failed + skipped))
		skipped=0
	fi
	for each in "${unjudged[@]}"; do echo "not judged: $each"; done
	for each in "${skips[@]}"; do
		if [ "${MPTCP_NO_SKIP:-}" = 1 ]; then
			echo "FAILED:  skipped, which MPTCP_NO_SKIP=1 forbids: $each"
		else
			echo "skipped: $each"
		fi
	done
	for each in "${bad[@]}"; do echo "FAILED:  $each"; done
	[ "$passed" -gt 0 ] || [ "$failed" != 0 ] || failed=1
	echo "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ]
}
