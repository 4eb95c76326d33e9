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
 * Socket options of a multipath connection: what each of FreeBSD's belongs to,
 * and what a new subflow takes over.
 *
 * The values that later subflows need are kept in the MPCB (struct
 * mptcp_carried), not read from the first subflow, which may be over.  They
 * are taken from a subflow after each setsockopt(2) that it took, under its
 * INP lock and MP_LOCK, and are given to a new one under the same two.
 *
 * tools/check-kernel fails where a header has an option without a row.
 *
 * Failure: errno values as TCP gives them; EOPNOTSUPP for what is refused.
 * Without memory a new subflow goes without the IPv6 options of the connection.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#ifdef INET6
#include <netinet/ip6.h>
#include <netinet6/ip6_var.h>
#endif
#include <netinet/cc/cc.h>

enum mptcp_optscope {
	MPO_SOCKET,	/* the connection's: sosetopt() has done all of it */
	MPO_STREAM,	/* the connection's: done here */
	MPO_SUBFLOWS,	/* every subflow, old and new */
	MPO_PRESENT,	/* every subflow that there is: it looks at one TCP */
	MPO_REFUSED,	/* what only one TCP connection has: excludes MPTCP */
	MPO_OTHER	/* other protocols and stacks: TCP says what it says */
};

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

static enum mptcp_optscope
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
 * The place of an option of the congestion control among those kept for later
 * subflows: that of an older one of the same name, or the next.
 */
static u_int
mptcp_ccopt_place(const struct mptcp_carried *mc, const struct mptcp_ccopt *opt)
{
	u_int i;

	for (i = 0; i < mc->mc_nccopts; i++)
		if (mc->mc_ccopts[i].mcc_len == opt->mcc_len &&
		    memcmp(mc->mc_ccopts[i].mcc_val, opt->mcc_val,
		    MPTCP_CCOPT_NAME) == 0)
			break;
	return (i);
}

/*
 * One socket option on one subflow.  The INP lock is taken here; TCP drops it.
 */
static int
mptcp_sub_ctloutput(struct mptcp_subflow *sub, struct sockopt *sopt)
{
	struct inpcb *inp = tptoinpcb(sub->ms_tp);

	if (sopt->sopt_dir == SOPT_SET && sopt->sopt_level == SOL_SOCKET)
		mptcp_inherit_socket(sub->ms_mp->mp_so, sub->ms_so);
	INP_WLOCK(inp);
	if (inp->inp_flags & INP_DROPPED) {
		INP_WUNLOCK(inp);
		return (ECONNRESET);
	}
	if (sopt->sopt_dir == SOPT_SET && sopt->sopt_level == SOL_SOCKET) {
		/* IP knows but some of them, and sosetopt() does not ask. */
		(void)tcp_ctloutput_set(inp, sopt);
		return (0);
	}
	if (sopt->sopt_dir == SOPT_SET)
		return (tcp_ctloutput_set(inp, sopt));
	if (sopt->sopt_level == IPPROTO_TCP)
		return (tcp_default_ctloutput(sub->ms_tp, sopt));
	INP_WUNLOCK(inp);
#ifdef INET6
	if (inp->inp_vflag & INP_IPV6PROTO)
		return (ip6_ctloutput(sub->ms_so, sopt));
#endif
#ifdef INET
	return (ip_ctloutput(sub->ms_so, sopt));
#else
	return (ENOPROTOOPT);
#endif
}

/*
 * TCP_NODELAY and TCP_NOPUSH: they speak of the application's stream, and
 * subflows always send what they have mapped at once.  What was held back goes
 * out when either lets it.
 */
static int
mptcp_ctl_stream(struct mpcb *mp, struct sockopt *sopt)
{
	bool *flag = sopt->sopt_name == TCP_NODELAY ? &mp->mp_nodelay :
	    &mp->mp_nopush;
	int error, optval;

	if (sopt->sopt_dir == SOPT_GET) {
		optval = *flag ? 1 : 0;
		return (sooptcopyout(sopt, &optval, sizeof(optval)));
	}
	error = sooptcopyin(sopt, &optval, sizeof(optval), sizeof(optval));
	if (error != 0)
		return (error);
	MP_LOCK(mp);
	*flag = optval != 0;
	mptcp_core_snd_append(mp->mp_core, 0, mptcp_now(mp));
	MP_UNLOCK(mp);
	mptcp_run(mp, false);
	return (0);
}

