/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Copyright (c) 2026 The FreeBSD MPTCP Project
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions
 * are met:
 * 1. Redistributions of source code must retain the above copyright
 *    notice, this list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright
 *    notice, this list of conditions and the following disclaimer in the
 *    documentation and/or other materials provided with the distribution.
 *
 * THIS SOFTWARE IS PROVIDED BY THE AUTHOR AND CONTRIBUTORS ``AS IS'' AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
 * IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE
 * ARE DISCLAIMED.  IN NO EVENT SHALL THE AUTHOR OR CONTRIBUTORS BE LIABLE
 * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
 * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS
 * OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION)
 * HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT
 * LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY
 * OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF
 * SUCH DAMAGE.
 */

/*
 * What each of FreeBSD's socket options belongs to, what a new subflow takes
 * over, and which sockets exclude MPTCP.
 *
 * The values that later subflows need are kept in the MPCB (struct
 * mptcp_carried), not read from the first subflow, which may be over.  They
 * are taken from a subflow after each setsockopt(2) that it took, under its
 * INP lock and MP_LOCK, and are given to a new one under the same two.
 *
 * tools/check-kernel fails where a header has an option without a row.
 *
 * Failure: without memory a new subflow goes without the IPv6 options of the
 * connection.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"
#include "opt_ipsec.h"

#include <netinet/mptcp_glue.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#ifdef INET6
#include <netinet/ip6.h>
#include <netinet6/ip6_var.h>
#endif
#include <netinet/cc/cc.h>
#include <netipsec/ipsec_support.h>
#include <netipsec/ipsec.h>

/*
 * To set one of the refused would need what only one TCP connection has; before
 * connect(2) or listen(2) they exclude MPTCP (mptcp_excluded()).
 */
