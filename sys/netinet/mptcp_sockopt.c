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
 * Socket options of a multipath connection, set and read.
 *
 * What belongs to which is mptcp_inherit.c's.
 *
 * Locks: mptcp_ctloutput() is entered with the INP write lock, which is dropped.
 *
 * Failure: errno values as TCP gives them; EOPNOTSUPP for what is refused.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#ifdef INET6
#include <netinet6/ip6_var.h>
#endif
#include <netinet/cc/cc.h>

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
