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
 * Memory of data that waits for data before it.
 *
 * The window bounds the bytes that a peer may make us hold.  It says nothing of
 * the mbufs: a segment of one byte comes in a cluster.  So what is held is
 * counted as socket buffers count it, with a limit for each connection and one
 * for the VNET.  A piece that wastes its memory is copied first.  A piece
 * without room is thrown away and is not acknowledged: the peer sends it again.
 * The piece that fills the gap is never held, so there is always progress.
 *
 * Locks: MP_LOCK.  The VNET's sum is atomic.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

/* A connection's share where none is set: so_rcv, with mbufs half empty. */
#define	MPTCP_HELD_FACTOR	4
#define	MPTCP_HELD_LEAST	(64 * 1024)

/*
 * As sb_mbcnt counts it.
 */
static u_long
mptcp_mbsize(const struct mbuf *m)
{
	u_long size;

	for (size = 0; m != NULL; m = m->m_next) {
		size += MSIZE;
		if (m->m_flags & M_EXT)
			size += m->m_ext.ext_size;
	}
	return (size);
}

/*
 * Most that the VNET's connections may hold together, bytes.  As a part of all
 * clusters, like net.inet.tcp.reass.maxsegments, unless it is set.
 */
u_long
mptcp_held_most(void)
{

	if (V_mptcp.mv_held_max != 0)
		return (V_mptcp.mv_held_max);
	return ((u_long)nmbclusters / 8 * (MCLBYTES + MSIZE));
}

/*
 * Two mbufs' worth of data in many: as few as can be.
 */
static struct mbuf *
mptcp_compact(struct mbuf *m)
{
	struct mbuf *n;
	const u_int len = m_length(m, NULL);

	if (len > MCLBYTES || mptcp_mbsize(m) < 2 * (u_long)(len <= MLEN ?
	    MSIZE : MSIZE + MCLBYTES))
		return (m);
	if ((n = m_get2(len, M_NOWAIT, MT_DATA, 0)) == NULL)
		return (m);
	m_copydata(m, 0, len, mtod(n, void *));
	n->m_len = len;
	m_freem(m);
	return (n);
}

/*
 * Makes room for a piece that is to be held.  Returns the piece, perhaps as a
 * copy, or NULL: it is freed, and the core must be told.
 */
struct mbuf *
mptcp_hold(struct mpcb *mp, struct mbuf *m)
{
	u_long most, size;

	MP_LOCK_ASSERT(mp);
	m = mptcp_compact(m);
	size = mptcp_mbsize(m);
	most = V_mptcp.mv_held_mpcb_max;
	if (most == 0)
		most = ulmax((u_long)mp->mp_so->so_rcv.sb_hiwat *
		    MPTCP_HELD_FACTOR, MPTCP_HELD_LEAST);
	if (mp->mp_held_mem + size <= most) {
		if (atomic_fetchadd_long(&V_mptcp.mv_held_mem, size) + size <=
		    mptcp_held_most()) {
			mp->mp_held_mem += size;
			return (m);
		}
		atomic_subtract_long(&V_mptcp.mv_held_mem, size);
	}
	m_freem(m);
	return (NULL);
}

/*
 * A held piece is about to be delivered or freed.
 */
void
mptcp_unhold(struct mpcb *mp, const struct mbuf *m)
{
	const u_long size = mptcp_mbsize(m);

	KASSERT(mp->mp_held_mem >= size,
	    ("%s: %lu of %lu bytes", __func__, size, mp->mp_held_mem));
	mp->mp_held_mem -= size;
	CURVNET_SET(mp->mp_vnet);
	atomic_subtract_long(&V_mptcp.mv_held_mem, size);
	CURVNET_RESTORE();
}
