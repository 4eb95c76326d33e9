#!/bin/sh
#
# tools/coverage must find the LLVM that belongs to rustc, say what is missing, and pass no figure below the bar.
# Measures nothing: cargo, rustc and LLVM's programs are stand-ins.

set -eu

. "$(dirname -- "$0")/tap.sh"

project=$work/project
mkdir -p "$project/tools" "$project/rust" "$work/bin" "$work/llvm" "$work/sysroot/lib/rustlib/some-host/bin"
cp "$repo/tools/coverage" "$project/tools/"
unset LLVM_COV LLVM_PROFDATA MPTCP_SEEDS

script()	# FILE, and its text on standard input
{
	cat >"$1"
	chmod +x "$1"
}

# llvm-cov and llvm-profdata of a version; SUFFIX belongs to their names
llvm()	# DIRECTORY VERSION [SUFFIX]
{
	for each in llvm-cov llvm-profdata; do
		printf '#!/bin/sh\necho "LLVM version %s"\n' "$2" | script "$1/$each${3:-}"
	done
}

# rustc with LLVM 99; cargo with the tests' exit status in $work/status and a report in $work/report
script "$work/bin/rustc" <<SCRIPT
#!/bin/sh
case \$* in
-vV) printf 'rustc 1.0.0\nhost: some-host\nLLVM version: 99.1.2\n' ;;
*sysroot*) echo '$work/sysroot' ;;
esac
SCRIPT
script "$work/bin/cargo" <<SCRIPT
#!/bin/sh
case \$* in
*--version*) [ ! -e '$work/no-cargo-llvm-cov' ] ;;
*clean*) ;;
*--no-report*) echo "test a_test ... what it says"; exit "\$(cat '$work/status')" ;;
*report*) echo "\$LLVM_COV \$LLVM_PROFDATA" >'$work/used'; cat '$work/report' ;;
esac
SCRIPT

report()	# REGIONS MISSED
{
	cat >"$work/report" <<REPORT
Filename      Regions    Missed Regions     Cover   Functions  Missed Functions  Executed
-----------------------------------------------------------------------------------------
cc/balia.rs       121                 0   100.00%           8                 0   100.00%
error.rs           26                20    23.08%           3                 2    33.33%
-----------------------------------------------------------------------------------------
TOTAL            $1                $2    96.24%        1064                34    96.80%
REPORT
}

reset()
{
	rm -rf "$work/no-cargo-llvm-cov" "$work/used" "$work/bin"/llvm-* "$work/sysroot/lib/rustlib/some-host/bin"/*
	llvm "$work/bin" 98.0.0
	llvm "$work/bin" 99.0.1 -99
	echo 0 >"$work/status"
	report 1000 30
}

# Runs it; expects an exit status
coverage()	# STATUS ARGUMENTS...
{
	expected=$1
	shift
	status=0
	PATH="$work/bin:$PATH" "$project/tools/coverage" "$@" >"$work/out" 2>&1 || status=$?
	[ $status = "$expected" ] || fail "exit status $status instead of $expected: coverage $*"
}

says()
{
	grep -qF -- "$1" "$work/out" || fail "does not say '$1'"
}

uses()	# LLVM_COV LLVM_PROFDATA
{
	[ "$(cat "$work/used")" = "$1 $2" ] || fail "used $(cat "$work/used")"
}

reset
coverage 0
says '    20     26   23.08%  error.rs'
says '    30   1000   97.00%  all'
ok 'prints what each file misses, and passes at the bar'

report 10000 301
coverage 1
says '96.99 % of regions, which is less than 97 %'
coverage 0 --least 96.98
coverage 1 --least 100
ok 'fails below the bar, wherever that is'

: >"$work/report"
coverage 1
says 'no total'
ok 'a report without a total does not pass'

reset
echo 1 >"$work/status"
coverage 1
says 'what it says'
says 'the tests failed'
[ ! -e "$work/used" ] || fail 'reported all the same'
ok 'a test that fails is no measurement'

reset
coverage 0
uses "$work/bin/llvm-cov-99" "$work/bin/llvm-profdata-99"
llvm "$work/sysroot/lib/rustlib/some-host/bin" 99.1.2
coverage 0
uses "$work/sysroot/lib/rustlib/some-host/bin/llvm-cov" "$work/sysroot/lib/rustlib/some-host/bin/llvm-profdata"
llvm "$work/llvm" 99.7.0
LLVM_COV=$work/llvm/llvm-cov LLVM_PROFDATA=$work/llvm/llvm-profdata coverage 0
uses "$work/llvm/llvm-cov" "$work/llvm/llvm-profdata"
ok 'takes the named programs, then those of rustup, then those in PATH'

reset
rm -f "$work/bin/llvm-profdata-99"
coverage 1
says 'no llvm-profdata of LLVM 99: run `rustup component add llvm-tools`, or apt-get install llvm-99'
[ "$(wc -l <"$work/out")" = 1 ] || fail 'more than one line'
[ ! -e "$work/used" ] || fail 'went on without it'
ok 'one line says what to install where no version matches'

reset
llvm "$work/llvm" 98.0.0
LLVM_COV=$work/llvm/llvm-cov coverage 1
says "$work/llvm/llvm-cov is not llvm-cov of LLVM 99"
# 9 is no 99, and 990 neither.
llvm "$work/llvm" 9.0.0
LLVM_COV=$work/llvm/llvm-cov coverage 1
llvm "$work/llvm" 990.0.0
LLVM_COV=$work/llvm/llvm-cov coverage 1
ok 'a named program of another version is refused'

reset
touch "$work/no-cargo-llvm-cov"
coverage 1
says 'run `cargo install cargo-llvm-cov`'
ok 'cargo-llvm-cov is missing'

reset
coverage 0 --help
says 'Exit status'
for wrong in --unknown word --least; do
	coverage 64 $wrong
	says 'usage'
done
for least in '' x 1.2.3 -5; do
	coverage 64 --least "$least"
done
[ ! -e "$work/used" ] || fail 'measured all the same'
ok 'help, and wrong use'

echo "1..$count"
