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
 * The per-MPCB task and callout, and the actions that the core asks for.
 *
 * Whoever changed something calls mptcp_run() with no lock held, or
 * mptcp_schedule() with any.  The task runs in a thread that may sleep; it
 * alone opens and closes sockets, and tells the core of subflows that died.
 *
 * A pending task, each subflow's memory and the application's socket hold a
 * reference on the MPCB.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

TASKQUEUE_DEFINE_THREAD(mptcp);

void
mptcp_schedule(struct mpcb *mp)
{

	/* mptcp_vnet_uninit() has waited for the last task. */
	KASSERT(VNET_VNET(mp->mp_vnet, mptcp).mv_tokens != NULL,
	    ("%s: a task for a VNET that is going", __func__));
	mpcb_ref(mp);
	if (taskqueue_enqueue_flags(taskqueue_mptcp, &mp->mp_task,
	    TASKQUEUE_FAIL_IF_PENDING) != 0)
		mpcb_rele(mp);
}

void
mptcp_callout(void *arg)
{
	struct mpcb *mp = arg;

	MP_LOCK_ASSERT(mp);
	mptcp_schedule(mp);
}

static void
mptcp_arm(struct mpcb *mp, uint64_t now)
{
	uint64_t at;

	MP_LOCK_ASSERT(mp);
	if (mp->mp_dying)
		return;
	at = mptcp_core_next_timer(mp->mp_core);
	/* No memory for an address: nothing else may ever call the task. */
	if (mp->mp_addrs_due)
		at = uqmin(at, now + MPTCP_ADDRS_AGAIN);
	if (at == UINT64_MAX)
		return;
	/* One that fires too early does no harm: it arms the next. */
	if (callout_pending(&mp->mp_callout) && mp->mp_armed_at <= at)
		return;
	mp->mp_armed_at = at;
	callout_reset_sbt(&mp->mp_callout,
	    ustosbt(at > now ? uqmin(at - now, 3600000000ULL) : 1000), SBT_1MS,
	    mptcp_callout, mp, 0);
}

/*
 * Whether the congestion window has no room for a segment.  Without the INP
 * lock, so as not to wait for input on a subflow that could not send anyway:
 * the ACK that opens the window calls for output by itself, and finds what was
 * appended before, for both took MP_LOCK.
 */
static bool
mptcp_is_full(const struct tcpcb *tp)
{
	const uint32_t flight = tp->snd_max - tp->snd_una;

	return (flight > 0 && flight + tp->t_maxseg > tp->snd_cwnd);
}

/*
 * Whether all that is mapped was sent once.  Without the INP lock as well:
 * whoever appends a map sends it.
 */
static bool
mptcp_is_sent(const struct mptcp_subflow *sub)
{
	const struct tcpcb *tp = sub->ms_tp;

	return (tp->snd_max - tp->snd_una >= sbused(&sub->ms_so->so_snd));
}

/*
 * Draws an acknowledgement from the peer now, however far the retransmission
 * timer has backed off: the first unacknowledged segment again, as a fast
 * retransmit sends it, or a keepalive.  The timer goes on as it was, and what
 * it has backed off ends with the answer.  INP write lock.
 */
static void
mptcp_probe(struct tcpcb *tp)
{
	struct tcptemp *t_template;
	const tcp_seq onxt = tp->snd_nxt;
	const uint32_t ocwnd = tp->snd_cwnd;

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	if (tp->t_state < TCPS_ESTABLISHED)
		return;
	if (SEQ_GT(tp->snd_max, tp->snd_una)) {
		/* Karn: no round trip is measured with it. */
		tp->t_rtttime = 0;
		tp->snd_nxt = tp->snd_una;
		tp->snd_cwnd = tcp_maxseg(tp);
		(void)tcp_output(tp);
		tp->snd_cwnd = ocwnd;
		if (SEQ_GT(onxt, tp->snd_nxt))
			tp->snd_nxt = onxt;
		return;
	}
	t_template = tcpip_maketemplate(tptoinpcb(tp));
	if (t_template == NULL)
		return;
	tcp_respond(tp, t_template->tt_ipgen, &t_template->tt_t, NULL,
	    tp->rcv_nxt, tp->snd_una - 1, 0);
	free(t_template, M_TEMP);
}

