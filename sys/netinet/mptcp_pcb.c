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
 * MPCBs: making them, finding them, counting who needs them, letting them go.
 *
 * A pending task, each subflow's memory and the application's socket hold a
 * reference on the MPCB.
 *
 * Locks: mptcp_find(), mptcp_next(), mptcp_publish() and mptcp_unpublish() take
 * MPP_LOCK.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

MALLOC_DEFINE(M_MPTCP, "mptcp", "Multipath TCP");

SDT_PROVIDER_DEFINE(mptcp);
SDT_PROBE_DEFINE2(mptcp, , , established, "struct mpcb *", "void *");
SDT_PROBE_DEFINE2(mptcp, , , fallback, "struct mpcb *", "int");
SDT_PROBE_DEFINE4(mptcp, , , map, "struct mpcb *", "int", "uint64_t",
    "uint32_t");
SDT_PROBE_DEFINE3(mptcp, , , reass, "struct mpcb *", "int", "uint32_t");
SDT_PROBE_DEFINE2(mptcp, , , join__ack, "struct mpcb *", "int");
SDT_PROBE_DEFINE3(mptcp, , , join__open, "struct mpcb *", "int", "int");
SDT_PROBE_DEFINE3(mptcp, , , subflow__closed, "struct mpcb *", "int", "int");


struct mpcb *
mpcb_alloc(struct socket *so, struct inpcb *inp)
{
	struct mpcb *mp;

	mp = malloc(sizeof(*mp), M_MPTCP, M_NOWAIT | M_ZERO);
	if (mp == NULL)
		return (NULL);
	mtx_init(&mp->mp_mtx, "mp_lock", NULL, MTX_DEF);
	mtx_init(&mp->mp_dead_mtx, "mp_dead", NULL, MTX_DEF);
	STAILQ_INIT(&mp->mp_dead);
	callout_init_mtx(&mp->mp_callout, &mp->mp_mtx, 0);
	TASK_INIT(&mp->mp_task, 0, mptcp_task, mp);
	refcount_init(&mp->mp_refs, 1);
	mp->mp_vnet = curvnet;
	mp->mp_so = so;
	mp->mp_cred = crhold(so->so_cred);
	mp->mp_inp = inp;
	mp->mp_nxt = 1;
	return (mp);
}

void
mpcb_ref(struct mpcb *mp)
{

	refcount_acquire(&mp->mp_refs);
}

void
mpcb_rele(struct mpcb *mp)
{
	uint64_t token;

	if (!refcount_release(&mp->mp_refs))
		return;
	if (mp->mp_core != NULL) {
		while (mptcp_core_mpcb_teardown(mp->mp_core, &token)) {
			mptcp_unhold(mp, (struct mbuf *)(uintptr_t)token);
			m_freem((struct mbuf *)(uintptr_t)token);
		}
		mptcp_core_mpcb_free(mp->mp_core);
	}
	m_freem(mp->mp_spare);
	crfree(mp->mp_cred);
	mtx_destroy(&mp->mp_dead_mtx);
	mtx_destroy(&mp->mp_mtx);
	free(mp, M_MPTCP);
}

/*
 * The MPCB with our token, referenced; NULL where there is none.
 */
struct mpcb *
mptcp_find(uint32_t token)
{
	struct mpcb *mp;
	uint64_t handle;

	mp = NULL;
	MPP_RLOCK();
	if (V_mptcp.mv_tokens != NULL &&
	    mptcp_core_tokens_lookup(V_mptcp.mv_tokens, token, &handle)) {
		mp = (struct mpcb *)(uintptr_t)handle;
		mpcb_ref(mp);
	}
	MPP_RUNLOCK();
	return (mp);
}

/*
 * Walks the connections of this VNET: returns the one after mp (the first for
 * NULL) with a reference, and drops the one on mp.
 */
struct mpcb *
mptcp_next(struct mpcb *mp)
{
	struct mpcb *next;

	MPP_RLOCK();
	if (mp == NULL)
		next = LIST_FIRST(&V_mptcp.mv_mpcbs);
	else if (mp->mp_dying)
		next = NULL;		/* off the list: the walk ends */
	else
		next = LIST_NEXT(mp, mp_list);
	if (next != NULL)
		mpcb_ref(next);
	MPP_RUNLOCK();
	if (mp != NULL)
		mpcb_rele(mp);
	return (next);
}

bool
mptcp_publish(struct mpcb *mp)
{
	bool ok;

	MPP_WLOCK();
	ok = V_mptcp.mv_tokens != NULL &&
	    mptcp_core_tokens_insert(V_mptcp.mv_tokens, mp->mp_token,
	    (uintptr_t)mp) == 0;
	if (ok) {
		LIST_INSERT_HEAD(&V_mptcp.mv_mpcbs, mp, mp_list);
		V_mptcp.mv_count++;
	}
	MPP_WUNLOCK();
	if (ok)
		mptcp_count_established();
	return (ok);
}

/*
 * No join and no address change finds it any more.  Its counters stay.
 */
void
mptcp_unpublish(struct mpcb *mp)
{

	mptcp_count_ended(mp);
	MPP_WLOCK();
	/* The table stays until mv_count is 0 (mptcp_vnet_uninit()). */
	mptcp_core_tokens_remove(V_mptcp.mv_tokens, mp->mp_token);
	LIST_REMOVE(mp, mp_list);
	V_mptcp.mv_count--;
	MPP_WUNLOCK();
}

/*
 * tcp_subr.c: the socket that owns a subflow's pcb, as sockstat(1) and
 * netstat(1) should see it.  INP lock.  Under MP_LOCK, for the application's
 * socket is freed by whoever holds another subflow's lock, or none;
 * mptcp_usr_detach() comes before.
 */
void
mptcp_toxsocket(const struct inpcb *inp, struct xsocket *xso)
{
	const struct mptcp_subflow *sub;
	struct tcpcb *tp;
	struct mpcb *mp;

	INP_LOCK_ASSERT(inp);
	tp = intotcpcb(__DECONST(struct inpcb *, inp));
	if (!mptcp_is_subflow(tp) || (sub = tptosubflow(tp)) == NULL ||
	    sub->ms_phase != MPS_UP)
		return;
	mp = sub->ms_mp;
	MP_LOCK(mp);
	if (!mp->mp_detached)
		sotoxsocket(mp->mp_so, xso);
	MP_UNLOCK(mp);
}
