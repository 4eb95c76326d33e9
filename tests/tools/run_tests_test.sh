#!/bin/sh
#
# tools/run-tests must not pass what did not pass: each way in which a test can
# fail, be skipped or not be run without its harness saying so.  Runs no test of
# the project: a cargo of its own says what the case is about.

set -eu

. "$(dirname -- "$0")/tap.sh"

# A project with one test program, and everything around it passing
project=$work/project
mkdir -p "$project/tools/test.d" "$project/tests/tools" "$work/bin" \
    "$project/rust/a/tests/big" "$project/rust/b/tests" "$project/rust/c/tests"
cp "$repo/tools/run-tests" "$project/tools/"
cp "$repo/tools/test.d/tally.sh" "$project/tools/test.d/"
touch "$project/rust/a/tests/small.rs" "$project/rust/a/tests/big/main.rs"
for name in realtime gateway interop; do
	touch "$project/rust/b/tests/$name.rs"
done

script()	# FILE, and its text on standard input
{
	cat >"$1"
	chmod +x "$1"
}

# What cargo writes: for each program a line "Running", its tests, a summary
program()	# PROGRAM PASSED FAILED [IGNORED [FILTERED]]
{
	printf '     Running %s (target/debug/deps/x-0)\n\nrunning %d tests\n' "$1" $(($2 + $3 + ${4:-0}))
	n=0
	while [ $n -lt "$2" ]; do
		n=$((n + 1))
		echo "test good_$n ... ok"
	done
	[ "$3" = 0 ] || {
		printf 'test bad ... FAILED\n\nfailures:\n\n---- bad stdout ----\nError: it is bad\n\n'
		printf '\nfailures:\n    bad\n\n'
	}
	[ "$3" = 0 ] && word=ok || word=FAILED
	printf '\ntest result: %s. %d passed; %d failed; %d ignored; 0 measured; %d filtered out; finished in 0.00s\n\n' \
	    "$word" "$2" "$3" "${4:-0}" "${5:-0}"
}

all_good()
{
	program tests/good.rs 2 0 >"$work/units"
	for step in others face realtime gateway interop fuzz; do
		cp "$work/units" "$work/$step"
		echo 0 >"$work/$step.status"
	done
	echo 0 >"$work/units.status"
	: >"$work/doc"
	echo 0 >"$work/doc.status"
	script "$project/tools/test.d/no-std" <<'SCRIPT'
#!/bin/sh
true
SCRIPT
	cp "$project/tools/test.d/no-std" "$project/tools/test.d/kernel-gates"
	script "$project/tools/test.d/fuzz-inputs" <<SCRIPT
#!/bin/sh
[ "\${1:-}" = --no-run ] || cat "$work/fuzz"
exit \$(cat "$work/fuzz.status")
SCRIPT
	printf 'echo ok 1\necho ok 2\necho 1..2\n' >"$project/tests/tools/tap_test.sh"
}

script "$work/bin/cargo" <<SCRIPT
#!/bin/sh
echo "\$*" >>"$work/called"
case " \$* " in
*" --no-run "*) exit 0 ;;
*" --doc "*) step=doc ;;
*" --lib "*) step=units ;;
*" --profile mutants "*) step=face ;;
*" --test realtime "*) step=realtime ;;
*" --test gateway "*) step=gateway ;;
*" --test interop "*) step=interop ;;
*) step=others ;;
esac
cat "$work/\$step"
exit \$(cat "$work/\$step.status")
SCRIPT

run()		# [VARIABLE=VALUE...]
{
	: >"$work/called"
	status=0
	env -u MPTCP_NO_SKIP PATH="$work/bin:$PATH" "$@" bash "$project/tools/run-tests" >"$work/out" 2>&1 || status=$?
}

ends()		# STATUS LAST-LINE, and texts that it says
{
	[ "$status" = "$1" ] || fail "exit status $status, not $1"
	[ "$(tail -n 1 "$work/out")" = "$2" ] || fail "does not end with '$2'"
	shift 2
	for text; do
		grep -Fq -- "$text" "$work/out" || fail "does not say: $text"
	done
}

all_good
run
ends 0 "19 passed, 0 failed, 0 skipped"
grep -q -- '--test small' "$work/called" && grep -q -- '--test big' "$work/called" || fail "a program was left out"
ok "what passes is counted"

program tests/good.rs 2 1 >"$work/others"
echo 101 >"$work/others.status"
run
ends 1 "19 passed, 1 failed, 0 skipped" "FAILED:  bad"
ok "a failed test"

echo 0 >"$work/others.status"
run
ends 1 "19 passed, 1 failed, 0 skipped"
ok "a failed test although cargo's status is 0"

all_good
printf 'error[E0425]: no such thing\nerror: could not compile `x` (test "y") due to 1 previous error\n' >"$work/others"
echo 101 >"$work/others.status"
run
ends 1 "17 passed, 1 failed, 0 skipped" "did not build, or died"
ok "a program that does not build"

{ program tests/good.rs 2 1; echo 'error: could not compile `x` (test "y") due to 1 previous error'; } >"$work/others"
run
ends 1 "19 passed, 2 failed, 0 skipped" "not everything was built"
ok "a program that does not build beside a failed test"