static const struct {
	int	mo_level, mo_first, mo_last;
	enum mptcp_optscope mo_scope;
} mptcp_sockopts[] = {
#define	OPT(level, name, scope)		{ level, name, name, scope }
#define	OPTS(level, first, last, scope)	{ level, first, last, scope }
	OPT(SOL_SOCKET, SO_DEBUG, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_ACCEPTCONN, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_REUSEADDR, MPO_PRESENT),
	OPT(SOL_SOCKET, SO_KEEPALIVE, MPO_SUBFLOWS),
	OPT(SOL_SOCKET, SO_DONTROUTE, MPO_SUBFLOWS),
	OPT(SOL_SOCKET, SO_BROADCAST, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_USELOOPBACK, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_LINGER, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_OOBINLINE, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_REUSEPORT, MPO_PRESENT),
	OPT(SOL_SOCKET, SO_TIMESTAMP, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_NOSIGPIPE, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_ACCEPTFILTER, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_BINTIME, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_NO_OFFLOAD, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_NO_DDP, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_REUSEPORT_LB, MPO_PRESENT),
	OPT(SOL_SOCKET, SO_RERROR, MPO_SOCKET),
	OPTS(SOL_SOCKET, SO_SNDBUF, SO_LABEL, MPO_SOCKET),
	OPTS(SOL_SOCKET, SO_PEERLABEL, SO_LISTENINCQLEN, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_SETFIB, MPO_SUBFLOWS),
	OPT(SOL_SOCKET, SO_USER_COOKIE, MPO_SUBFLOWS),
	OPT(SOL_SOCKET, SO_PROTOCOL, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_TS_CLOCK, MPO_SOCKET),
	OPT(SOL_SOCKET, SO_MAX_PACING_RATE, MPO_SUBFLOWS),
	OPT(SOL_SOCKET, SO_DOMAIN, MPO_SOCKET),
#ifdef SO_SPLICE
	OPT(SOL_SOCKET, SO_SPLICE, MPO_SOCKET),
#endif

	OPT(IPPROTO_TCP, TCP_NODELAY, MPO_STREAM),
	OPT(IPPROTO_TCP, TCP_MAXSEG, MPO_SUBFLOWS),
	OPT(IPPROTO_TCP, TCP_NOPUSH, MPO_STREAM),
	OPT(IPPROTO_TCP, TCP_NOOPT, MPO_REFUSED),
	OPT(IPPROTO_TCP, TCP_MD5SIG, MPO_REFUSED),
	OPTS(IPPROTO_TCP, TCP_INFO, TCP_STATS, MPO_PRESENT),
	OPTS(IPPROTO_TCP, TCP_LOG, TCP_LOGDUMPID, MPO_PRESENT),
	OPTS(IPPROTO_TCP, TCP_TXTLS_ENABLE, TCP_RXTLS_MODE, MPO_REFUSED),
	OPTS(IPPROTO_TCP, TCP_IWND_NB, TCP_IWND_NSEG, MPO_OTHER),
#ifdef TCP_USE_DDP
	OPT(IPPROTO_TCP, TCP_USE_DDP, MPO_REFUSED),
#endif
	OPTS(IPPROTO_TCP, TCP_LOGID_CNT, TCP_USER_LOG, MPO_PRESENT),
	OPT(IPPROTO_TCP, TCP_CONGESTION, MPO_SUBFLOWS),
	OPT(IPPROTO_TCP, TCP_CCALGOOPT, MPO_SUBFLOWS),
	OPT(IPPROTO_TCP, TCP_MAXUNACKTIME, MPO_SUBFLOWS),
#ifdef TCP_MAXPEAKRATE
	OPT(IPPROTO_TCP, TCP_MAXPEAKRATE, MPO_OTHER),
#endif
	OPT(IPPROTO_TCP, TCP_IDLE_REDUCE, MPO_OTHER),
	OPT(IPPROTO_TCP, TCP_REMOTE_UDP_ENCAPS_PORT, MPO_REFUSED),
	OPTS(IPPROTO_TCP, TCP_DELACK, TCP_PERF_INFO, MPO_OTHER),
#ifdef TCP_LRD
	OPT(IPPROTO_TCP, TCP_LRD, MPO_SUBFLOWS),
#endif
	OPT(IPPROTO_TCP, TCP_KEEPINIT, MPO_SUBFLOWS),
	OPT(IPPROTO_TCP, TCP_KEEPIDLE, MPO_SUBFLOWS),
	OPT(IPPROTO_TCP, TCP_KEEPINTVL, MPO_SUBFLOWS),
	OPT(IPPROTO_TCP, TCP_KEEPCNT, MPO_SUBFLOWS),
	OPT(IPPROTO_TCP, TCP_FASTOPEN, MPO_REFUSED),
	OPT(IPPROTO_TCP, TCP_REUSPORT_LB_NUMA, MPO_OTHER),
	/* RACK's and BBR's: choosing those stacks is what excludes MPTCP. */
	OPTS(IPPROTO_TCP, TCP_RACK_MBUF_QUEUE, TCP_PACING_DND, MPO_OTHER),
#ifdef TCP_PCAP_OUT
	OPT(IPPROTO_TCP, TCP_PCAP_OUT, MPO_PRESENT),
	OPT(IPPROTO_TCP, TCP_PCAP_IN, MPO_PRESENT),
#endif
	OPTS(IPPROTO_TCP, TCP_FUNCTION_BLK, TCP_FUNCTION_ALIAS, MPO_REFUSED),

	OPT(IPPROTO_IP, IP_OPTIONS, MPO_REFUSED),
	OPT(IPPROTO_IP, IP_HDRINCL, MPO_OTHER),
	OPTS(IPPROTO_IP, IP_TOS, IP_TTL, MPO_SUBFLOWS),
	OPTS(IPPROTO_IP, IP_RECVOPTS, IP_RECVDSTADDR, MPO_OTHER),
	OPT(IPPROTO_IP, IP_RETOPTS, MPO_REFUSED),
	OPTS(IPPROTO_IP, IP_MULTICAST_IF, IP_RSVP_VIF_OFF, MPO_OTHER),
	OPT(IPPROTO_IP, IP_PORTRANGE, MPO_SUBFLOWS),
	OPT(IPPROTO_IP, IP_RECVIF, MPO_OTHER),
	OPT(IPPROTO_IP, IP_IPSEC_POLICY, MPO_REFUSED),
	OPT(IPPROTO_IP, IP_ONESBCAST, MPO_OTHER),
	/* A subflow is bound to an address that is this host's. */
	OPT(IPPROTO_IP, IP_BINDANY, MPO_PRESENT),
	OPT(IPPROTO_IP, IP_ORIGDSTADDR, MPO_OTHER),
	OPTS(IPPROTO_IP, IP_FW_TABLE_ADD, IP_FW_TABLE_LIST, MPO_OTHER),
	OPTS(IPPROTO_IP, IP_FW3, IP_DUMMYNET_FLUSH, MPO_OTHER),
	OPTS(IPPROTO_IP, IP_DUMMYNET_GET, IP_RECVTTL, MPO_OTHER),
	OPTS(IPPROTO_IP, IP_MINTTL, IP_DONTFRAG, MPO_SUBFLOWS),
	OPT(IPPROTO_IP, IP_RECVTOS, MPO_OTHER),
	OPTS(IPPROTO_IP, IP_ADD_SOURCE_MEMBERSHIP, IP_MSFILTER, MPO_OTHER),
	OPT(IPPROTO_IP, IP_VLAN_PCP, MPO_SUBFLOWS),
	OPTS(IPPROTO_IP, MCAST_JOIN_GROUP, MCAST_UNBLOCK_SOURCE, MPO_OTHER),
	OPTS(IPPROTO_IP, IP_FLOWID, IP_RSSBUCKETID, MPO_PRESENT),
	OPTS(IPPROTO_IP, IP_RECVFLOWID, IP_RECVRSSBUCKETID, MPO_OTHER),

	OPT(IPPROTO_IPV6, IPV6_SOCKOPT_RESERVED1, MPO_OTHER),
	OPT(IPPROTO_IPV6, IPV6_UNICAST_HOPS, MPO_SUBFLOWS),
	OPTS(IPPROTO_IPV6, IPV6_MULTICAST_IF, IPV6_LEAVE_GROUP, MPO_OTHER),
	OPT(IPPROTO_IPV6, IPV6_PORTRANGE, MPO_SUBFLOWS),
	/* The same options as RFC 2292 named them; the last sets them all. */
	OPT(IPPROTO_IPV6, IPV6_2292PKTINFO, MPO_REFUSED),
	OPT(IPPROTO_IPV6, IPV6_2292HOPLIMIT, MPO_REFUSED),
	OPTS(IPPROTO_IPV6, IPV6_2292NEXTHOP, IPV6_2292PKTOPTIONS, MPO_REFUSED),
	OPT(IPPROTO_IPV6, IPV6_CHECKSUM, MPO_OTHER),
	OPT(IPPROTO_IPV6, IPV6_V6ONLY, MPO_PRESENT),
	OPT(IPPROTO_IPV6, IPV6_IPSEC_POLICY, MPO_REFUSED),
	OPTS(IPPROTO_IPV6, IPV6_FW_ADD, IPV6_FW_GET, MPO_OTHER),
	OPT(IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, MPO_REFUSED),
	OPTS(IPPROTO_IPV6, IPV6_RECVPKTINFO, IPV6_RECVRTHDRDSTOPTS, MPO_OTHER),
	OPT(IPPROTO_IPV6, IPV6_USE_MIN_MTU, MPO_SUBFLOWS),
	OPT(IPPROTO_IPV6, IPV6_RECVPATHMTU, MPO_OTHER),
	OPT(IPPROTO_IPV6, IPV6_PATHMTU, MPO_PRESENT),
	/* An interface, an address and a router are those of one path. */
	OPT(IPPROTO_IPV6, IPV6_PKTINFO, MPO_REFUSED),
	OPT(IPPROTO_IPV6, IPV6_HOPLIMIT, MPO_REFUSED),
	OPTS(IPPROTO_IPV6, IPV6_NEXTHOP, IPV6_RTHDR, MPO_REFUSED),
	OPT(IPPROTO_IPV6, IPV6_RECVTCLASS, MPO_OTHER),
	OPT(IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, MPO_SUBFLOWS),
	OPTS(IPPROTO_IPV6, IPV6_TCLASS, IPV6_PREFER_TEMPADDR, MPO_SUBFLOWS),
	OPT(IPPROTO_IPV6, IPV6_BINDANY, MPO_PRESENT),
	OPTS(IPPROTO_IPV6, IPV6_FLOWID, IPV6_RSSBUCKETID, MPO_PRESENT),
	OPTS(IPPROTO_IPV6, IPV6_RECVFLOWID, IPV6_ORIGDSTADDR, MPO_OTHER),
	OPT(IPPROTO_IPV6, IPV6_MSFILTER, MPO_OTHER),
	OPT(IPPROTO_IPV6, IPV6_VLAN_PCP, MPO_SUBFLOWS),
	OPTS(IPPROTO_IPV6, MCAST_JOIN_GROUP, MCAST_UNBLOCK_SOURCE, MPO_OTHER),
#undef OPT
#undef OPTS
};

