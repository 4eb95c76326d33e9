# shellcheck shell=sh
#
# Reads a topology description and says what each node has to run.  Knows
# nothing of jails or virtual machines: an interface is called what the back
# end's interface_name says.
#
# After topology_read, in $work:
#	nodes	KIND NAME			in the order of the file
#	ends	NODE LINK IPV4/LEN IPV6/LEN PEER	two for each link
#	paths	NAME LEFT ROUTER RIGHT RATE DELAY LOSS QUEUE NUMBER
#	sysctls	NODE NAME=VALUE
#
# shellcheck disable=SC2154 # work is testbed's

topology_read()		# FILE
{
	: >"$work/nodes"
	: >"$work/ends"
	: >"$work/paths"
	: >"$work/sysctls"
	line=0
	while read -r word rest; do
		line=$((line + 1))
		where="$1:$line"
		# shellcheck disable=SC2086 # the fields of the line
		case $word in
		''|'#'*)	;;
		host|router)	topology_node "$word" $rest ;;
		link)		topology_link $rest ;;
		path)		topology_path $rest ;;
		sysctl)		echo "$rest" >>"$work/sysctls" ;;
		*)		die "$where: what is '$word'?" ;;
		esac
	done <"$1"
	[ -s "$work/paths" ] || die "$1 describes no path"
}

topology_node()		# KIND NAME
{
	[ $# -eq 2 ] || die "$where: $1 NAME"
	! has_node "$2" || die "$where: $2 is there already"
	echo "$1 $2" >>"$work/nodes"
}

topology_link()
{
	[ $# -eq 7 ] || die "$where: link NAME NODE IPV4 IPV6 NODE IPV4 IPV6"
	has_node "$2" || die "$where: there is no node $2 above"
	has_node "$5" || die "$where: there is no node $5 above"
	first=$(awk -v a="$2" -v b="$5" '$2 == a || $2 == b { print $2; exit }' "$work/nodes")
	[ "$first" = "$2" ] || die "$where: $5 stands above $2; name it first"
	echo "$2 $1 $3 $4 $5" >>"$work/ends"
	echo "$5 $1 $6 $7 $2" >>"$work/ends"
}

topology_path()
{
	[ $# -ge 4 ] || die "$where: path NAME LINK ROUTER LINK [rate= delay= loss= queue=]"
	name=$1 left=$2 router=$3 right=$4
	shift 4
	[ -n "$(address4 "$router" "$left")" ] || die "$where: $router is not on link $left"
	[ -n "$(address4 "$router" "$right")" ] || die "$where: $router is not on link $right"
	rate=0 delay=0ms loss=0 queue=50
	path_settings "$@"
	number=$(($(wc -l <"$work/paths") + 1))
	echo "$name $left $router $right $rate $delay $loss $queue $number" >>"$work/paths"
}

# Reads rate= delay= loss= queue= into the variables of these names.
path_settings()
{
	for setting in "$@"; do
		case $setting in
		rate=*)		rate=${setting#*=} ;;
		delay=*)	delay=${setting#*=} ;;
		loss=*)		loss=${setting#*=} ;;
		queue=*)	queue=${setting#*=} ;;
		*)		die "${where:-path}: what is '$setting'? (rate= delay= loss= queue=)" ;;
		esac
	done
	case $rate in
	0|[0-9]*bit/s|[0-9]*Byte/s) ;;
	*) die "${where:-path}: rate=$rate is not like 20Mbit/s" ;;
	esac
	case $delay in
	*[!0-9ms]*|'') die "${where:-path}: delay=$delay is not like 10ms" ;;
	esac
	case $loss in
	0|1|0.[0-9]*) ;;
	*) die "${where:-path}: loss=$loss is not between 0 and 1" ;;
	esac
}

has_node()	{ awk -v n="$1" '$2 == n { f = 1 } END { exit !f }' "$work/nodes"; }
node_names()	{ cut -d ' ' -f 2 "$work/nodes"; }
links_of()	{ awk -v n="$1" '$1 == n { print $2 }' "$work/ends"; }
address4()	{ awk -v n="$1" -v l="$2" '$1 == n && $2 == l { sub("/.*", "", $3); print $3 }' "$work/ends"; }
address6()	{ awk -v n="$1" -v l="$2" '$1 == n && $2 == l { sub("/.*", "", $4); print $4 }' "$work/ends"; }
far_end()	{ awk -v n="$1" -v l="$2" '$1 == n && $2 == l { print $5 }' "$work/ends"; }
prefix6()	{ awk -v n="$1" -v l="$2" '$1 == n && $2 == l { print $4 }' "$work/ends"; }

