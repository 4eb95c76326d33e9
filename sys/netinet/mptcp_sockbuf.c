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
 * Sizes of socket buffers.
 *
 * A subflow's buffers have a fixed size: the connection's window is what is
 * advertised and scheduled.  The application's buffers carry all paths
 * together and are sized as tcp_autorcvbuf() and tcp_sndbuf_autoscale() do,
 * unless the application has set them or the sysctls forbid it.  Growing by
 * need, and not at once, also keeps slow start from overrunning the queues on
 * the way by a whole window.
 *
 * Locks: MP_LOCK and, inside it, the socket buffer's.
 *
 * Failure: a buffer that may not grow (limits of the user) stays as it is.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>
#include <sys/resource.h>
#include <sys/ucred.h>

/* A longer round trip does not count, nor one so long ago, ms. */
#define	MPTCP_RCV_RTT_MAX	1000

/*
 * The buffers of a subflow socket: large, because the connection's window, not
 * theirs, is advertised, and never resized.  kern.ipc.maxsockbuf may allow
 * less; a limit of the user does not count here, see mptcp_uncharge().
 */
void
mptcp_size_buffers(struct socket *so)
{
	const u_long most = (uint64_t)sb_max * MCLBYTES / (MSIZE + MCLBYTES);

	SOCKBUF_LOCK(&so->so_rcv);
	so->so_rcv.sb_flags &= ~SB_AUTOSIZE;
	so->so_rcv.sb_lowat = 1;
	(void)sbreserve_locked(so, SO_RCV, ulmin(MPTCP_SUB_RCVSPACE, most),
	    NULL);
	SOCKBUF_UNLOCK(&so->so_rcv);
	SOCKBUF_LOCK(&so->so_snd);
	so->so_snd.sb_flags &= ~SB_AUTOSIZE;
	(void)sbreserve_locked(so, SO_SND, ulmin(MPTCP_SUB_SNDSPACE, most),
	    NULL);
	so->so_snd.sb_lowat = imin(MCLBYTES, so->so_snd.sb_hiwat);
	SOCKBUF_UNLOCK(&so->so_snd);
}

/*
 * What is in a subflow's buffers is charged to the user where the application
 * put it, or reads it.  The user's sbsize must not pay for it again, once for
 * each path.
 */
void
mptcp_uncharge(struct mptcp_subflow *sub)
{
	struct socket *so = sub->ms_so;
	u_int snd, rcv;

	INP_WLOCK_ASSERT(tptoinpcb(sub->ms_tp));
	if (sub->ms_uncharged)
		return;
	sub->ms_uncharged = true;
	snd = so->so_snd.sb_hiwat;
	rcv = so->so_rcv.sb_hiwat;
	(void)chgsbsize(so->so_cred->cr_uidinfo, &snd, 0, RLIM_INFINITY);
	(void)chgsbsize(so->so_cred->cr_uidinfo, &rcv, 0, RLIM_INFINITY);
}

/*
 * The end of a socket takes from sbsize what it holds: it is charged before.
 */
void
mptcp_charge(struct mptcp_subflow *sub)
{
	struct socket *so = sub->ms_so;
	u_int snd = 0, rcv = 0;

	INP_WLOCK_ASSERT(tptoinpcb(sub->ms_tp));
	if (!sub->ms_uncharged)
		return;
	sub->ms_uncharged = false;
	(void)chgsbsize(so->so_cred->cr_uidinfo, &snd, so->so_snd.sb_hiwat,
	    RLIM_INFINITY);
	(void)chgsbsize(so->so_cred->cr_uidinfo, &rcv, so->so_rcv.sb_hiwat,
	    RLIM_INFINITY);
}

/*
 * The window for readers that never call pr_rcvd: an upcall that reads with
 * MSG_SOCALLBCK, and nobody, after shutdown(SHUT_RD), whose data is thrown
 * away.  Returns whether the peer is to be told.
 */
bool
mptcp_credit(struct mpcb *mp)
{
	struct socket *so;
	long space;

	MP_LOCK_ASSERT(mp);
	if (mp->mp_detached || mp->mp_dying)
		return (false);
	so = mp->mp_so;
	if (so->so_rcv.sb_state & SBS_CANTRCVMORE)
		space = V_tcp_recvspace;
	else if (so->so_rcv.sb_flags & SB_UPCALL)
		space = lmax(sbspace(&so->so_rcv), 0);
	else
		return (false);
	return (mptcp_core_set_rcv_space(mp->mp_core, space));
}

/*
 * Makes one of the application's buffers hold want bytes, at most most.
 * Returns whether it grew.
 */
