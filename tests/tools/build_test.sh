#!/bin/sh
#
# tools/build against a source tree of three files: patching, refusing,
# updating and reversing.  Needs no FreeBSD and builds nothing.

set -eu

. "$(dirname -- "$0")/tap.sh"

# A project of its own around the script under test
new_project()
{
	rm -rf "$work/project"
	mkdir -p "$work/project/tools" "$work/project/patches/stable-14" \
	    "$work/project/sys/netinet" "$work/project/kernconf"
	cp -R "$repo/tools/build" "$repo/tools/build.d" "$work/project/tools/"
	echo 'int mptcp;' >"$work/project/sys/netinet/mptcp_pcb.c"
	echo 'ident MPTCP' >"$work/project/kernconf/MPTCP"
	echo 'mptcp_rs.o optional mptcp' >"$work/project/kernconf/files.mptcp"
	cat >"$work/project/patches/stable-14/0001-one.patch" <<'PATCH'
One concern.

--- sys/netinet/tcp_input.c
+++ sys/netinet/tcp_input.c
@@ -1,3 +1,4 @@
 one
 two
+two and a half
 three
PATCH
	cat >"$work/project/patches/stable-14/0002-two.patch" <<'PATCH'
Another, in the same file, after the first; and a new file.

diff --git a/sys/netinet/tcp_input.c b/sys/netinet/tcp_input.c
--- a/sys/netinet/tcp_input.c
+++ b/sys/netinet/tcp_input.c
@@ -2,3 +2,4 @@
 two
 two and a half
 three
+four
diff --git a/sys/netinet/new.h b/sys/netinet/new.h
new file mode 100644
--- /dev/null
+++ b/sys/netinet/new.h
@@ -0,0 +1,1 @@
+#define NEW
PATCH
}

new_tree()	# REVISION
{
	rm -rf "$work/src"
	mkdir -p "$work/src/sys/conf" "$work/src/sys/netinet" "$work/src/sys/amd64/conf"
	printf 'TYPE="FreeBSD"\nREVISION="%s"\nBRANCH="STABLE"\n' "$1" \
	    >"$work/src/sys/conf/newvers.sh"
	printf 'one\ntwo\nthree\n' >"$work/src/sys/netinet/tcp_input.c"
	echo 'ident GENERIC' >"$work/src/sys/amd64/conf/GENERIC"
	rm -rf "$work/before"
	cp -R "$work/src" "$work/before"
}

build()
{
	"$work/project/tools/build" --src "$work/src" "$@" >"$work/out" 2>&1
}

unchanged()
{
	diff -r "$work/before" "$work/src" >>"$work/out" || fail "$1: the tree changed"
}

refused()	# WHAT TEXT ARGS...
{
	what=$1 text=$2
	shift 2
	status=0
	build "$@" || status=$?
	[ "$status" -eq 1 ] || fail "$what: exit status $status"
	grep -q "$text" "$work/out" || fail "$what: does not say '$text'"
}

new_project
new_tree 14.3
build --check || fail "--check"
unchanged "--check"
ok "--check changes nothing"

build --apply || fail "--apply"
grep -q 'two and a half' "$work/src/sys/netinet/tcp_input.c" || fail "patch 1"
grep -q four "$work/src/sys/netinet/tcp_input.c" || fail "patch 2"
[ -f "$work/src/sys/netinet/new.h" ] || fail "new file"
cmp -s "$work/project/sys/netinet/mptcp_pcb.c" "$work/src/sys/netinet/mptcp_pcb.c" || fail "glue"
[ -f "$work/src/sys/amd64/conf/MPTCP" ] || fail "kernconf"
[ -f "$work/src/sys/conf/files.mptcp" ] || fail "files.mptcp"
ok "--apply patches and copies"

touch -t 200001010000 "$work/src/sys/netinet/tcp_input.c"
cp -p "$work/src/sys/netinet/tcp_input.c" "$work/stamp"
build --apply || fail "--apply again"
[ -z "$(find "$work/src/sys/netinet/tcp_input.c" -newer "$work/stamp")" ] ||
    fail "an unchanged file was written"
ok "--apply again touches nothing"

sed 's/half/quarter/' "$work/project/patches/stable-14/0001-one.patch" >"$work/p" &&
    mv "$work/p" "$work/project/patches/stable-14/0001-one.patch"
sed 's/half/quarter/' "$work/project/patches/stable-14/0002-two.patch" >"$work/p" &&
    mv "$work/p" "$work/project/patches/stable-14/0002-two.patch"
rm "$work/project/sys/netinet/mptcp_pcb.c"
build --apply || fail "a changed series"
grep -q quarter "$work/src/sys/netinet/tcp_input.c" || fail "a changed series is not in"
[ ! -f "$work/src/sys/netinet/mptcp_pcb.c" ] || fail "a dropped file stays"
ok "a changed series replaces the old one"

build --reverse || fail "--reverse"
unchanged "--reverse"
ok "--reverse leaves the tree as it was"

new_project
build --apply || fail "--apply"
rm -r "$work/src/.mptcp"
build --apply || fail "a tree patched by hand"
rm -r "$work/src/.mptcp"
build --reverse || fail "--reverse of a tree patched by hand"
unchanged "--reverse without a record"
ok "a tree patched by hand is understood"

