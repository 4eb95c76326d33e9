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
 * Input of a subflow: options to the core, bytes to mptcp_drain().
 *
 * Locks: mptcp_do_segment() is entered with the subflow's INP write lock and
 * leaves without it.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

/*
 * RFC 8684, 3.4.1: a pure ACK with a signal is no duplicate ACK; one with a DSS
 * may be (3.3.1).  A DATA_ACK that moved is news from another subflow or the
 * application, unless there are SACK blocks: a loss here must still be found
 * while data arrives elsewhere.
 */
static bool
mptcp_not_duplicate(const struct tcpcb *tp, struct tcphdr *th, bool moved)
{
	const uint8_t *opts;
	size_t len;

	opts = mptcp_tcp_options(th, &len);
	if (mptcp_core_has_signal(opts, len))
		return (true);
	return (moved && (tp->t_flags & TF_SACK_PERMIT) != 0 &&
	    mptcp_find_option(th, TCPOPT_SACK) == NULL);
}

/*
 * TCP's own checks come later; a blind packet must not get at the core before.
 */
static bool
mptcp_acceptable(const struct tcpcb *tp, const struct tcphdr *th, int tlen)
{
	const uint16_t flags = tcp_get_flags(th);
	uint32_t win;

	if (tp->t_state == TCPS_SYN_SENT) {
		/* A RST may say why a join was refused. */
		return ((flags & TH_ACK) != 0 && th->th_ack == tp->iss + 1 &&
		    ((flags & TH_SYN) != 0 || ((flags & TH_RST) != 0 &&
		    tptosubflow(tp)->ms_phase == MPS_UP)));
	}
	if (flags & TH_SYN)
		return (false);
	if (flags & TH_RST)
		return (th->th_seq == tp->last_ack_sent);
	if ((flags & TH_ACK) == 0 || SEQ_GT(th->th_ack, tp->snd_max) ||
	    SEQ_LT(th->th_ack, tp->snd_una - tp->max_sndwnd))
		return (false);
	win = max(tp->rcv_wnd, tp->rcv_adv - tp->rcv_nxt);
	return (SEQ_LT(th->th_seq, tp->rcv_nxt + win + 1) &&
	    SEQ_GEQ(th->th_seq + tlen, tp->rcv_nxt - win - 1));
}

/*
 * The SYN/ACK decides: multipath, or plain TCP for good.
 */
static void
mptcp_opened(struct tcpcb *tp, struct mptcp_subflow *sub,
    const struct tcphdr *th)
{
	struct mptcp_core_agreed agreed;
	const uint8_t *opts;
	size_t optlen;
	int reason;

	opts = mptcp_tcp_options(th, &optlen);
	reason = mptcp_core_opener_on_syn_ack(&sub->ms_opener, opts, optlen,
	    &agreed);
	if (reason == MPTCP_AGREED) {
		/* The first window; that of a SYN is not scaled. */
		tp->snd_wnd = th->th_win;
		if (mptcp_promote(tp, tptosocket(tp), &agreed))
			return;
		reason = MPTCP_FALLBACK_NO_RESOURCES;
	}
	MPTCP_PROBE2(fallback, NULL, reason);
	mptcp_count_fallback(reason);
	mptcp_fb_detach(tp);
}

static void
mptcp_seg_in(const struct tcpcb *tp, const struct tcphdr *th, int tlen,
    struct mptcp_core_seg_in *seg)
{
	const uint16_t flags = tcp_get_flags(th);

	bzero(seg, sizeof(*seg));
	/* In SYN_SENT irs is not known yet, and the SYN has SSN 0. */
	seg->ssn = (flags & TH_SYN) ? 0 : th->th_seq - tp->irs;
	seg->len = tlen;
	seg->ack = th->th_ack - tp->iss;
	seg->window = (flags & TH_SYN) ? th->th_win :
	    (uint32_t)th->th_win << tp->snd_scale;
	seg->flags = ((flags & TH_SYN) ? MPTCP_SEG_SYN : 0) |
	    ((flags & TH_ACK) ? MPTCP_SEG_ACK : 0) |
	    ((flags & TH_FIN) ? MPTCP_SEG_FIN : 0) |
	    ((flags & TH_RST) ? MPTCP_SEG_RST : 0);
}