/*
 * OUTPUT, SEND_ACK, PROBE and RESET: INP write lock, dropped where tcp_drop()
 * does.
 */
static void
mptcp_act_tcp(struct mpcb *mp, struct mptcp_subflow *sub, uint32_t kind)
{
	struct inpcb *inp = tptoinpcb(sub->ms_tp);
	struct tcpcb *tp;

	INP_WLOCK(inp);
	tp = intotcpcb(inp);
	if ((inp->inp_flags & INP_DROPPED) || tp->t_state == TCPS_TIME_WAIT) {
		INP_WUNLOCK(inp);
		return;
	}
	sub->ms_nested = true;
	switch (kind) {
	case MPTCP_ACTION_SEND_ACK:
		if (tp->t_state >= TCPS_ESTABLISHED)
			tp->t_flags |= TF_ACKNOW;
		/* FALLTHROUGH */
	case MPTCP_ACTION_OUTPUT:
		if (tp->t_state >= TCPS_ESTABLISHED)
			(void)tcp_output(tp);
		break;
	case MPTCP_ACTION_PROBE:
		mptcp_probe(tp);
		break;
	case MPTCP_ACTION_RESET:
		MP_LOCK(mp);
		mptcp_sync(mp, sub);
		MP_UNLOCK(mp);
		tp = tcp_drop(tp, ECONNABORTED);
		break;
	}
	sub->ms_nested = false;
	if (tp != NULL)
		INP_WUNLOCK(inp);
}

/*
 * OUTPUT, SEND_ACK, PROBE, CLOSE and RESET: no lock is held.
 */
static void
mptcp_act_on(struct mpcb *mp, struct mptcp_subflow *sub, uint32_t kind)
{
	struct epoch_tracker et;

	if (kind == MPTCP_ACTION_OUTPUT && mptcp_is_full(sub->ms_tp))
		return;
	CURVNET_SET(mp->mp_vnet);
	NET_EPOCH_ENTER(et);
	if (kind == MPTCP_ACTION_CLOSE)
		/* FIN after what is mapped; nothing is pulled any more. */
		(void)soshutdown(sub->ms_so, SHUT_WR);
	else
		mptcp_act_tcp(mp, sub, kind);
	NET_EPOCH_EXIT(et);
	CURVNET_RESTORE();
}

/* What the application's socket is to be told, with no lock held. */
struct mptcp_news {
	struct socket	*mn_so;		/* referenced; NULL: nothing */
	struct mbuf	*mn_free;	/* released from so_snd, if any */
	bool		mn_connected;
	bool		mn_rcv;
	bool		mn_upcall;	/* and it may be read at once */
	bool		mn_snd;
	bool		mn_eof;
	bool		mn_over;
};

/*
 * Takes what was noted for the application's socket.
 */
static void
mptcp_news_take(struct mpcb *mp, struct mptcp_news *news)
{

	MP_LOCK_ASSERT(mp);
	news->mn_so = NULL;
	news->mn_upcall = false;
	news->mn_connected = mp->mp_connected &&
	    (mp->mp_master == NULL ||
	    (mp->mp_master->ms_so->so_state & SS_ISCONNECTED) != 0);
	if (news->mn_connected)
		mp->mp_connected = false;
	news->mn_rcv = mp->mp_wake_rcv;
	news->mn_snd = mp->mp_wake_snd;
	news->mn_eof = mp->mp_eof;
	news->mn_over = mp->mp_over && !mp->mp_over_told;
	mp->mp_over_told |= mp->mp_over;
	mp->mp_wake_rcv = mp->mp_wake_snd = mp->mp_eof = false;
	/* Once dying, the task may give the last reference away. */
	if (mp->mp_detached || mp->mp_dying)
		return;
	if (news->mn_connected || news->mn_rcv || news->mn_snd ||
	    news->mn_eof || news->mn_over) {
		news->mn_so = mp->mp_so;
		soref(news->mn_so);
		news->mn_upcall = news->mn_rcv &&
		    (mp->mp_so->so_rcv.sb_flags & SB_UPCALL) != 0;
	}
}