static bool
mptcp_grow(struct socket *so, sb_which which, u_long want, u_long most)
{
	struct sockbuf *sb = which == SO_RCV ? &so->so_rcv : &so->so_snd;
	bool grew;

	SOCKBUF_LOCK(sb);
	want = ulmin(want, most);
	grew = (sb->sb_flags & SB_AUTOSIZE) != 0 && sb->sb_hiwat < want &&
	    sbreserve_locked(so, which, want, NULL);
	SOCKBUF_UNLOCK(sb);
	return (grew);
}

/*
 * Tells the core of the room in so_rcv after it grew.
 */
static void
mptcp_grow_rcv(struct mpcb *mp, u_long want)
{
	struct socket *so = mp->mp_so;

	if (mptcp_grow(so, SO_RCV, want, V_tcp_autorcvbuf_max))
		(void)mptcp_core_set_rcv_space(mp->mp_core,
		    lmax(sbspace(&so->so_rcv), 0));
}

/*
 * One path more: room for what it carries while another is waited for.
 */
void
mptcp_buffers_join(struct mpcb *mp)
{
	struct socket *so = mp->mp_so;

	MP_LOCK_ASSERT(mp);
	if (mp->mp_detached)
		return;
	if (V_tcp_do_autorcvbuf)
		mptcp_grow_rcv(mp, (u_long)so->so_rcv.sb_hiwat +
		    V_tcp_recvspace);
	if (V_tcp_do_autosndbuf &&
	    mptcp_grow(so, SO_SND, (u_long)so->so_snd.sb_hiwat +
	    V_tcp_sendspace, V_tcp_autosndbuf_max))
		mp->mp_wake_snd = true;
}

/*
 * The round trip at the receiver, smoothed, from the time stamp that a segment
 * with data echoes.  TCP's own was measured when the path was empty: whoever
 * only acknowledges does not measure the queue that the data waits in.
 */
void
mptcp_rcv_rtt(struct tcpcb *tp, struct mptcp_subflow *sub, struct tcphdr *th,
    uint64_t now)
{
	uint32_t ms;

	MP_LOCK_ASSERT(sub->ms_mp);
	if (now == sub->ms_rcv_rtt_at)
		return;
	ms = mptcp_stamp_rtt(tp, th);
	/* As tcp_autorcvbuf() has it, more was a pause of the sender's. */
	if (ms >= MPTCP_RCV_RTT_MAX)
		return;
	sub->ms_rcv_rtt_at = now;
	if (sub->ms_rcv_rtt == 0)
		sub->ms_rcv_rtt = ms * 1000;
	else
		sub->ms_rcv_rtt += (ms * 1000) / 8 - sub->ms_rcv_rtt / 8;
}

/*
 * len bytes came in order.  As tcp_autorcvbuf(): if 3/8 of the buffer arrived
 * in half a round trip of the slowest path, the window may be what limits the
 * sender.
 */
void
mptcp_autorcvbuf(struct mpcb *mp, uint32_t len, uint64_t now)
{
	const struct mptcp_subflow *sub;
	u_long hiwat;
	uint32_t srtt;
	int i;

	MP_LOCK_ASSERT(mp);
	mp->mp_rfbuf_cnt += len;
	if (now < mp->mp_rfbuf_due)
		return;
	hiwat = mp->mp_so->so_rcv.sb_hiwat;
	if (V_tcp_do_autorcvbuf && mp->mp_rfbuf_due != 0 &&
	    mp->mp_rfbuf_cnt > hiwat / 8 * 3)
		mptcp_grow_rcv(mp, hiwat + hiwat / 2);
	for (srtt = 0, i = 0; i < MPTCP_MAXSUBFLOWS; i++) {
		if ((sub = mp->mp_sub[i]) == NULL)
			continue;
		srtt = MAX(srtt, sub->ms_srtt);
		if (now < sub->ms_rcv_rtt_at + MPTCP_RCV_RTT_MAX * 1000)
			srtt = MAX(srtt, sub->ms_rcv_rtt);
	}
	mp->mp_rfbuf_cnt = 0;
	mp->mp_rfbuf_due = srtt == 0 ? 0 : now + srtt / 2;
}

/*
 * A subflow could send more than so_snd held: if so_snd is full, it is so_snd
 * that limits the paths.
 */
void
mptcp_autosndbuf(struct mpcb *mp)
{
	struct socket *so = mp->mp_so;
	const u_long hiwat = so->so_snd.sb_hiwat;

	MP_LOCK_ASSERT(mp);
	if (mp->mp_detached || !V_tcp_do_autosndbuf ||
	    sbused(&so->so_snd) < hiwat / 8 * 7)
		return;
	if (mptcp_grow(so, SO_SND, hiwat + ulmax(V_tcp_autosndbuf_inc,
	    hiwat / 8), V_tcp_autosndbuf_max))
		mp->mp_wake_snd = true;
}