all_good
{ program tests/good.rs 2 0; printf '     Running tests/dies.rs (x)\n\nrunning 3 tests\ntest one ... ok\n'; } >"$work/others"
run
ends 1 "19 passed, 1 failed, 0 skipped" "1 of 2 test programs ended before their summary"
ok "a program that ends with status 0 in the middle"

{ program tests/good.rs 2 1; printf '     Running tests/dies.rs (x)\n\nrunning 3 tests\ntest one ... '; } >"$work/others"
echo 101 >"$work/others.status"
run
ends 1 "19 passed, 2 failed, 0 skipped" "FAILED:  bad" "ended before their summary"
ok "a program that dies beside a failed test"

all_good
program tests/idle.rs 0 0 0 7 >"$work/gateway"
run
ends 1 "17 passed, 3 failed, 0 skipped" "no test in tests/idle.rs" "7 tests were filtered out" "no test was run"
ok "a filter that matches nothing"

{ program tests/good.rs 2 0; program tests/idle.rs 0 0; } >"$work/gateway"
run
ends 1 "19 passed, 1 failed, 0 skipped" "no test in tests/idle.rs"
ok "a program without a test beside one with tests"

: >"$work/gateway"
run
ends 1 "17 passed, 1 failed, 0 skipped" "no test was run"
ok "a step that runs nothing"

all_good
program tests/good.rs 2 0 2 >"$work/gateway"
run
ends 0 "19 passed, 0 failed, 2 skipped" "an ignored test"
run MPTCP_NO_SKIP=1
ends 1 "19 passed, 2 failed, 0 skipped" "an ignored test"
ok "ignored tests are skipped ones"

all_good
sed 's/^test good_2 \.\.\. ok/test good_2 ... SKIPPED good_2: no luck\nok/' "$work/units" >"$work/realtime"
run
ends 0 "18 passed, 0 failed, 1 skipped" "skipped: good_2: no luck"
run MPTCP_NO_SKIP=1
ends 1 "18 passed, 1 failed, 0 skipped" "good_2: no luck"
ok "a skipped test has not passed, and fails where nothing may be skipped"

all_good
printf '#!/bin/sh\necho "SKIPPED gates: no program" >&2\n' >"$project/tools/test.d/kernel-gates"
run
ends 0 "18 passed, 0 failed, 1 skipped" "skipped: gates: no program"
run MPTCP_NO_SKIP=1
ends 1 "18 passed, 1 failed, 0 skipped" "gates: no program"
ok "a skipped step"

printf '#!/bin/sh\nexit 3\n' >"$project/tools/test.d/kernel-gates"
run
ends 1 "18 passed, 1 failed, 0 skipped" "FAILED:  kernel gates"
ok "a failed step"

all_good
sed 's/^test good_2 \.\.\. ok/test good_2 ... NOT JUDGED good_2: too busy\nok/' "$work/units" >"$work/interop"
run MPTCP_NO_SKIP=1
ends 0 "19 passed, 0 failed, 0 skipped" "not judged: good_2: too busy"
ok "what was not judged is said, and is no error"

all_good
printf 'echo ok 1\nexit 0\n' >"$project/tests/tools/tap_test.sh"
run
ends 1 "17 passed, 1 failed, 0 skipped" "ended after 1 of"
printf 'echo 1..0\n' >"$project/tests/tools/tap_test.sh"
run
ends 1 "17 passed, 1 failed, 0 skipped" "ended after 0 of"
printf 'echo ok 1\necho not ok 2\necho 1..2\n' >"$project/tests/tools/tap_test.sh"
run
ends 1 "17 passed, 1 failed, 0 skipped" "FAILED:  tap_test.sh"
printf 'echo ok 1\necho not ok\necho 1..1\n' >"$project/tests/tools/tap_test.sh"
run
ends 1 "17 passed, 1 failed, 0 skipped" "FAILED:  tap_test.sh"
printf 'echo SKIPPED tap: no program >&2\n' >"$project/tests/tools/tap_test.sh"
run
ends 0 "17 passed, 0 failed, 1 skipped" "skipped: tap: no program"
ok "a script that ends early, has no test, fails, or is skipped"

all_good
printf '#!/bin/sh\nsleep 30\n' >"$project/tools/test.d/no-std"
run MPTCP_TEST_STEP_SECONDS=1
ends 1 "18 passed, 1 failed, 0 skipped" "did not end within 1 s"
ok "a step that hangs"

all_good
for step in units others face realtime gateway interop fuzz; do
	sed 's/^test \(good_.\) \.\.\. ok/test \1 ... SKIPPED \1: no luck\nok/' "$work/$step" >"$work/said"
	mv "$work/said" "$work/$step"
done
echo 'SKIPPED doc: no luck' >"$work/doc"
printf '#!/bin/sh\necho "SKIPPED $0: no luck" >&2\n' >"$project/tools/test.d/no-std"
cp "$project/tools/test.d/no-std" "$project/tools/test.d/kernel-gates"
printf 'echo SKIPPED tap: no program >&2\n' >"$project/tests/tools/tap_test.sh"
run
ends 1 "0 passed, 1 failed, 18 skipped"
ok "nothing passed"

all_good
rm "$work/bin/cargo"
printf '#!/bin/sh\nexit 127\n' | script "$work/bin/cargo"
run
[ "$status" = 1 ] || fail "without cargo: exit status $status"
ok "no cargo"
echo "1..$count"