static void
mptcp_news_tell(const struct mptcp_news *news)
{
	struct socket *so = news->mn_so;

	if (so == NULL)
		return;
	if (news->mn_connected)
		soisconnected(so);
	if (news->mn_rcv)
		sorwakeup(so);
	if (news->mn_snd)
		sowwakeup(so);
	if (news->mn_eof)
		socantrcvmore(so);
	if (news->mn_over)
		soisdisconnected(so);	/* finds so_snd empty */
	sorele(so);
}

/*
 * Lets go of what has been DATA_ACKed.  The subflows' own buffers refer to the
 * same mbufs, so what a map still needs stays there, and so_snd holds just the
 * logical sb_cc: a dead path's maps do not block the application.  Returns what
 * is to be freed, with MP_LOCK released.
 */
static struct mbuf *
mptcp_release(struct mpcb *mp)
{
	struct sockbuf *sb;
	struct mbuf *m;
	uint64_t acked;
	uint32_t len;

	MP_LOCK_ASSERT(mp);
	if (mp->mp_detached || mp->mp_ended)
		return (NULL);
	(void)mptcp_core_snd_release(mp->mp_core);
	/* The first byte has data offset 1; a DATA_FIN counts, but is none. */
	acked = uqmin(mptcp_core_snd_una(mp->mp_core) - 1, mp->mp_appended);
	if (acked <= mp->mp_released)
		return (NULL);
	sb = &mp->mp_so->so_snd;
	SOCKBUF_LOCK(sb);
	len = uqmin(acked - mp->mp_released, sbavail(sb));
	m = sbcut_locked(sb, len);
	SOCKBUF_UNLOCK(sb);
	mp->mp_released += len;
	mp->mp_wake_snd = true;
	return (m);
}

/*
 * A join that waits for the task is not wanted any more.
 */
static void
mptcp_forget_open(struct mpcb *mp, uint8_t sf)
{
	u_int i, n;

	MP_LOCK_ASSERT(mp);
	for (i = n = 0; i < mp->mp_nopen; i++)
		if (mp->mp_open[i].sf != sf)
			mp->mp_open[n++] = mp->mp_open[i];
	mp->mp_nopen = n;
}

/*
 * Takes one action from the core and notes or does it.  MP_LOCK is held on
 * entry and on return, and dropped in between, which moves *now.  Returns false
 * where there is none.
 */
static bool
mptcp_step(struct mpcb *mp, bool task, uint64_t *now)
{
	struct mptcp_core_action action;
	struct mptcp_subflow *sub;

	MP_LOCK_ASSERT(mp);
	if (!mptcp_core_poll_action(mp->mp_core, *now, &action))
		return (false);
	switch (action.kind) {
	case MPTCP_ACTION_WAKE_READER:
		mp->mp_wake_rcv = true;
		break;
	case MPTCP_ACTION_WAKE_WRITER:
		mp->mp_wake_snd = true;
		break;
	case MPTCP_ACTION_PEER_CLOSED:
		mp->mp_eof = true;
		break;
	case MPTCP_ACTION_CLOSED:
		mp->mp_over = true;
		mptcp_end_sending(mp, mptcp_core_errno(action.error));
		break;
	case MPTCP_ACTION_OPEN_SUBFLOW:
		if (mp->mp_nopen == MPTCP_MAXOPEN) {
			mptcp_core_subflow_closed(mp->mp_core, action.sf,
			    MPTCP_SFEND_LOCAL, *now);
			break;
		}
		mp->mp_open[mp->mp_nopen++] = action;
		if (!task)
			mptcp_schedule(mp);
		break;
	default:
		sub = action.sf < MPTCP_MAXSUBFLOWS ? mp->mp_sub[action.sf] :
		    NULL;
		if (sub == NULL) {
			/* A join whose socket has not been opened yet. */
			if (action.kind == MPTCP_ACTION_RESET ||
			    action.kind == MPTCP_ACTION_CLOSE) {
				mptcp_forget_open(mp, action.sf);
				mptcp_core_subflow_closed(mp->mp_core,
				    action.sf, MPTCP_SFEND_LOCAL, *now);
			}
			break;
		}
		/* Another subflow took it all. */
		if (action.kind == MPTCP_ACTION_OUTPUT &&
		    !mptcp_core_snd_pending(mp->mp_core) && mptcp_is_sent(sub))
			break;
		mptcp_subflow_ref(sub);
		MP_UNLOCK(mp);
		mptcp_act_on(mp, sub, action.kind);
		mptcp_subflow_rele(sub);
		MP_LOCK(mp);
		*now = mptcp_now(mp);
		break;
	}
	return (true);
}