# The network of an IPv4 address/length.
network4()	# NODE LINK
{
	awk -v n="$1" -v l="$2" '$1 == n && $2 == l {
		split($3, p, "/"); split(p[1], b, ".")
		a = ((b[1] * 256 + b[2]) * 256 + b[3]) * 256 + b[4]
		s = 2 ^ (32 - p[2]); a -= a % s
		printf "%d.%d.%d.%d/%d\n", int(a / 16777216), int(a / 65536) % 256,
		    int(a / 256) % 256, a % 256, p[2]
	}' "$work/ends"
}

# --- what a node runs ----------------------------------------------------

node_setup()	# KIND NODE
{
	echo "set -eu"
	echo "ifconfig lo0 inet 127.0.0.1/8 up"
	awk -v n="$2" '$1 == n { print $2, $3, $4 }' "$work/ends" |
	while read -r link a4 a6; do
		i=$(interface_name "$2" "$link")
		echo "ifconfig $i inet $a4 up"
		echo "ifconfig $i inet6 $a6 no_dad up"
	done
	if [ "$1" = router ]; then
		echo "sysctl net.inet.ip.forwarding=1 net.inet6.ip6.forwarding=1 >/dev/null"
		router_setup "$2"
	else
		host_setup "$2"
	fi
	while read -r n setting; do
		[ "$n" = "$2" ] || continue
		echo "sysctl '$setting' >/dev/null || echo '$2 has no sysctl ${setting%%=*}' >&2"
	done <"$work/sysctls"
}

# Neighbour discovery neither takes a detour nor survives dummynet(4).
neighbour_discovery()
{
	echo "ipfw -q add 50 allow ipv6-icmp from any to any icmp6types 133,134,135,136"
}

# A multi-homed host sends by its source address: whatever it sends from the
# address that it has on a link leaves by that link's router.  ipfw(8) does it,
# for a FIB would have to be chosen by the application.
host_setup()	# NODE
{
	echo "ipfw -q add 100 allow ip from any to me"
	neighbour_discovery
	while read -r _ left router right _ _ _ _ number; do
		for side in "$left" "$right"; do
			[ -n "$(address4 "$1" "$side")" ] || continue
			if [ "$side" = "$left" ]; then other=$right; else other=$left; fi
			far=$(far_end "$router" "$other")
			g4=$(address4 "$router" "$side")
			g6=$(address6 "$router" "$side")
			echo "ipfw -q add $((1000 + number)) fwd $g4 ip4 from $(address4 "$1" "$side") to any out"
			echo "ipfw -q add $((2000 + number)) fwd $g6 ip6 from $(address6 "$1" "$side") to any out"
			echo "route -q add -net $(network4 "$far" "$other") $g4"
			echo "route -q add -6 -net $(prefix6 "$far" "$other") $g6"
		done
	done <"$work/paths"
}

# A router reaches the far addresses of the other paths through the hosts
# themselves, so that every pair of addresses is connected.
router_setup()	# NODE
{
	neighbour_discovery
	while read -r _ left router right rate delay loss queue number; do
		[ "$router" = "$1" ] || continue
		for direction in 1 2; do
			if [ $direction = 1 ]; then out=$right; else out=$left; fi
			pipe=$((10 * number + direction))
			pipe_config "$pipe" "$rate" "$delay" "$loss" "$queue"
			echo "ipfw -q add $((3000 + pipe)) pipe $pipe ip from any to any out xmit $(interface_name "$1" "$out")"
			other_paths "$1" "$number" "$direction" "$out"
		done
	done <"$work/paths"
}

other_paths()	# ROUTER OWN-NUMBER DIRECTION OUT-LINK
{
	host=$(far_end "$1" "$4")
	awk -v o="$2" -v d="$3" '$9 != o { print (d == 1) ? $4 : $2 }' "$work/paths" |
	while read -r l; do
		[ -n "$(address4 "$host" "$l")" ] || continue
		echo "route -q add -net $(network4 "$host" "$l") $(address4 "$host" "$4")"
		echo "route -q add -6 -net $(prefix6 "$host" "$l") $(address6 "$host" "$4")"
	done
}

pipe_config()	# PIPE RATE DELAY LOSS QUEUE
{
	echo "ipfw -q pipe $1 config bw $2 delay ${3%ms}ms plr $4 queue $5"
}