/*
 * TCP begins with the round trip that the host cache remembers of another
 * connection, with the queue that that one made, and smooths from there: the
 * scheduler would leave the path alone for seconds.  A subflow begins with its
 * own first sample.
 */
static void
mptcp_own_rtt(struct tcpcb *tp)
{
	int rtt;

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	if (tp->t_rttupdated > 1)
		return;
	if (tp->t_rttupdated == 0) {
		/* The variance stays: timeouts go by it until then. */
		tp->t_srtt = 0;
		return;
	}
	rtt = (tp->t_flags & TF_RCVD_TSTMP) ?
	    TCP_TS_TO_TICKS(tp->t_rttlow) + 1 : MAX(tp->t_rttlow, 1);
	tp->t_srtt = rtt << TCP_RTT_SHIFT;
	tp->t_rttvar = rtt << (TCP_RTTVAR_SHIFT - 1);
}

static void
mptcp_metrics(const struct tcpcb *tp, struct mptcp_core_metrics *metrics)
{

	bzero(metrics, sizeof(*metrics));
	metrics->srtt_us = ((uint64_t)tp->t_srtt * tick) >> TCP_RTT_SHIFT;
	metrics->rttvar_us = ((uint64_t)tp->t_rttvar * tick) >>
	    TCP_RTTVAR_SHIFT;
	metrics->cwnd = tp->snd_cwnd;
	metrics->in_flight = tp->snd_max - tp->snd_una;
	metrics->mss = tp->t_maxseg;
}

/*
 * A SYN/ACK that does not answer our join (RFC 8684, section 3.2): the peer has
 * a half-open connection, and a RST ends it.  tcp_drop() sends none in SYN_SENT,
 * so the connection first takes the sequence numbers of the SYN/ACK, which
 * mptcp_acceptable() has seen.  INP write lock, released on return.
 */
static void
mptcp_refuse_syn_ack(struct tcpcb *tp, const struct tcphdr *th)
{
	struct inpcb *inp = tptoinpcb(tp);

	INP_WLOCK_ASSERT(inp);
	KASSERT((tcp_get_flags(th) & (TH_SYN | TH_ACK)) == (TH_SYN | TH_ACK),
	    ("%s: no SYN/ACK", __func__));
	tp->irs = th->th_seq;
	tcp_rcvseqinit(tp);
	tp->snd_una = tp->snd_nxt = th->th_ack;
	tcp_state_change(tp, TCPS_SYN_RECEIVED);
	if (tcp_drop(tp, ECONNABORTED) != NULL)
		INP_WUNLOCK(inp);
}

/*
 * A SYN without ACK in SYN_SENT: the peer opens at the same time.  RFC 8684
 * knows no such handshake, and a SYN is no proof that a join is wanted.  Returns
 * whether TCP may go on, then without MPTCP.
 */
static bool
mptcp_simultaneous(struct tcpcb *tp, struct mptcp_subflow *sub)
{

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	if (sub->ms_phase != MPS_OPENING)
		return (false);
	MPTCP_PROBE2(fallback, NULL, MPTCP_FALLBACK_NO_CAPABLE);
	mptcp_count_fallback(MPTCP_FALLBACK_NO_CAPABLE);
	mptcp_fb_detach(tp);
	return (true);
}

