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
 * "lia": coupled congestion control for the subflows of one connection
 * (RFC 6356), as a module for cc(4).
 *
 * Together the subflows take as much as TCP would on the best of their paths,
 * and no more than one TCP where they share a bottleneck.  Only the growth in
 * congestion avoidance is coupled; the rest is NewReno's.  On a connection
 * that is not multipath it is NewReno.
 *
 * Locks: ack_received() runs with the INP write lock and SOCKBUF_LOCK(so_snd),
 * where MP_LOCK must not be taken, so it reads the coupling that
 * mptcp_couple() left in the subflow.  mptcp_couple() has INP and MP_LOCK.
 *
 * Failure: none; it allocates nothing.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>
#include <sys/module.h>
#include <netinet/cc/cc.h>
#include <netinet/cc/cc_module.h>

/* The coupling is worked out again after so many microseconds. */
#define	MPTCP_COUPLE_EVERY	10000

static void	lia_ack_received(struct cc_var *, mptcp_ccsignal);

static struct cc_algo lia_cc_algo = {
	.name = "lia",
	.ack_received = lia_ack_received,
	.after_idle = newreno_cc_after_idle,
	.cong_signal = newreno_cc_cong_signal,
	.post_recovery = newreno_cc_post_recovery,
};

/*
 * Notes the subflow's window, and brings its view of all windows up to date.
 */
void
mptcp_couple(struct mpcb *mp, struct mptcp_subflow *sub, uint64_t now)
{
	struct mptcp_core_path_window paths[MPTCP_MAXSUBFLOWS];
	struct mptcp_core_path_window *mine;
	struct tcpcb *tp = sub->ms_tp;
	u_int i, n;

	MP_LOCK_ASSERT(mp);
	if (CC_ALGO(tp) != &lia_cc_algo)
		return;
	mine = &sub->ms_path;
	mine->cwnd = tp->snd_cwnd;
	mine->srtt_us = ((uint64_t)tp->t_srtt * tick) >> TCP_RTT_SHIFT;
	mine->mss = tcp_fixed_maxseg(tp);
	mine->slow_start = tp->snd_cwnd <= tp->snd_ssthresh;
	if (now < mp->mp_coupled_at + MPTCP_COUPLE_EVERY) {
		sub->ms_coupling = mp->mp_coupling;
		return;
	}
	mp->mp_coupled_at = now;
	for (i = n = 0; i < MPTCP_MAXSUBFLOWS; i++)
		if (mp->mp_sub[i] != NULL &&
		    mp->mp_sub[i]->ms_path.srtt_us != 0)
			paths[n++] = mp->mp_sub[i]->ms_path;
	mptcp_core_cc_couple(&mp->mp_coupling, paths, n);
	sub->ms_coupling = mp->mp_coupling;
	sub->ms_coupled = n > 0;
}

/*
 * The retransmission timer fired.
 */
void
mptcp_timed_out(struct tcpcb *tp, struct mptcp_subflow *sub)
{

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	sub->ms_timed_out = true;
	sub->ms_timeout_end = tp->snd_max;
}

/*
 * Blanks the SACK blocks of an arriving segment.
 */
static void
mptcp_hide_sack(struct tcphdr *th)
{
	uint8_t *opt;

	while ((opt = mptcp_find_option(th, TCPOPT_SACK)) != NULL)
		memset(opt, TCPOPT_NOP, opt[1]);
}

/*
 * HyStart++ (RFC 9406), whatever the congestion control: asked before TCP
 * lets the window grow for an ACK of the first slow start.
 *
 * Round trips count only while the window is in use: when the connection's
 * window holds a subflow back its queue drains, and a careful slow start would
 * take that for the sign that there never was a queue.
 */
static void
mptcp_hystart(struct tcpcb *tp, struct mptcp_subflow *sub, struct tcphdr *th)
{
	const bool used = tp->snd_max - tp->snd_una >= tp->snd_cwnd / 2;

	sub->ms_ss_part = 1;
	if (tp->snd_ssthresh < TCP_MAXWIN << TCP_MAX_WINSHIFT ||
	    IN_RECOVERY(tp->t_flags) || SEQ_LEQ(th->th_ack, tp->snd_una))
		return;
	sub->ms_ss_part = mptcp_core_cc_hystart(&sub->ms_hystart, th->th_ack,
	    tp->snd_max, used ? mptcp_stamp_rtt(tp, th) : UINT32_MAX);
	sub->ms_ss_cwnd = tp->snd_cwnd;
	if (sub->ms_ss_part == 0)
		tp->snd_ssthresh = MAX(tp->snd_cwnd - 1,
		    2 * tcp_fixed_maxseg(tp));
}

