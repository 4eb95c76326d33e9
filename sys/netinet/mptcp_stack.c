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
 * The private TCP stack of subflows: the functions that TCP calls through t_fb.
 *
 * Locks: the INP write lock, but where TCP's own say otherwise.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

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