/*
 * A reader in the kernel may have read in its upcall, which calls no pr_rcvd.
 */
static void
mptcp_upcall_read(struct mpcb *mp, bool task)
{

	MP_LOCK(mp);
	if (mptcp_credit(mp))
		mptcp_run_unlock(mp, task, mptcp_now(mp));
	else
		MP_UNLOCK(mp);
}

/*
 * Does what the core asks for, and wakes the application.  MP_LOCK, and no
 * other, is held on entry; none on return.
 */
void
mptcp_run_unlock(struct mpcb *mp, bool task, uint64_t now)
{
	struct mptcp_news news;
	uint32_t wakes;
	int budget;

	MP_LOCK_ASSERT(mp);
	wakes = mptcp_core_take_wakes(mp->mp_core, now);
	mp->mp_wake_rcv |= (wakes & MPTCP_WAKES_READER) != 0;
	mp->mp_wake_snd |= (wakes & MPTCP_WAKES_WRITER) != 0;
	/* More than this in one go is left to the task. */
	budget = 64;
	if (wakes & MPTCP_WAKES_MORE)
		while (budget > 0 && mptcp_step(mp, task, &now))
			budget--;
	if (budget == 0)
		mptcp_schedule(mp);
	news.mn_free = mptcp_release(mp);
	mptcp_arm(mp, now);
	mptcp_news_take(mp, &news);
	MP_UNLOCK(mp);
	m_freem(news.mn_free);
	if (news.mn_over)
		MPTCP_FAIL_POINT(mptcp_tell_over);
	mptcp_news_tell(&news);
	if (news.mn_upcall)
		mptcp_upcall_read(mp, task);
}

/*
 * The same, with no lock held on entry.
 */
void
mptcp_run(struct mpcb *mp, bool task)
{

	MP_LOCK(mp);
	mptcp_run_unlock(mp, task, mptcp_now(mp));
}

/*
 * Tells the core of subflows whose TCP is gone.
 */
static void
mptcp_reap(struct mpcb *mp)
{
	struct mptcp_subflow *sub;
	int error, how, i;

	for (i = 0; i < MPTCP_MAXSUBFLOWS; i++) {
		MP_LOCK(mp);
		sub = mp->mp_sub[i];
		if (sub != NULL && sub->ms_tp->t_state == TCPS_CLOSED &&
		    (sub->ms_so->so_state & SS_ISDISCONNECTED) == 0) {
			/*
			 * tcp_drop() scheduled this task with its RST, and
			 * gets to soisdisconnected() under the same lock hold.
			 */
			mptcp_subflow_ref(sub);
			MP_UNLOCK(mp);
			INP_WLOCK(tptoinpcb(sub->ms_tp));
			INP_WUNLOCK(tptoinpcb(sub->ms_tp));
			mptcp_subflow_rele(sub);
			MP_LOCK(mp);
			sub = mp->mp_sub[i];
		}
		if (sub == NULL ||
		    (sub->ms_so->so_state & SS_ISDISCONNECTED) == 0) {
			MP_UNLOCK(mp);
			continue;
		}
		/* What arrived before the end still counts. */
		mptcp_drain(mp, sub, mptcp_now(mp));
		error = sub->ms_so->so_error;
		how = error == 0 ? MPTCP_SFEND_FIN :
		    error == ECONNRESET || error == ECONNREFUSED ?
		    MPTCP_SFEND_RESET : error == ECONNABORTED ?
		    MPTCP_SFEND_LOCAL : MPTCP_SFEND_TIMEOUT;
		sub->ms_reported = true;
		mp->mp_sub[i] = NULL;
		mptcp_core_subflow_closed(mp->mp_core, i, how, mptcp_now(mp));
		MP_UNLOCK(mp);
		MPTCP_PROBE3(subflow__closed, mp, i, how);
		MPTCP_DEBUG(MPSESSION, 1,
		    "%08x: subflow %d closed, how %d, error %d\n",
		    mp->mp_token, i, how, error);
		mptcp_subflow_rele(sub);
	}
}

/*
 * Closes the sockets of subflows that no one uses any more.
 */