printf 'one\ntwo\n3\n' >"$work/src/sys/netinet/tcp_input.c"
cp "$work/src/sys/netinet/tcp_input.c" "$work/before/sys/netinet/"
refused "dirty hunk" "0001-one.patch does not fit" --apply
unchanged "dirty hunk"
ok "a dirty hunk is refused"

printf 'one\ntwo\nthree\n' >"$work/src/sys/netinet/tcp_input.c"
cp "$work/src/sys/netinet/tcp_input.c" "$work/before/sys/netinet/"
sed 's/^ two and a half/ two and no half/' "$work/project/patches/stable-14/0002-two.patch" >"$work/p" &&
    mv "$work/p" "$work/project/patches/stable-14/0002-two.patch"
refused "second patch" "0002-two.patch does not fit" --apply
unchanged "second patch"
ok "a bad second patch leaves nothing of the first"

new_project
for v in 13.2 15.0 16.0; do
	new_tree $v
	refused "FreeBSD $v" "is FreeBSD $v-STABLE; there are patches for: stable-14" --apply
	unchanged "FreeBSD $v"
done
ok "other versions are refused"

new_tree 14.0
build --apply || fail "--apply"
sed 's/one/1/' "$work/src/sys/netinet/tcp_input.c" >"$work/p" &&
    mv "$work/p" "$work/src/sys/netinet/tcp_input.c"
rm -rf "$work/before"
cp -R "$work/src" "$work/before"
refused "changed since" "does not come out of" --reverse
unchanged "changed since"
ok "a tree changed since is left alone by --reverse"

mode()
{
	find "$work/src/$1" -prune -exec ls -ldn {} + | cut -c 1-10
}

new_tree 14.0
chmod 664 "$work/src/sys/netinet/tcp_input.c"
(umask 077 && build --apply) || fail "--apply with umask 077"
for f in netinet/tcp_input.c:-rw-rw-r-- netinet/new.h:-rw-r--r-- netinet/mptcp_pcb.c:-rw-r--r-- \
    amd64/conf/MPTCP:-rw-r--r-- ../.mptcp:drwxr-xr-x ../.mptcp/files:-rw-r--r--; do
	[ "$(mode "sys/${f%:*}")" = "${f#*:}" ] || fail "--apply: $f is $(mode "sys/${f%:*}")"
done
(umask 077 && build --reverse) || fail "--reverse with umask 077"
[ "$(mode sys/netinet/tcp_input.c)" = -rw-rw-r-- ] || fail "--reverse: the mode changed"
ok "modes do not depend on the umask"

# As lndir(1) makes it: directories, and links for the files
new_tree 14.0
mv "$work/src" "$work/real"
(cd "$work/real" && find . -type d) | while read -r d; do mkdir -p "$work/src/$d"; done
(cd "$work/real" && find . -type f) | while read -r f; do ln -s "$work/real/$f" "$work/src/$f"; done
build --apply || fail "--apply to a shadow tree"
grep -q four "$work/src/sys/netinet/tcp_input.c" || fail "a shadow tree is not patched"
diff -r "$work/before" "$work/real" >"$work/out" || fail "the tree behind the links changed"
build --apply || fail "--apply again to a shadow tree"
build --reverse || fail "--reverse of a shadow tree"
for f in sys/netinet/tcp_input.c sys/conf/newvers.sh; do
	[ "$(readlink "$work/src/$f")" = "$work/real/./$f" ] || fail "--reverse: $f is no link any more"
done
diff -r "$work/before" "$work/real" >"$work/out" || fail "the tree behind the links changed"
unchanged "a shadow tree"
build --apply || fail "--apply to a shadow tree"
echo five >>"$work/real/sys/netinet/tcp_input.c"
build --reverse || fail "--reverse where the tree behind changed"
[ ! -L "$work/src/sys/netinet/tcp_input.c" ] || fail "a link to something else came back"
grep -q 'stays a file' "$work/out" || fail "the link that did not come back is not named"
rm -rf "$work/real"
ok "a shadow tree of links is one again"

new_tree 14.0
sed "s/\$/$(printf '\r')/" "$work/before/sys/netinet/tcp_input.c" >"$work/src/sys/netinet/tcp_input.c"
cp "$work/src/sys/netinet/tcp_input.c" "$work/before/sys/netinet/"
refused "CRLF" "tcp_input.c has CRLF line ends" --apply
unchanged "CRLF"
ok "CRLF line ends are named"

new_tree 14.0
refused "no such configuration" "there is no sys/amd64/conf/NOTHING" --kernconf NOTHING --obj "$work/obj"
unchanged "no such configuration"
ok "an unknown kernel configuration is refused before anything is done"

new_tree 14.0
status=0
"$work/project/tools/build" --bogus 1 >"$work/out" 2>&1 || status=$?
[ $status -eq 64 ] || fail "unknown option: exit status $status"
"$work/project/tools/build" --help >"$work/out" || fail "--help"
refused "no object" "is not there" --rust-object "$work/nothing.o" --obj "$work/obj"
unchanged "no object"
ok "usage, and nothing done without a Rust object"
echo "1..$count"
