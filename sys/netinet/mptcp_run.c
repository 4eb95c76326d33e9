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
 * The run loop: does what the core asks for, and tells the application's socket.
 *
 * Whoever changed something calls mptcp_run() with no lock held, or
 * mptcp_schedule() with any.
 *
 * Locks: MP_LOCK, which mptcp_step() drops around what takes an INP lock.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

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