enum mptcp_optscope
mptcp_scope(const struct sockopt *sopt)
{
	u_int i;

	for (i = 0; i < nitems(mptcp_sockopts); i++)
		if (mptcp_sockopts[i].mo_level == sopt->sopt_level &&
		    mptcp_sockopts[i].mo_first <= sopt->sopt_name &&
		    mptcp_sockopts[i].mo_last >= sopt->sopt_name)
			return (mptcp_sockopts[i].mo_scope);
	return (MPO_OTHER);
}

/*
 * Whether an option must not be set while MPTCP is offered or used: it would
 * take segments away from the multipath level, or hold for one path only.
 */
bool
mptcp_refuses_option(const struct sockopt *sopt)
{

	return (sopt->sopt_dir == SOPT_SET &&
	    mptcp_scope(sopt) == MPO_REFUSED);
}

/*
 * What later subflows take over, as a subflow has it now.  INP lock, MP_LOCK.
 * A subflow has no values of the other family.
 */
void
mptcp_carry(struct mpcb *mp, struct tcpcb *tp)
{
	struct mptcp_carried *mc = &mp->mp_carried;
	const struct inpcb *inp = tptoinpcb(tp);
#ifdef INET6
	const struct ip6_pktopts *opts = inp->in6p_outputopts;
#endif

	INP_LOCK_ASSERT(inp);
	MP_LOCK_ASSERT(mp);
	mc->mc_inpflags = inp->inp_flags & MPTCP_INP_CARRIED;
	mc->mc_inpflags2 = inp->inp_flags2 & MPTCP_INP2_CARRIED;
	mc->mc_lrd = (tp->t_flags & TF_LRD) != 0;
	mc->mc_keepinit = tp->t_keepinit;
	mc->mc_keepidle = tp->t_keepidle;
	mc->mc_keepintvl = tp->t_keepintvl;
	mc->mc_keepcnt = tp->t_keepcnt;
	mc->mc_maxunacktime = tp->t_maxunacktime;
#ifdef INET6
	if (inp->inp_vflag & INP_IPV6PROTO) {
		mc->mc_has6 = true;
		mc->mc_hops = inp->in6p_hops;
		mc->mc_opts6 = opts != NULL;
		if (opts != NULL) {
			mc->mc_tclass = opts->ip6po_tclass;
			mc->mc_minmtu = opts->ip6po_minmtu;
			mc->mc_tempaddr = opts->ip6po_prefer_tempaddr;
			mc->mc_ip6flags = opts->ip6po_flags;
		}
		return;
	}
#endif
	mc->mc_has4 = true;
	mc->mc_tos = inp->inp_ip_tos;
	mc->mc_ttl = inp->inp_ip_ttl;
	mc->mc_minttl = inp->inp_ip_minttl;
}

