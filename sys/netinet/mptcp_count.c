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
 * Counters of a VNET, counted.
 *
 * Sums are of counter(9), so that whoever counts takes no lock and writes to no
 * memory that another processor writes to.  What a connection counts itself is
 * under its MP_LOCK, and comes to the sums when the connection ends.
 *
 * Locks: none.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

/*
 * There before, and for longer than, whatever may count: as tcpstat.
 */
static void
mptcp_counters_init(const void *unused __unused)
{

	COUNTER_ARRAY_ALLOC(V_mptcp.mv_stats, MPTCP_NSTATS, M_WAITOK);
	COUNTER_ARRAY_ALLOC(V_mptcp.mv_fallbacks, MPTCP_NFALLBACKS, M_WAITOK);
	V_mptcp.mv_established = counter_u64_alloc(M_WAITOK);
	V_mptcp.mv_debug_suppressed = counter_u64_alloc(M_WAITOK);
	V_mptcp.mv_debug_rate = MPTCP_DEBUG_RATE;
}
VNET_SYSINIT(mptcp_counters_init, SI_SUB_INIT_IF, SI_ORDER_FIRST,
    mptcp_counters_init, NULL);

#ifdef VIMAGE
static void
mptcp_counters_free(const void *unused __unused)
{

	COUNTER_ARRAY_FREE(V_mptcp.mv_stats, MPTCP_NSTATS);
	COUNTER_ARRAY_FREE(V_mptcp.mv_fallbacks, MPTCP_NFALLBACKS);
	counter_u64_free(V_mptcp.mv_established);
	counter_u64_free(V_mptcp.mv_debug_suppressed);
}
VNET_SYSUNINIT(mptcp_counters_free, SI_SUB_INIT_IF, SI_ORDER_FIRST,
    mptcp_counters_free, NULL);
#endif

/*
 * A connection became plain TCP.  Any lock may be held.
 */
void
mptcp_count_fallback(int reason)
{

	if (reason >= 0 && reason < MPTCP_NFALLBACKS)
		counter_u64_add(V_mptcp.mv_fallbacks[reason], 1);
}

/*
 * A connection became multipath.  Any lock may be held.
 */
void
mptcp_count_established(void)
{

	counter_u64_add(V_mptcp.mv_established, 1);
}

/*
 * What a connection counted, which is about to leave the list.  MP_LOCK is
 * taken here.
 */
void
mptcp_count_ended(struct mpcb *mp)
{
	struct mptcp_core_stats stats;
	int i;

	MP_LOCK(mp);
	mptcp_core_stats_get(mp->mp_core, &stats);
	MP_UNLOCK(mp);
	for (i = 0; i < MPTCP_NSTATS; i++)
		counter_u64_add(V_mptcp.mv_stats[i], stats.v[i]);
}

/*
 * Whether one more debugging message may be logged in this second.  Any lock
 * may be held.
 */
bool
mptcp_may_log(void)
{

	if (ppsratecheck(&V_mptcp.mv_debug_last, &V_mptcp.mv_debug_pps,
	    V_mptcp.mv_debug_rate))
		return (true);
	counter_u64_add(V_mptcp.mv_debug_suppressed, 1);
	return (false);
}
