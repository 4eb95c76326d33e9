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
 * Input of a subflow: options to the core, bytes through mp_do_reass().
 *
 * Locks: mptcp_do_segment() is entered with the subflow's INP write lock and
 * leaves without it.  mptcp_drain() runs with MP_LOCK and takes one socket
 * buffer's lock at a time.
 *
 * Failure: nothing here may lose bytes that TCP has acknowledged.  Cutting a
 * queue needs at most one mbuf, which is had before the core is asked; where
 * there is none the bytes stay in the subflow's queue and the task tries again.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

static const uint8_t *
mptcp_tcp_options(const struct tcphdr *th, size_t *len)
{

	*len = (th->th_off << 2) - sizeof(struct tcphdr);
	return ((const uint8_t *)(th + 1));
}

/*
 * The first TCP option of a kind that is there whole, or NULL.
 */
uint8_t *
mptcp_find_option(struct tcphdr *th, uint8_t kind)
{
	uint8_t *opts = (uint8_t *)(th + 1);
	u_int i, n, len;

	len = (th->th_off << 2) - sizeof(*th);
	for (i = 0; i < len && opts[i] != TCPOPT_EOL; i += n) {
		if (opts[i] == TCPOPT_NOP) {
			n = 1;
			continue;
		}
		if (i + 1 >= len || (n = opts[i + 1]) < 2 || i + n > len)
			break;
		if (opts[i] == kind)
			return (opts + i);
	}
	return (NULL);
}

/*
 * The round trip that a segment's time stamp tells, in ms; UINT32_MAX: none.
 */
uint32_t
mptcp_stamp_rtt(struct tcpcb *tp, struct tcphdr *th)
{
	const uint8_t *opt;
	uint32_t ecr, rtt;

	if ((tp->t_flags & TF_RCVD_TSTMP) == 0)
		return (UINT32_MAX);
	opt = mptcp_find_option(th, TCPOPT_TIMESTAMP);
	if (opt == NULL || opt[1] != TCPOLEN_TIMESTAMP)
		return (UINT32_MAX);
	memcpy(&ecr, opt + 6, sizeof(ecr));
	ecr = ntohl(ecr);
	rtt = tcp_ts_getticks() - (ecr - tp->ts_offset);
	return (ecr == 0 || rtt > INT32_MAX ? UINT32_MAX : rtt);
}

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
 * Cuts len bytes off the head of a subflow's receive queue.  *spare is one
 * mbuf without data, used where the cut goes through an mbuf.
 */
static struct mbuf *
mptcp_cut(struct sockbuf *sb, uint32_t len, struct mbuf **spare)
{
	struct mbuf *head, **tail, *m, *n;

	head = NULL;
	tail = &head;
	SOCKBUF_LOCK(sb);
	while (len > 0 && (m = sb->sb_mb) != NULL) {
		if ((uint32_t)m->m_len <= len) {
			len -= m->m_len;
			sbfree(sb, m);
			sb->sb_mb = m->m_next;
			m->m_next = m->m_nextpkt = NULL;
			*tail = m;
			tail = &m->m_next;
			continue;
		}
		n = *spare;
		*spare = NULL;
		n->m_len = len;
		if (m->m_flags & M_EXT) {
			n->m_data = m->m_data;
			mb_dupcl(n, m);
		} else
			bcopy(mtod(m, caddr_t), mtod(n, caddr_t), len);
		m->m_data += len;
		m->m_len -= len;
		if (m->m_flags & M_PKTHDR)
			m->m_pkthdr.len -= len;
		sb->sb_ccc -= len;
		sb->sb_acc -= len;
		*tail = n;
		len = 0;
	}
	sb->sb_lastrecord = sb->sb_mb;
	SB_EMPTY_FIXUP(sb);
	SOCKBUF_UNLOCK(sb);
	return (head);
}

/*
 * Sums the first len bytes of a queue, without cutting them off.
 */
static void
mptcp_sum(struct sockbuf *sb, uint32_t len, struct mptcp_core_sum *sum)
{
	struct mbuf *m;
	uint32_t n;

	SOCKBUF_LOCK(sb);
	for (m = sb->sb_mb; m != NULL && len > 0; m = m->m_next) {
		n = min(len, (uint32_t)m->m_len);
		mptcp_core_sum_add(sum, mtod(m, const void *), n);
		len -= n;
	}
	SOCKBUF_UNLOCK(sb);
}

/*
 * Appends the len bytes after the first skip of m to the application's queue.
 */
