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
 * mp_do_reass(): from a subflow's receive queue to the application's, as the core
 * lets bytes go.
 *
 * Locks: mptcp_drain() runs with MP_LOCK and takes one socket buffer's lock at a
 * time.
 *
 * Failure: nothing here may lose bytes that TCP has acknowledged.  Cutting a queue
 * needs at most one mbuf, which is had before the core is asked; where there is
 * none the bytes stay in the subflow's queue and the task tries again.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

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
