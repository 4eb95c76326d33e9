/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/* Every socket option there is, by number, with any value. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "storm.h"

struct level {
	int	level;
	int	names[40];	/* the last is 0 */
};

static const struct level levels[] = {
	{ SOL_SOCKET, { SO_DEBUG, SO_REUSEADDR, SO_KEEPALIVE, SO_DONTROUTE, SO_BROADCAST, SO_USELOOPBACK, SO_LINGER,
	    SO_OOBINLINE, SO_REUSEPORT, SO_TIMESTAMP, SO_NOSIGPIPE, SO_ACCEPTFILTER, SO_BINTIME, SO_NO_OFFLOAD,
	    SO_NO_DDP, SO_REUSEPORT_LB, SO_SNDBUF, SO_RCVBUF, SO_SNDLOWAT, SO_RCVLOWAT, SO_SNDTIMEO, SO_RCVTIMEO,
	    SO_ERROR, SO_TYPE, SO_LABEL, SO_PEERLABEL, SO_LISTENQLIMIT, SO_LISTENQLEN, SO_SETFIB, SO_USER_COOKIE,
	    SO_PROTOCOL, SO_TS_CLOCK, SO_MAX_PACING_RATE, SO_DOMAIN, 0 } },
	{ IPPROTO_TCP, { TCP_NODELAY, TCP_MAXSEG, TCP_NOPUSH, TCP_NOOPT, TCP_MD5SIG, TCP_INFO, TCP_STATS, TCP_LOG,
	    TCP_LOGBUF, TCP_LOGID, TCP_LOGDUMP, TCP_LOGDUMPID, TCP_CONGESTION, TCP_CCALGOOPT, TCP_MAXUNACKTIME,
	    TCP_REMOTE_UDP_ENCAPS_PORT, TCP_DELACK, TCP_FIN_IS_RST, TCP_KEEPINIT, TCP_KEEPIDLE, TCP_KEEPINTVL,
	    TCP_KEEPCNT, TCP_FASTOPEN, TCP_PERF_INFO, TCP_LRD, TCP_FUNCTION_BLK, TCP_FUNCTION_ALIAS,
	    TCP_REUSPORT_LB_NUMA, TCP_RXTLS_ENABLE, TCP_RXTLS_MODE, TCP_TXTLS_ENABLE, TCP_TXTLS_MODE, 0 } },
	{ IPPROTO_IP, { IP_OPTIONS, IP_TOS, IP_TTL, IP_RECVOPTS, IP_RECVDSTADDR, IP_MULTICAST_TTL, IP_PORTRANGE,
	    IP_RECVIF, IP_IPSEC_POLICY, IP_ONESBCAST, IP_BINDANY, IP_ORIGDSTADDR, IP_RECVTTL, IP_MINTTL,
	    IP_DONTFRAG, IP_RECVTOS, IP_VLAN_PCP, 0 } },
	{ IPPROTO_IPV6, { IPV6_UNICAST_HOPS, IPV6_PORTRANGE, IPV6_V6ONLY, IPV6_IPSEC_POLICY, IPV6_RTHDRDSTOPTS,
	    IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_USE_MIN_MTU, IPV6_RECVPATHMTU, IPV6_PATHMTU, IPV6_PKTINFO,
	    IPV6_HOPLIMIT, IPV6_NEXTHOP, IPV6_HOPOPTS, IPV6_DSTOPTS, IPV6_RTHDR, IPV6_RECVTCLASS, IPV6_AUTOFLOWLABEL,
	    IPV6_TCLASS, IPV6_DONTFRAG, IPV6_PREFER_TEMPADDR, IPV6_BINDANY, IPV6_VLAN_PCP, 0 } },
};

static const char *words[] = { "freebsd", "rack", "bbr", "mptcp", "newreno", "cubic", "lia", "httpready", "dataready",
    "10.10.0.1", "" };

static int
value(struct thread *t, void *v, int size)
{
	static const int lengths[] = { 4, 4, 4, 8, 16, 1, 0, 32, 64, 128 };
	int n = lengths[below(t, 10)], whole;

	memset(v, 0, size);
	switch (below(t, 5)) {
	case 0:
	case 1:
		whole = below(t, 3);
		memcpy(v, &whole, sizeof(whole));
		return (4);
	case 2:
		whole = rnd_size(t, 200000);
		memcpy(v, &whole, sizeof(whole));
		return (4);
	case 3:
		strcpy(v, words[below(t, sizeof(words) / sizeof(words[0]))]);
		return (one_in(t, 2) ? (int)strlen(v) + 1 : 64);
	default:
		rnd_bytes(t, v, n);
		return (n);
	}
}

/* What a call would wait for is not set: a signal ends a read, but no close. */
static bool
waits(int level, int name)
{
	return (level == SOL_SOCKET && name == SO_LINGER);
}

void
chaos_option_on(struct thread *t, int s)
{
	const struct level *l = &levels[below(t, 4)];
	unsigned n = 0;
	int name;
	long v[64];
	socklen_t len;

	while (l->names[n] != 0)
		n++;
	name = one_in(t, 10) ? (int)below(t, one_in(t, 2) ? 0x80 : 0x2000) : l->names[below(t, n)];
	if (waits(l->level, name))
		return;
	if (one_in(t, 4)) {
		len = below(t, sizeof(v));
		rnd_bytes(t, v, 16);
		doing(t, "getsockopt");
		getsockopt(s, l->level, name, v, &len);
	} else {
		len = value(t, v, sizeof(v));
		doing(t, "setsockopt");
		setsockopt(s, l->level, name, v, len);
	}
	done(t);
}

void
chaos_option(struct thread *t)
{
	chaos_option_on(t, chaos_fd(t));
}