#ifdef INET6
/*
 * The IPv6 options of a new subflow, instead of what its listener may have
 * left.  Without memory it has none.
 */
static void
mptcp_inherit6(const struct mptcp_carried *mc, struct inpcb *inp)
{
	struct ip6_pktopts opts;

	inp->in6p_hops = mc->mc_hops;
	ip6_freepcbopts(inp->in6p_outputopts);
	inp->in6p_outputopts = NULL;
	if (!mc->mc_opts6)
		return;
	ip6_initpktopts(&opts);
	opts.ip6po_tclass = mc->mc_tclass;
	opts.ip6po_minmtu = mc->mc_minmtu;
	opts.ip6po_prefer_tempaddr = mc->mc_tempaddr;
	opts.ip6po_flags = mc->mc_ip6flags;
	inp->in6p_outputopts = ip6_copypktopts(&opts, M_NOWAIT);
}
#endif

/*
 * What TCP and IP read from a subflow's socket.
 */
void
mptcp_inherit_socket(const struct socket *from, struct socket *so)
{
	const int carried = SO_KEEPALIVE | SO_DONTROUTE;

	so->so_options = (so->so_options & ~carried) |
	    (from->so_options & carried) | SO_OOBINLINE;
	so->so_fibnum = from->so_fibnum;
	so->so_user_cookie = from->so_user_cookie;
	so->so_max_pacing_rate = from->so_max_pacing_rate;
}

