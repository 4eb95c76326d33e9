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
 * net.inet.tcp.mptcp.stats: the counters of a VNET, read.
 *
 * Locks: a reader of a connection's counters takes MPP_LOCK and MP_LOCK, one
 * after the other.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

SYSCTL_DECL(_net_inet_tcp_mptcp);
SYSCTL_NODE(_net_inet_tcp_mptcp, OID_AUTO, stats, CTLFLAG_RD | CTLFLAG_MPSAFE,
    0, "Multipath TCP counters");

/*
 * Counter n over all connections of this VNET, those that ended included.
 */
static uint64_t
mptcp_counter(u_int n)
{
	struct mptcp_core_stats one;
	struct mpcb *mp;
	uint64_t sum;

	sum = counter_u64_fetch(V_mptcp.mv_stats[n]);
	/* MPP_LOCK is a leaf: take references first, MP_LOCK then. */
	for (mp = mptcp_next(NULL); mp != NULL; mp = mptcp_next(mp)) {
		MP_LOCK(mp);
		mptcp_core_stats_get(mp->mp_core, &one);
		MP_UNLOCK(mp);
		sum += one.v[n];
	}
	return (sum);
}

/*
 * A counter of the core's; arg2 is its number.
 */
static int
mptcp_sysctl_counter(SYSCTL_HANDLER_ARGS)
{
	uint64_t sum;

	sum = mptcp_counter(arg2);
	return (sysctl_handle_64(oidp, &sum, 0, req));
}

/*
 * Fallbacks to plain TCP by reason; arg2 is the reason.
 */
static int
mptcp_sysctl_fallback(SYSCTL_HANDLER_ARGS)
{
	uint64_t sum;

	sum = counter_u64_fetch(V_mptcp.mv_fallbacks[arg2]);
	return (sysctl_handle_64(oidp, &sum, 0, req));
}

/*
 * The names of the counters are the core's, so their nodes are made at run
 * time, once for all VNETs.
 */
static void
mptcp_sysctl_init(const void *unused __unused)
{
	struct sysctl_oid_list *stats;
	struct sysctl_oid *fallback;
	u_int i;

	stats = SYSCTL_STATIC_CHILDREN(_net_inet_tcp_mptcp_stats);
	for (i = 0; i < MPTCP_NSTATS; i++)
		SYSCTL_ADD_PROC(NULL, stats, OID_AUTO,
		    mptcp_core_stats_name(i), CTLTYPE_U64 | CTLFLAG_VNET |
		    CTLFLAG_RD | CTLFLAG_MPSAFE, NULL, i, mptcp_sysctl_counter,
		    "QU", "mptcp(4) describes it");
	fallback = SYSCTL_ADD_NODE(NULL, stats, OID_AUTO, "fallback",
	    CTLFLAG_RD | CTLFLAG_MPSAFE, NULL,
	    "Connections that became plain TCP, by reason");
	if (fallback == NULL)
		return;
	for (i = 0; i < MPTCP_NFALLBACKS; i++)
		SYSCTL_ADD_PROC(NULL, SYSCTL_CHILDREN(fallback), OID_AUTO,
		    mptcp_core_fallback_name(i), CTLTYPE_U64 | CTLFLAG_VNET |
		    CTLFLAG_RD | CTLFLAG_MPSAFE, NULL, i,
		    mptcp_sysctl_fallback, "QU", "mptcp(4) describes it");
}
SYSINIT(mptcp_sysctl, SI_SUB_PROTO_DOMAIN, SI_ORDER_ANY, mptcp_sysctl_init,
    NULL);

/*
 * A single counter; arg1 is its place in the VNET.
 */
static int
mptcp_sysctl_single(SYSCTL_HANDLER_ARGS)
{
	uint64_t sum;

	sum = counter_u64_fetch(*(counter_u64_t *)arg1);
	return (sysctl_handle_64(oidp, &sum, 0, req));
}
#define	MPTCP_SINGLE(name, field, descr)				\
	SYSCTL_PROC(_net_inet_tcp_mptcp_stats, OID_AUTO, name,		\
	    CTLFLAG_VNET | CTLTYPE_U64 | CTLFLAG_RD | CTLFLAG_MPSAFE,	\
	    &VNET_NAME(mptcp.field), 0, mptcp_sysctl_single, "QU", descr)

MPTCP_SINGLE(established, mv_established, "Connections that became multipath");
MPTCP_SINGLE(debug_suppressed, mv_debug_suppressed,
    "Debugging messages that mp_debug_rate suppressed");
SYSCTL_ULONG(_net_inet_tcp_mptcp_stats, OID_AUTO, reass_memory,
    CTLFLAG_VNET | CTLFLAG_RD, &VNET_NAME(mptcp.mv_held_mem), 0,
    "Memory of the pieces that are held now, bytes");
SYSCTL_UINT(_net_inet_tcp_mptcp_stats, OID_AUTO, connections,
    CTLFLAG_VNET | CTLFLAG_RD, &VNET_NAME(mptcp.mv_count), 0,
    "Multipath connections that there are");