void
mptcp_do_segment(struct tcpcb *tp, struct mbuf *m, struct tcphdr *th,
    int drop_hdrlen, int tlen, uint8_t iptos)
{
	struct mptcp_core_metrics metrics;
	struct mptcp_core_seg_in seg;
	struct inpcb *inp = tptoinpcb(tp);
	struct mptcp_subflow *sub;
	struct mpcb *mp;
	const uint8_t *opts;
	size_t optlen;
	uint64_t now, una;
	bool drop;

	INP_WLOCK_ASSERT(inp);
	sub = tptosubflow(tp);
	if (tp->t_state == TCPS_SYN_SENT &&
	    (tcp_get_flags(th) & (TH_SYN | TH_ACK | TH_RST)) == TH_SYN) {
		if (mptcp_simultaneous(tp, sub))
			tcp_do_segment(tp, m, th, drop_hdrlen, tlen, iptos);
		else {
			INP_WUNLOCK(inp);
			m_freem(m);
		}
		return;
	}
	if (sub->ms_phase == MPS_OPENING && mptcp_acceptable(tp, th, tlen)) {
		mptcp_opened(tp, sub, th);
		if (!mptcp_is_subflow(tp)) {
			tcp_do_segment(tp, m, th, drop_hdrlen, tlen, iptos);
			return;
		}
	}
	if (sub->ms_phase == MPS_REFUSED) {
		m_freem(m);
		if ((tp = tcp_drop(tp, ECONNABORTED)) != NULL)
			INP_WUNLOCK(inp);
		return;
	}
	if (sub->ms_phase != MPS_UP) {
		tcp_do_segment(tp, m, th, drop_hdrlen, tlen, iptos);
		return;
	}
	mp = sub->ms_mp;
	mptcp_subflow_ref(sub);
	drop = false;
	sub->ms_signal_ack = false;
	if (mptcp_acceptable(tp, th, tlen)) {
		mptcp_seg_in(tp, th, tlen, &seg);
		opts = mptcp_tcp_options(th, &optlen);
		mptcp_own_rtt(tp);
		MP_LOCK(mp);
		now = mptcp_now(mp);
		if (sub->ms_srtt == 0 || SEQ_GT(th->th_ack, tp->snd_una)) {
			mptcp_metrics(tp, &metrics);
			mptcp_core_subflow_metrics(mp->mp_core, sub->ms_sf,
			    &metrics);
			sub->ms_srtt = metrics.srtt_us;
		}
		mptcp_couple(mp, sub, now);
		if (tlen > 0)
			mptcp_rcv_rtt(tp, sub, th, now);
		una = mptcp_core_snd_una(mp->mp_core);
		drop = mptcp_core_segment_in(mp->mp_core, sub->ms_sf, &seg,
		    opts, optlen, now) == MPTCP_SEG_DROP;
		if (tlen == 0 && th->th_ack == tp->snd_una)
			sub->ms_signal_ack = mptcp_not_duplicate(tp, th,
			    una != mptcp_core_snd_una(mp->mp_core));
		sub->ms_rcvwin = mptcp_core_rcv_window(mp->mp_core);
		sub->ms_plain = mptcp_core_fell_back(mp->mp_core);
		MP_UNLOCK(mp);
		mptcp_cc_input(tp, sub, th, tlen);
	}
	sub->ms_nested = true;
	if (drop) {
		if (tp->t_state == TCPS_SYN_SENT)
			mptcp_refuse_syn_ack(tp, th);
		else
			INP_WUNLOCK(inp);
		m_freem(m);
	} else
		tcp_do_segment(tp, m, th, drop_hdrlen, tlen, iptos);

	/* No lock is held; sub and, through it, mp stay. */
	MP_LOCK(mp);
	sub->ms_nested = false;
	now = mptcp_now(mp);
	if (!sub->ms_reported)
		mptcp_drain(mp, sub, now);
	(void)mptcp_credit(mp);
	mptcp_run_unlock(mp, false, now);
	/* TIME_WAIT, or gone: the task tells the core. */
	if (sub->ms_so->so_state & SS_ISDISCONNECTED)
		mptcp_schedule(mp);
	mptcp_subflow_rele(sub);
}

/*
 * tcp_input.c: whether the ACK at hand must not count as a duplicate ACK.
 */
bool
mptcp_signal_ack(const struct tcpcb *tp)
{

	return (mptcp_is_subflow(tp) && tptosubflow(tp)->ms_signal_ack);
}

/*
 * tcp_input.c: room for what arrives.  A subflow's own buffer is always
 * drained, and the maps of core hold data to the connection's window.  After a
 * fallback there are no maps: the window itself is the limit, as in TCP.
 */
long
mptcp_rcvroom(const struct tcpcb *tp, struct socket *so)
{
	const struct mptcp_subflow *sub;
	long room;

	room = sbspace(&so->so_rcv);
	if (!mptcp_is_subflow(tp))
		return (room);
	sub = tptosubflow(tp);
	if (sub->ms_phase == MPS_UP && sub->ms_plain)
		room = lmin(room, (long)sub->ms_rcvwin -
		    (long)sbavail(&so->so_rcv));
	return (room);
}