/*
 * What a new subflow takes over from the connection.  Its INP write lock,
 * MP_LOCK.  TCP_MAXSEG is mptcp_clamp()'s: TCP sets t_maxseg when it
 * is connected.
 */
void
mptcp_inherit(struct mpcb *mp, struct socket *so, struct tcpcb *tp)
{
	const struct mptcp_carried *mc = &mp->mp_carried;
	struct inpcb *inp = tptoinpcb(tp);

	INP_WLOCK_ASSERT(inp);
	MP_LOCK_ASSERT(mp);
	if (so->so_max_pacing_rate != mp->mp_so->so_max_pacing_rate)
		inp->inp_flags2 |= INP_RATE_LIMIT_CHANGED;
	mptcp_inherit_socket(mp->mp_so, so);
	inp->inp_inc.inc_fibnum = so->so_fibnum;
	inp->inp_flags = (inp->inp_flags & ~MPTCP_INP_CARRIED) |
	    mc->mc_inpflags;
	inp->inp_flags2 = (inp->inp_flags2 & ~MPTCP_INP2_CARRIED) |
	    mc->mc_inpflags2;
	tp->t_flags = (tp->t_flags & ~TF_LRD) | (mc->mc_lrd ? TF_LRD : 0);
	tp->t_keepinit = mc->mc_keepinit;
	tp->t_keepidle = mc->mc_keepidle;
	tp->t_keepintvl = mc->mc_keepintvl;
	tp->t_keepcnt = mc->mc_keepcnt;
	tp->t_maxunacktime = mc->mc_maxunacktime;
#ifdef INET6
	if (inp->inp_vflag & INP_IPV6PROTO) {
		if (mc->mc_has6)
			mptcp_inherit6(mc, inp);
		return;
	}
#endif
	if (mc->mc_has4) {
		inp->inp_ip_tos = mc->mc_tos;
		inp->inp_ip_ttl = mc->mc_ttl;
		inp->inp_ip_minttl = mc->mc_minttl;
	}
}

/*
 * TCP_MAXSEG on a subflow whose TCP came up after it was set.  INP write lock,
 * MP_LOCK.
 */
void
mptcp_clamp(const struct mpcb *mp, struct tcpcb *tp)
{

	MP_LOCK_ASSERT(mp);
	if (mp->mp_carried.mc_maxseg != 0 &&
	    tp->t_maxseg > mp->mp_carried.mc_maxseg)
		tp->t_maxseg = mp->mp_carried.mc_maxseg;
}

/*
 * Whether a socket, or the listener that it comes from, excludes MPTCP: what
 * was asked for works on one TCP connection only, or would be left out on
 * further subflows.  INP lock.
 */
bool
mptcp_excluded(struct tcpcb *tp)
{
	const struct inpcb *inp = tptoinpcb(tp);

	INP_LOCK_ASSERT(inp);
	if ((tp->t_flags & (TF_NOOPT | TF_SIGNATURE | TF_TOE)) != 0 ||
	    tp->t_port != 0)
		return (true);
	/* Another stack.  A subflow's private one is another, too. */
	if (!mptcp_is_subflow(tp) &&
	    tp->t_fb->tfb_tcp_output != tcp_default_output)
		return (true);
#if defined(IPSEC) || defined(IPSEC_SUPPORT)
	if (inp->inp_sp != NULL &&
	    (inp->inp_sp->flags & (INP_INBOUND_POLICY | INP_OUTBOUND_POLICY)))
		return (true);
#endif
#ifdef INET6
	if ((inp->inp_vflag & INP_IPV6PROTO) != 0)
		return (inp->in6p_outputopts != NULL &&
		    (inp->in6p_outputopts->ip6po_pktinfo != NULL ||
		    inp->in6p_outputopts->ip6po_nexthop != NULL ||
		    inp->in6p_outputopts->ip6po_hbh != NULL ||
		    inp->in6p_outputopts->ip6po_dest1 != NULL ||
		    inp->in6p_outputopts->ip6po_rthdr != NULL ||
		    inp->in6p_outputopts->ip6po_dest2 != NULL));
#endif
	return (inp->inp_options != NULL);
}