/*
 * The first subflow has taken an option that belongs to later ones, too.
 */
static void
mptcp_chosen(struct mpcb *mp, struct mptcp_subflow *sub,
    const struct sockopt *sopt)
{
	struct mptcp_carried *mc = &mp->mp_carried;
	struct tcpcb *tp = sub->ms_tp;
	struct inpcb *inp = tptoinpcb(tp);

	INP_WLOCK(inp);
	if (inp->inp_flags & INP_DROPPED) {
		INP_WUNLOCK(inp);
		return;
	}
	MP_LOCK(mp);
	mptcp_carry(mp, tp);
	if (sopt->sopt_level == IPPROTO_TCP)
		switch (sopt->sopt_name) {
		case TCP_CONGESTION:
			strlcpy(mp->mp_cc, CC_ALGO(tp)->name,
			    sizeof(mp->mp_cc));
			/* Another algorithm's options say nothing to it. */
			mc->mc_nccopts = 0;
			mp->mp_cc_due = true;
			break;
		case TCP_MAXSEG:
			mc->mc_maxseg = tp->t_maxseg;
			break;
		}
	MP_UNLOCK(mp);
	INP_WUNLOCK(inp);
	/* One that came up meanwhile was not among those it was set on. */
	if (sopt->sopt_level == IPPROTO_TCP)
		mptcp_schedule(mp);
}

/*
 * Gives the chosen congestion control and its options to subflows that have
 * others.  From the task; no lock is held.  An algorithm that was unloaded is
 * left out.
 */
void
mptcp_congestion_task(struct mpcb *mp)
{
	struct mptcp_ccopt opts[MPTCP_MAXCCOPTS];
	char name[TCP_CA_NAME_MAX];
	struct mptcp_subflow *sub;
	struct inpcb *inp;
	bool differs, due;
	u_int i, j, n;

	MP_LOCK(mp);
	due = mp->mp_cc_due;
	mp->mp_cc_due = false;
	strlcpy(name, mp->mp_cc, sizeof(name));
	n = mp->mp_carried.mc_nccopts;
	memcpy(opts, mp->mp_carried.mc_ccopts, sizeof(opts));
	MP_UNLOCK(mp);
	if (!due)
		return;
	for (i = 0; i < MPTCP_MAXSUBFLOWS; i++) {
		if ((sub = mptcp_subflow_get(mp, i)) == NULL)
			continue;
		inp = tptoinpcb(sub->ms_tp);
		INP_WLOCK(inp);
		differs = (inp->inp_flags & INP_DROPPED) == 0 &&
		    name[0] != '\0' &&
		    strcmp(CC_ALGO(sub->ms_tp)->name, name) != 0;
		INP_WUNLOCK(inp);
		if (differs)
			(void)so_setsockopt(sub->ms_so, IPPROTO_TCP,
			    TCP_CONGESTION, name, strlen(name));
		for (j = 0; j < n; j++)
			(void)so_setsockopt(sub->ms_so, IPPROTO_TCP,
			    TCP_CCALGOOPT, opts[j].mcc_val, opts[j].mcc_len);
		mptcp_subflow_rele(sub);
	}
}

/*
 * Whether an option of IP or IPv6 says nothing to a subflow, which is of the
 * other family than the first.
 */
static bool
mptcp_other_family(const struct mpcb *mp, const struct mptcp_subflow *sub,
    const struct sockopt *sopt)
{

	return ((sopt->sopt_level == IPPROTO_IP ||
	    sopt->sopt_level == IPPROTO_IPV6) &&
	    ((tptoinpcb(sub->ms_tp)->inp_vflag ^ mp->mp_inp->inp_vflag) &
	    INP_IPV6PROTO) != 0);
}

/*
 * Reads an option from the first subflow that lives, or sets it on all of them;
 * what is not MPTCP's business is asked of the first one only.
 */