static void
mptcp_bury(struct mpcb *mp)
{
	struct mptcp_subflow *sub;
	struct socket *so;

	for (;;) {
		mtx_lock(&mp->mp_dead_mtx);
		sub = STAILQ_FIRST(&mp->mp_dead);
		if (sub != NULL)
			STAILQ_REMOVE_HEAD(&mp->mp_dead, ms_dead);
		mtx_unlock(&mp->mp_dead_mtx);
		if (sub == NULL)
			return;
		so = sub->ms_so;
		INP_WLOCK(tptoinpcb(sub->ms_tp));
		sub->ms_phase = MPS_GONE;
		INP_WUNLOCK(tptoinpcb(sub->ms_tp));
		(void)soclose(so);
		mptcp_subflow_free(sub);
	}
}

/*
 * The connection is over and the application has closed: every subflow is let
 * go, then the application's socket, whose detach lets the first one go.
 */
static void
mptcp_teardown(struct mpcb *mp)
{
	struct mptcp_subflow *sub;
	struct socket *so;
	int i;

	MP_LOCK(mp);
	if (mp->mp_dying || !mp->mp_over || !mp->mp_closed) {
		MP_UNLOCK(mp);
		return;
	}
	mp->mp_dying = true;
	so = mp->mp_so;
	MP_UNLOCK(mp);
	/*
	 * Nothing arms it any more.  callout_stop() would not do: softclock
	 * may be about to take MP_LOCK, and finds out with it that there is
	 * nothing to call.
	 */
	callout_drain(&mp->mp_callout);
	mptcp_unpublish(mp);
	for (i = 0; i < MPTCP_MAXSUBFLOWS; i++) {
		MP_LOCK(mp);
		sub = mp->mp_sub[i];
		mp->mp_sub[i] = NULL;
		if (sub != NULL)
			sub->ms_reported = true;
		MP_UNLOCK(mp);
		if (sub != NULL)
			mptcp_subflow_rele(sub);
	}
	sorele(so);
	mpcb_rele(mp);			/* the application's socket's */
}

/*
 * Counts a fallback in mid-connection, once.
 */
static void
mptcp_note_fallback(struct mpcb *mp)
{
	struct mptcp_core_conn_info info;

	MP_LOCK(mp);
	mptcp_core_conn_info(mp->mp_core, &info);
	if (mp->mp_fellback || info.fallback == MPTCP_AGREED) {
		MP_UNLOCK(mp);
		return;
	}
	mp->mp_fellback = true;
	MP_UNLOCK(mp);
	mptcp_count_fallback(info.fallback);
	MPTCP_PROBE2(fallback, mp, info.fallback);
	MPTCP_DEBUG(MPSESSION, 1, "%08x: fallback: %s\n", mp->mp_token,
	    mptcp_core_fallback_name(info.fallback));
}

void
mptcp_task(void *arg, int pending __unused)
{
	struct mptcp_core_action open[MPTCP_MAXOPEN];
	struct mpcb *mp = arg;
	bool addrs;
	u_int i, n;

	CURVNET_SET(mp->mp_vnet);
	MP_LOCK(mp);
	if (!mp->mp_dying) {
		mptcp_core_on_timer(mp->mp_core, mptcp_now_exact(mp));
		if (mp->mp_abort)
			mptcp_core_abort(mp->mp_core);
		addrs = mp->mp_addrs_due;
		mp->mp_addrs_due = false;
	} else
		addrs = false;
	MP_UNLOCK(mp);
	if (addrs)
		mptcp_read_addresses(mp);
	mptcp_congestion_task(mp);
	mptcp_ifaddr_task(mp);
	mptcp_reap(mp);
	mptcp_run(mp, true);
	MP_LOCK(mp);
	/* mp_so may be gone with the teardown. */
	n = mp->mp_dying ? 0 : mp->mp_nopen;
	bcopy(mp->mp_open, open, n * sizeof(open[0]));
	mp->mp_nopen = 0;
	MP_UNLOCK(mp);
	for (i = 0; i < n; i++)
		mptcp_open_subflow(mp, &open[i]);
	if (n > 0)
		mptcp_run(mp, true);
	mptcp_note_fallback(mp);
	mptcp_teardown(mp);
	mptcp_bury(mp);
	CURVNET_RESTORE();
	mpcb_rele(mp);
}
