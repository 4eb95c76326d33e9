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
 * Subflows: making them, counting who needs them, letting them go.
 *
 * A subflow has two counts.  ms_users: the MPCB's table and whoever works with
 * the subflow at the moment; with the last of them the task closes the subflow
 * socket, after which TCP lets the inpcb go in its own time.  ms_refs: the
 * memory, held by the users together and by t_fb_ptr.
 *
 * The first subflow's socket pins the inpcb that the application's socket
 * points to for ever, so it is closed last: when the application's socket has
 * been detached.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

/*
 * A subflow for tp, with one user and one reference for the memory.
 */
struct mptcp_subflow *
mptcp_subflow_alloc(struct tcpcb *tp)
{
	struct mptcp_subflow *sub;

	sub = malloc(sizeof(*sub), M_MPTCP, M_NOWAIT | M_ZERO);
	if (sub == NULL)
		return (NULL);
	sub->ms_tp = tp;
	sub->ms_phase = MPS_OPENING;
	refcount_init(&sub->ms_refs, 1);
	refcount_init(&sub->ms_users, 1);
	return (sub);
}

void
mptcp_subflow_ref(struct mptcp_subflow *sub)
{

	refcount_acquire(&sub->ms_users);
}

/*
 * The i-th subflow with a use of the caller's, or NULL.  MP_LOCK is taken here.
 */
struct mptcp_subflow *
mptcp_subflow_get(struct mpcb *mp, int i)
{
	struct mptcp_subflow *sub;

	MP_LOCK(mp);
	sub = mp->mp_sub[i];
	if (sub != NULL)
		mptcp_subflow_ref(sub);
	MP_UNLOCK(mp);
	return (sub);
}

/*
 * The last user gone, the task closes the socket.  May be called with any lock
 * but MP_LOCK, which may go with the MPCB.
 */
void
mptcp_subflow_rele(struct mptcp_subflow *sub)
{
	struct mpcb *mp;

	if (!refcount_release(&sub->ms_users))
		return;
	mp = sub->ms_mp;
	if (mp == NULL || sub->ms_so == NULL) {
		mptcp_subflow_free(sub);
		return;
	}
	/* Once it is in the queue a task may free it, and with it the MPCB. */
	mpcb_ref(mp);
	mtx_lock(&mp->mp_dead_mtx);
	STAILQ_INSERT_TAIL(&mp->mp_dead, sub, ms_dead);
	mtx_unlock(&mp->mp_dead_mtx);
	mptcp_schedule(mp);
	mpcb_rele(mp);
}

/*
 * Drops a reference on the memory.
 */
void
mptcp_subflow_free(struct mptcp_subflow *sub)
{
	struct mpcb *mp;

	if (!refcount_release(&sub->ms_refs))
		return;
	mp = sub->ms_mp;
	if (sub->ms_tx != NULL)
		mptcp_core_tx_free(NULL, sub->ms_tx);
	free(sub, M_MPTCP);
	if (mp != NULL)
		mpcb_rele(mp);
}

/*
 * Puts the private stack on a tcpcb that runs the default one.
 */
bool
mptcp_fb_attach(struct tcpcb *tp, struct mptcp_subflow *sub)
{

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	if (tp->t_fb->tfb_tcp_output != tcp_default_output)
		return (false);
	if (tp->t_fb->tfb_tcp_fb_fini != NULL)
		(*tp->t_fb->tfb_tcp_fb_fini)(tp, 0);
	refcount_release(&tp->t_fb->tfb_refcnt);
	refcount_acquire(&mptcp_fb.tfb_refcnt);
	tp->t_fb = &mptcp_fb;
	tp->t_fb_ptr = sub;
	/* Segments of a map leave as they are; Nagle works on the stream. */
	return (true);
}

/*
 * Back to the default stack: the connection is plain TCP for good.
 */
void
mptcp_fb_detach(struct tcpcb *tp)
{
	struct mptcp_subflow *sub;

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	sub = tptosubflow(tp);
	sub->ms_phase = MPS_GONE;
	/* Releases the memory that t_fb_ptr holds (mptcp_fb_fini). */
	tcp_switch_back_to_default(tp);
	mptcp_subflow_rele(sub);
}

void
mptcp_sockaddr(const struct inpcb *inp, struct mptcp_core_addr *local,
    struct mptcp_core_addr *remote)
{

	bzero(local, sizeof(*local));
	bzero(remote, sizeof(*remote));
	local->port = ntohs(inp->inp_lport);
	remote->port = ntohs(inp->inp_fport);
#ifdef INET6
	if (inp->inp_vflag & INP_IPV6) {
		local->family = remote->family = 6;
		bcopy(&inp->in6p_laddr, local->ip, sizeof(struct in6_addr));
		bcopy(&inp->in6p_faddr, remote->ip, sizeof(struct in6_addr));
		return;
	}
#endif
	local->family = remote->family = 4;
	bcopy(&inp->inp_laddr, local->ip, sizeof(struct in_addr));
	bcopy(&inp->inp_faddr, remote->ip, sizeof(struct in_addr));
}
