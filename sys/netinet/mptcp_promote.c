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
 * A tcpcb becomes a subflow: the first one, whose socket stays the application's,
 * and further ones.
 *
 * Locks: the INP write lock on entry and on return.
 *
 * Failure: promotion allocates with M_NOWAIT; what cannot be had leaves the
 * connection plain TCP.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>
#include <netinet/cc/cc.h>

/*
 * A subflow socket beside so, with buffers of its own: the send buffer holds
 * what is mapped, the receive buffer is drained at once.
 */
struct socket *
mptcp_sosubflow(struct socket *so)
{
	struct socket *sso;

	sso = sosubflow(so);
	if (sso == NULL)
		return (NULL);
	mptcp_inherit_socket(so, sso);
	mptcp_size_buffers(sso);
	return (sso);
}

static bool
mptcp_promote_alloc(struct tcpcb *tp, struct mptcp_subflow *sub,
    struct socket *so, const struct mptcp_core_agreed *agreed,
    struct mpcb **mpp, struct socket **ssop)
{
	struct mptcp_core_config cfg;
	struct mptcp_core_agreed_info info;
	struct mptcp_core_start start;
	struct mpcb *mp;

	if ((mp = mpcb_alloc(so, tptoinpcb(tp))) == NULL)
		return (false);
	mptcp_core_agreed_info(agreed, &info);
	mp->mp_token = info.local_token;
	bzero(&start, sizeof(start));
	mptcp_sockaddr(tptoinpcb(tp), &start.local, &start.remote);
	start.snd_window = tp->snd_wnd;
	start.rcv_space = lmax(sbspace(&so->so_rcv), 0);
	MPP_RLOCK();
	cfg = V_mptcp.mv_config;
	MPP_RUNLOCK();
	mp->mp_core = mptcp_core_mpcb_new(agreed, &cfg, &start);
	if (mp->mp_core != NULL)
		sub->ms_tx = mptcp_core_tx_new(mp->mp_core, 0);
	if (sub->ms_tx == NULL || (*ssop = mptcp_sosubflow(so)) == NULL) {
		mpcb_rele(mp);
		return (false);
	}
	*mpp = mp;
	return (true);
}

/*
 * Pinned promotion.  The application's socket so stays with its so_pcb; the
 * inpcb goes to a new subflow socket.  INP write lock.  Returns false, with
 * nothing changed, where memory is short, or the application's socket is not
 * fit any more (closed in the meantime, or under kTLS).
 */
bool
mptcp_promote(struct tcpcb *tp, struct socket *so,
    const struct mptcp_core_agreed *agreed)
{
	struct inpcb *inp = tptoinpcb(tp);
	struct mptcp_subflow *sub = tptosubflow(tp);
	struct socket *sso;
	struct mpcb *mp;

	INP_WLOCK_ASSERT(inp);
	if ((inp->inp_flags & INP_SOCKREF) != 0 || (tp->t_flags & TF_CLOSED) ||
	    mptcp_excluded(tp) || so->so_snd.sb_tls_info != NULL ||
	    so->so_rcv.sb_tls_info != NULL)
		return (false);
	if (!mptcp_promote_alloc(tp, sub, so, agreed, &mp, &sso))
		return (false);
	/* From here on the MPCB can be found, and is used with MP_LOCK. */
	sub->ms_so = sso;
	sub->ms_mp = mp;
	sub->ms_sf = 0;
	mpcb_ref(mp);			/* the subflow's */
	mp->mp_sub[0] = sub;
	mp->mp_master = sub;
	MP_LOCK(mp);
	mptcp_carry(mp, tp);
	MP_UNLOCK(mp);
	mptcp_subflow_ref(sub);		/* mp_master's */
	if (!mptcp_publish(mp)) {
		sub->ms_so = NULL;
		sub->ms_mp = NULL;
		mptcp_core_tx_free(NULL, sub->ms_tx);
		sub->ms_tx = NULL;
		refcount_release(&sub->ms_users);
		refcount_release(&sso->so_count);
		sodealloc(sso);
		mpcb_rele(mp);
		mpcb_rele(mp);
		return (false);
	}
	soref(so);
	sso->so_pcb = inp;
	sso->so_state = (tp->t_state == TCPS_SYN_SENT) ? SS_ISCONNECTING :
	    SS_ISCONNECTED;
	/* soisconnected() is TCP's business, but on the wrong socket. */
	mp->mp_connected = tp->t_state == TCPS_SYN_SENT ||
	    (tp->t_flags & TF_SONOTCONN) != 0;
	/* A passive one may be aborted before accept(2). */
	mp->mp_owned = tp->t_state == TCPS_SYN_SENT;
	mp->mp_nodelay = (tp->t_flags & TF_NODELAY) != 0;
	mp->mp_nopush = (tp->t_flags & TF_NOPUSH) != 0;
	if (CC_ALGO(tp) != CC_DEFAULT_ALGO())
		strlcpy(mp->mp_cc, CC_ALGO(tp)->name, sizeof(mp->mp_cc));
	sub->ms_phase = MPS_UP;
	/* Both belong to the stream: a subflow sends what it has mapped. */
	tp->t_flags = (tp->t_flags & ~TF_NOPUSH) | TF_NODELAY;
	/* mptcp_diverted_nolock(): whoever sees it sees all of the above. */
	atomic_store_rel_ptr((uintptr_t *)&inp->inp_socket, (uintptr_t)sso);
	mptcp_uncharge(sub);
	MP_LOCK(mp);
	mptcp_core_set_snd_hiwat(mp->mp_core, so->so_snd.sb_hiwat);
	mptcp_appended(mp);
	mp->mp_addrs_due = true;
	mptcp_sync(mp, sub);
	MP_UNLOCK(mp);
	MPTCP_PROBE2(established, mp, agreed);
	MPTCP_DEBUG(MPSESSION, 1, "%08x: established, %s\n", mp->mp_token,
	    mp->mp_connected ? "active" : "passive");
	mptcp_schedule(mp);
	return (true);
}

/*
 * A further subflow, whose TCP has been made: tp runs the private stack with
 * sub, and sub has its socket.  INP write lock.  Returns false where the core
 * has given the subflow up since it gave out sf, perhaps to another.
 */
bool
mptcp_subflow_up(struct mpcb *mp, struct mptcp_subflow *sub, uint8_t sf,
    bool ours)
{
	struct tcpcb *tp = sub->ms_tp;
	int state;

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	MP_LOCK(mp);
	if (sf < MPTCP_MAXSUBFLOWS && mp->mp_sub[sf] == NULL &&
	    !mp->mp_dying) {
		state = mptcp_core_subflow_state(mp->mp_core, sf);
		if ((state == MPTCP_SFS_JOIN_SYN_SENT) == ours)
			sub->ms_tx = mptcp_core_tx_new(mp->mp_core, sf);
	}
	if (sub->ms_tx == NULL) {
		MP_UNLOCK(mp);
		return (false);
	}
	mpcb_ref(mp);
	sub->ms_mp = mp;
	sub->ms_sf = sf;
	sub->ms_phase = MPS_UP;
	tp->t_flags = (tp->t_flags & ~TF_NOPUSH) | TF_NODELAY;
	mp->mp_sub[sf] = sub;		/* takes the caller's use over */
	mptcp_buffers_join(mp);
	mp->mp_cc_due = mp->mp_cc[0] != '\0' ||
	    mp->mp_carried.mc_nccopts != 0;
	if (mp->mp_cc_due)
		mptcp_schedule(mp);
	mptcp_sync(mp, sub);
	MP_UNLOCK(mp);
	mptcp_uncharge(sub);
	return (true);
}