static int
mptcp_ctl_subflows(struct mpcb *mp, struct sockopt *sopt,
    enum mptcp_optscope scope)
{
	struct mptcp_subflow *sub;
	const size_t valsize = sopt->sopt_valsize;
	const bool set = sopt->sopt_dir == SOPT_SET;
	/*
	 * Enough if one subflow takes it: mptcp_clamp() and the task see to
	 * those that have smaller segments, or another algorithm for now.
	 */
	const bool one = set && sopt->sopt_level == IPPROTO_TCP &&
	    (sopt->sopt_name == TCP_MAXSEG || sopt->sopt_name == TCP_CCALGOOPT);
	bool any;
	int error, i;

	any = false;
	error = ECONNRESET;
	for (i = 0; i < MPTCP_MAXSUBFLOWS; i++) {
		if ((sub = mptcp_subflow_get(mp, i)) == NULL)
			continue;
		if (mptcp_other_family(mp, sub, sopt)) {
			mptcp_subflow_rele(sub);
			continue;
		}
		sopt->sopt_valsize = valsize;
		error = mptcp_sub_ctloutput(sub, sopt);
		if (set && error == 0 && !any && scope == MPO_SUBFLOWS)
			mptcp_chosen(mp, sub, sopt);
		mptcp_subflow_rele(sub);
		any |= error == 0;
		if (one && any)
			error = 0;
		if (error == ECONNRESET)
			continue;
		if (!set || scope == MPO_OTHER || error != 0)
			break;
	}
	return (any && error == ECONNRESET ? 0 : error);
}

/*
 * TCP_CCALGOOPT: what the subflows take is kept for later ones.
 */
static int
mptcp_ctl_ccopt(struct mpcb *mp, const struct sockopt *sopt)
{
	struct mptcp_carried *mc = &mp->mp_carried;
	struct mptcp_ccopt opt;
	struct sockopt copy;
	u_int i;
	int error;

	/* The name of the option comes first, as in cc_newreno.h. */
	if (sopt->sopt_valsize < MPTCP_CCOPT_NAME ||
	    sopt->sopt_valsize > sizeof(opt.mcc_val))
		return (EOPNOTSUPP);
	bzero(&opt, sizeof(opt));
	opt.mcc_len = sopt->sopt_valsize;
	copy = *sopt;
	error = sooptcopyin(&copy, opt.mcc_val, opt.mcc_len, opt.mcc_len);
	if (error != 0)
		return (error);
	MP_LOCK(mp);
	i = mptcp_ccopt_place(mc, &opt);
	MP_UNLOCK(mp);
	if (i == MPTCP_MAXCCOPTS)
		return (ENOBUFS);
	copy.sopt_val = opt.mcc_val;
	copy.sopt_td = NULL;
	error = mptcp_ctl_subflows(mp, &copy, MPO_SUBFLOWS);
	if (error != 0)
		return (error);
	MP_LOCK(mp);
	i = mptcp_ccopt_place(mc, &opt);
	if (i < MPTCP_MAXCCOPTS) {	/* else another thread was faster */
		mc->mc_ccopts[i] = opt;
		mc->mc_nccopts = max(mc->mc_nccopts, i + 1);
	}
	mp->mp_cc_due = true;
	MP_UNLOCK(mp);
	/* One that came up meanwhile was not among those it was set on. */
	mptcp_schedule(mp);
	return (0);
}

/*
 * Socket options on a multipath connection.
 */
int
mptcp_ctloutput(struct socket *so __unused, struct inpcb *inp,
    struct sockopt *sopt)
{
	const enum mptcp_optscope scope = mptcp_scope(sopt);
	const bool set = sopt->sopt_dir == SOPT_SET;
	struct mpcb *mp;
	int error;

	mp = mptcp_usr_enter(inp);
	if (scope == MPO_STREAM)
		error = mptcp_ctl_stream(mp, sopt);
	else if (mptcp_refuses_option(sopt))
		error = EOPNOTSUPP;
	else if (set && scope == MPO_SOCKET)
		error = 0;
	else if (set && sopt->sopt_level == IPPROTO_TCP &&
	    sopt->sopt_name == TCP_CCALGOOPT)
		error = mptcp_ctl_ccopt(mp, sopt);
	else
		error = mptcp_ctl_subflows(mp, sopt, scope);
	mpcb_rele(mp);
	return (error);
}
