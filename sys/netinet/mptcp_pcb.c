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
 * MPCBs and subflows: making them, counting who needs them, letting them go.
 *
 * A subflow has two counts.  ms_users: the MPCB's table and whoever works with
 * the subflow at the moment; with the last of them the task closes the subflow
 * socket, after which TCP lets the inpcb go in its own time.  ms_refs: the
 * memory, held by the users together and by t_fb_ptr.
 *
 * The first subflow's socket pins the inpcb that the application's socket
 * points to for ever, so it is closed last: when the application's socket has
 * been detached.
 *
 * Failure: promotion allocates with M_NOWAIT; what cannot be had leaves the
 * connection plain TCP.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>
#include <netinet/cc/cc.h>

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

VNET_DEFINE(struct mptcp_vnet, mptcp);

static void
mptcp_fb_fini(struct tcpcb *tp, int purged __unused)
{
	struct mptcp_subflow *sub;

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	sub = tptosubflow(tp);
	tp->t_fb_ptr = NULL;
	if (sub == NULL)
		return;
	mptcp_charge(sub);
	/* Refused, timed out or closed in SYN_SENT: there never was an MPCB. */
	if (sub->ms_phase == MPS_OPENING) {
		sub->ms_phase = MPS_GONE;
		mptcp_subflow_rele(sub);
	}
	mptcp_subflow_free(sub);
}

/*
 * tcp_close(): TCP is about to be gone; the task tells the core.
 */
static int
mptcp_fb_timer_stop_all(struct tcpcb *tp)
{
	struct mptcp_subflow *sub;

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	sub = tptosubflow(tp);
	if (sub != NULL && sub->ms_phase == MPS_UP)
		mptcp_schedule(sub->ms_mp);
	return (0);
}

/*
 * The retransmission timer fired: other paths may carry the data.
 */
static void
mptcp_fb_rexmit_tmr(struct tcpcb *tp)
{
	struct mptcp_subflow *sub;
	struct mpcb *mp;

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	sub = tptosubflow(tp);
	if (sub == NULL || sub->ms_phase != MPS_UP)
		return;
	mptcp_timed_out(tp, sub);
	mp = sub->ms_mp;
	MP_LOCK(mp);
	if (!sub->ms_reported)
		mptcp_core_subflow_rto(mp->mp_core, sub->ms_sf, mptcp_now(mp));
	MP_UNLOCK(mp);
	mptcp_schedule(mp);
}

static int
mptcp_fb_ctloutput(struct tcpcb *tp, struct sockopt *sopt)
{

	if (mptcp_refuses_option(sopt)) {
		INP_WUNLOCK(tptoinpcb(tp));
		return (EOPNOTSUPP);
	}
	return (tcp_default_ctloutput(tp, sopt));
}

static int
mptcp_fb_pru_options(struct tcpcb *tp __unused, int flags)
{

	/* Urgent data has no place in a mapped stream. */
	return ((flags & PRUS_OOB) ? EOPNOTSUPP : 0);
}

static int
mptcp_fb_handoff_ok(struct tcpcb *tp __unused)
{

	return (EINVAL);
}

/* Not registered: no one may choose it by name. */
struct tcp_function_block mptcp_fb = {
	.tfb_tcp_block_name = "mptcp",
	.tfb_tcp_output = mptcp_output,
	.tfb_tcp_do_segment = mptcp_do_segment,
	.tfb_tcp_ctloutput = mptcp_fb_ctloutput,
	.tfb_tcp_fb_fini = mptcp_fb_fini,
	.tfb_tcp_timer_stop_all = mptcp_fb_timer_stop_all,
	.tfb_tcp_rexmit_tmr = mptcp_fb_rexmit_tmr,
	.tfb_tcp_handoff_ok = mptcp_fb_handoff_ok,
	.tfb_pru_options = mptcp_fb_pru_options,
};

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

static struct mpcb *
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

static bool
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