/*
 * Before TCP sees a segment that its checks will take.
 *
 * After a timeout all that was in flight is sent again in slow start; until it
 * has been acknowledged there is no fast recovery (RFC 6582, 3.2), and SACK
 * does not count (RFC 2018, 8).  TCP would begin one here with the first SACK
 * block: snd_nxt is far behind snd_max then, so that PRR takes what was in
 * flight for a segment and sends more at once than was ever lost, or, counting
 * the lost bytes as in flight, no more than a segment for each round trip.
 */
void
mptcp_cc_input(struct tcpcb *tp, struct mptcp_subflow *sub, struct tcphdr *th,
    int tlen)
{
	const uint32_t flight = tp->snd_max - tp->snd_una;

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	if (sub->ms_timed_out && (SEQ_GEQ(th->th_ack, sub->ms_timeout_end) ||
	    IN_FASTRECOVERY(tp->t_flags)))
		sub->ms_timed_out = false;
	if (sub->ms_timed_out) {
		mptcp_hide_sack(th);
		if (tlen == 0 && th->th_ack == tp->snd_una)
			sub->ms_signal_ack = true;
	}
	sub->ms_cwnd_max = IN_RECOVERY(tp->t_flags) ||
	    flight >= tp->snd_cwnd / 2 ? 0 : tp->snd_cwnd;
	mptcp_hystart(tp, sub, th);
}

/*
 * After an ACK, before output: a careful slow start grows by a part, and
 * a window of which not even half was in use does not grow (RFC 7661, 4.2).
 * Subflows are often limited by the connection's data or window and not by
 * their own: what theirs had grown to meanwhile would go out in one burst when
 * another path's data lets the connection's window slide.
 */
void
mptcp_cwnd_validate(struct tcpcb *tp, struct mptcp_subflow *sub)
{

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	if (sub->ms_ss_part > 1 && tp->snd_cwnd > sub->ms_ss_cwnd &&
	    !IN_RECOVERY(tp->t_flags))
		tp->snd_cwnd = sub->ms_ss_cwnd +
		    (tp->snd_cwnd - sub->ms_ss_cwnd) / sub->ms_ss_part;
	sub->ms_ss_part = 1;
	if (sub->ms_cwnd_max != 0 && tp->snd_cwnd > sub->ms_cwnd_max &&
	    !IN_RECOVERY(tp->t_flags))
		tp->snd_cwnd = sub->ms_cwnd_max;
	sub->ms_cwnd_max = 0;
}

static void
lia_ack_received(struct cc_var *ccv, mptcp_ccsignal type)
{
	struct tcpcb *tp = MPTCP_CC_TCPCB(ccv);
	struct mptcp_subflow *sub;
	uint64_t cwnd, grown;

	sub = mptcp_is_subflow(tp) ? tptosubflow(tp) : NULL;
	if (type != CC_ACK || IN_RECOVERY(tp->t_flags) ||
	    (ccv->flags & CCF_CWND_LIMITED) == 0 ||
	    tp->snd_cwnd <= tp->snd_ssthresh || sub == NULL ||
	    sub->ms_phase != MPS_UP || !sub->ms_coupled ||
	    sub->ms_path.srtt_us == 0) {
		newreno_cc_ack_received(ccv, type);
		return;
	}
	grown = mptcp_core_cc_growth(&sub->ms_coupling, &sub->ms_path,
	    ccv->bytes_this_ack, &sub->ms_credit);
	cwnd = tp->snd_cwnd + grown;
	tp->snd_cwnd = MIN(cwnd, (uint64_t)TCP_MAXWIN << tp->snd_scale);
}

DECLARE_CC_MODULE(lia, &lia_cc_algo);
MODULE_VERSION(lia, 1);