static void
mptcp_deliver(struct mpcb *mp, struct mbuf *m, uint32_t skip, uint32_t len)
{
	struct socket *so = mp->mp_so;
	uint32_t have;

	if (mp->mp_detached) {
		m_freem(m);
		return;
	}
	have = m_length(m, NULL);
	if (skip > 0)
		m_adj(m, skip);
	if (have > skip + len)
		m_adj(m, -(int)(have - skip - len));
	SOCKBUF_LOCK(&so->so_rcv);
	if (so->so_rcv.sb_state & SBS_CANTRCVMORE) {
		SOCKBUF_UNLOCK(&so->so_rcv);
		m_freem(m);
		return;
	}
	sbappendstream_locked(&so->so_rcv, m, 0);
	SOCKBUF_UNLOCK(&so->so_rcv);
}

/*
 * mp_do_reass(): takes everything that the core lets go out of the subflow's
 * queue.
 */
void
mptcp_drain(struct mpcb *mp, struct mptcp_subflow *sub, uint64_t now)
{
	struct mptcp_core_step step;
	struct mptcp_core_sum sum;
	struct sockbuf *sb = &sub->ms_so->so_rcv;
	struct mbuf *m;

	MP_LOCK_ASSERT(mp);
	for (;;) {
		/* The usual case after each segment, and at the sender. */
		if (sbavail(sb) == 0 && (sb->sb_state & SBS_CANTRCVMORE) == 0 &&
		    mptcp_core_rx_idle(mp->mp_core))
			break;
		if (mp->mp_spare == NULL &&
		    (mp->mp_spare = m_get(M_NOWAIT, MT_DATA)) == NULL) {
			mptcp_schedule(mp);
			break;
		}
		(void)mptcp_core_mp_do_reass(mp->mp_core, sub->ms_sf, sbavail(sb),
		    now, &step);
		switch (step.kind) {
		case MPTCP_STEP_SUM:
			bzero(&sum, sizeof(sum));
			mptcp_sum(sb, step.len, &sum);
			mptcp_core_rx_sum(mp->mp_core, sub->ms_sf, &sum, now);
			continue;
		case MPTCP_STEP_DISCARD:
			m_freem(mptcp_cut(sb, step.len, &mp->mp_spare));
			continue;
		case MPTCP_STEP_DELIVER:
			m = mptcp_cut(sb, step.skip + step.len + step.cut,
			    &mp->mp_spare);
			MPTCP_PROBE3(reass, mp, sub->ms_sf, step.len);
			MPTCP_DEBUG(REASS, 1, "%08x: subflow %u: %u in order\n",
			    mp->mp_token, sub->ms_sf, step.len);
			mptcp_deliver(mp, m, step.skip, step.len);
			mptcp_autorcvbuf(mp, step.len, now);
			continue;
		case MPTCP_STEP_HOLD:
			m = mptcp_cut(sb, step.skip + step.len + step.cut,
			    &mp->mp_spare);
			if (step.skip > 0)
				m_adj(m, step.skip);
			if (step.cut > 0)
				m_adj(m, -(int)step.cut);
			MPTCP_DEBUG(REASS, 2, "%08x: subflow %u: %u held\n",
			    mp->mp_token, sub->ms_sf, step.len);
			if ((m = mptcp_hold(mp, m)) == NULL)
				mptcp_core_rx_refuse(mp->mp_core);
			else if (mptcp_core_rx_hold(mp->mp_core,
			    (uintptr_t)m) != 0) {
				mptcp_unhold(mp, m);
				m_freem(m);
			}
			continue;
		case MPTCP_STEP_DELIVER_HELD:
			mptcp_unhold(mp, (struct mbuf *)(uintptr_t)step.token);
			mptcp_deliver(mp, (struct mbuf *)(uintptr_t)step.token,
			    step.skip, step.len);
			mptcp_autorcvbuf(mp, step.len, now);
			continue;
		case MPTCP_STEP_FREE_HELD:
			mptcp_unhold(mp, (struct mbuf *)(uintptr_t)step.token);
			m_freem((struct mbuf *)(uintptr_t)step.token);
			continue;
		default:
			break;
		}
		/* Everything taken, and the subflow has ended its direction. */
		if (sbavail(sb) == 0 && !sub->ms_fin_seen &&
		    (sb->sb_state & SBS_CANTRCVMORE) != 0 &&
		    (sub->ms_so->so_state & SS_ISDISCONNECTED) == 0) {
			sub->ms_fin_seen = true;
			mptcp_core_subflow_fin(mp->mp_core, sub->ms_sf, now);
			continue;
		}
		break;
	}
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
