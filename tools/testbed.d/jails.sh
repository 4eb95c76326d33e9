# shellcheck shell=sh
#
# Back end: a vnet jail for each node, an epair(4) for each link, all on one
# FreeBSD machine.  Everything made here is called mptb_*, or is one of the
# epairs 900 and up.
#
# shellcheck disable=SC2154 # work and print are testbed's

jail_name()		{ echo "mptb_$1"; }

# The epair of a link, and which half of it a node holds.
epair_of()		# LINK
{
	awk -v l="$1" '!($2 in seen) { seen[$2] = n++ } $2 == l { print "epair" 900 + seen[$2]; exit }' "$work/ends"
}

interface_name()	# NODE LINK
{
	half=$(awk -v n="$1" -v l="$2" '$2 == l { print ($1 == n) ? "a" : "b"; exit }' "$work/ends")
	echo "$(epair_of "$2")$half"
}

all_links()		{ awk '!seen[$2]++ { print $2 }' "$work/ends"; }

backend_check()
{
	[ "$(uname -s)" = FreeBSD ] || die "jails need FreeBSD; elsewhere take --backend qemu"
	[ "$(id -u)" = 0 ] || die "jails need root"
	[ "$(sysctl -n kern.features.vimage 2>/dev/null)" = 1 ] ||
	    die "this kernel has no VIMAGE; GENERIC and MPTCP have it"
	load_module ipfw net.inet.ip.fw.enable
	load_module dummynet net.inet.ip.dummynet.hash_size
	load_module if_epair ''
}

# ipfw(4) as a module shuts the whole machine off unless told beforehand.
load_module()		# MODULE SYSCTL
{
	if [ -n "$2" ]; then
		sysctl -n "$2" >/dev/null 2>&1 && return 0
	else
		kldstat -q -m "$1" && return 0
	fi
	[ "$1" != ipfw ] || kenv net.inet.ip.fw.default_to_accept=1 >/dev/null
	kldload "$1" || die "cannot load $1"
}

backend_create()
{
	for l in $(all_links); do
		run ifconfig "$(epair_of "$l")" create >"$work/created"
		[ "$print" = no ] || cat "$work/created"
	done
	for n in $(node_names); do
		set -- "name=$(jail_name "$n")" "host.hostname=$n" path=/ vnet persist \
		    allow.raw_sockets allow.sysvipc
		for l in $(links_of "$n"); do
			set -- "$@" "vnet.interface=$(interface_name "$n" "$l")"
		done
		run jail -c "$@"
	done
}

backend_script()	{ jexec "$(jail_name "$1")" sh -c "$(cat)" </dev/null; }

backend_state()
{
	if jls -j "$(jail_name "$1")" jid >/dev/null 2>&1; then echo running; else echo gone; fi
}

# A jail with connections in TIME_WAIT dies slowly and its vnet with it, so the
# interfaces come home first.
backend_destroy()
{
	while read -r node link _; do
		i=$(interface_name "$node" "$link")
		if [ "$print" = yes ]; then
			run ifconfig "$i" -vnet "$(jail_name "$node")"
		else
			ifconfig "$i" -vnet "$(jail_name "$node")" 2>/dev/null || :
		fi
	done <"$work/ends"
	for l in $(all_links); do
		if [ "$print" = yes ] || ifconfig "$(epair_of "$l")a" >/dev/null 2>&1; then
			run ifconfig "$(epair_of "$l")a" destroy
		fi
	done
	for n in $(node_names); do
		if [ "$print" = yes ] || jls -j "$(jail_name "$n")" jid >/dev/null 2>&1; then
			run jail -r "$(jail_name "$n")"
		fi
	done
}
