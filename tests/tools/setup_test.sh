#!/bin/sh
#
# tools/setup-debian must fetch newer lists where the installed Rust is too old, and may not say that all is there
# while it is not.  Installs nothing: dpkg-query and apt-get are stand-ins.

set -eu

. "$(dirname -- "$0")/tap.sh"

project=$work/project
mkdir -p "$project/tools" "$project/rust" "$work/bin"
cp "$repo/tools/setup-debian" "$project/tools/"
printf '[workspace.package]\nrust-version = "1.88"\n' >"$project/rust/Cargo.toml"

script()	# FILE, and its text on standard input
{
	cat >"$1"
	chmod +x "$1"
}

# Packages are all there at version 2:9, those of Rust at what $work/rust says.  No package at all with $work/none.
script "$work/bin/dpkg-query" <<SCRIPT
#!/bin/sh
[ ! -e '$work/none' ] || exit 1
for package; do :; done
case \$package in
*-web | rust-web-src) version=\$(cat '$work/rust') ;;
*) version=2:9 ;;
esac
printf 'install ok installed %s' "\$version"
SCRIPT
# What is installed comes from lists that are as new as \$work/lists says; update fetches \$work/newest.
script "$work/bin/apt-get" <<SCRIPT
#!/bin/sh
echo "\$*" >>'$work/called'
case \$1 in
update) [ ! -e '$work/offline' ] && cp '$work/newest' '$work/lists' ;;
install) rm -f '$work/none'; cp '$work/lists' '$work/rust' ;;
esac
SCRIPT

setup()	# OPTION...
{
	: >"$work/called"
	PATH=$work/bin:$PATH sh "$project/tools/setup-debian" "$@" >"$work/out" 2>&1
}

echo '1.85.0+dfsg3-1~deb12u3' >"$work/rust"
cp "$work/rust" "$work/lists"
echo '1.96.0+dfsg1-1~deb12u2' >"$work/newest"

setup || fail "the demo needs no rustc-web"
ok "the demo asks for no Rust of Debian"

! setup --tests --print || fail "rustc-web 1.85 passed for 1.88"
grep -q 'apt-get install .* cargo-web rustc-web rust-web-src$' "$work/out" || fail "not the packages of Rust alone"
[ ! -s "$work/called" ] || fail "--print installed something"
ok "a Rust that is too old counts as missing"

[ "$(id -u)" = 0 ] || { echo "SKIPPED setup_test: not root" >&2; exit 0; }
setup --tests || fail "did not update"
[ "$(cat "$work/rust")" = "$(cat "$work/newest")" ] || fail "installed from the old lists"
ok "the lists are fetched before anything is installed"

setup --tests || fail "1.96 is not enough for 1.88"
[ ! -s "$work/called" ] || fail "installed again what was there"
ok "nothing is installed twice"

echo '1.85.0+dfsg3-1~deb12u3' >"$work/rust"
cp "$work/rust" "$work/lists"
touch "$work/offline" "$work/none"
! setup --tests || fail "said that all is there, with 1.85"
grep -q 'too old (Rust 1.88 is needed): cargo-web rustc-web rust-web-src' "$work/out" || fail "does not name what is too old"
ok "what an old list gives is named"

touch "$work/none"
setup && ok "the cache is enough for the demo without a network" || fail "failed without need"
echo "1..$count"
