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
 * The application's send buffer: what the core knows of it, what the peer's
 * DATA_ACK releases, and its end.
 *
 * Locks: MP_LOCK on entry of all; the lock of so_snd is taken here.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

/*
 * Tells the core of bytes that became available in so_snd.
 */
void
mptcp_appended(struct mpcb *mp)
{
	uint64_t total;

	MP_LOCK_ASSERT(mp);
	if (mp->mp_detached)
		return;
	total = mp->mp_released + sbavail(&mp->mp_so->so_snd);
	if (total > mp->mp_appended) {
		mptcp_core_snd_append(mp->mp_core, total - mp->mp_appended,
		    mptcp_now(mp));
		mp->mp_appended = total;
	}
	if (mp->mp_fin_due)
		mptcp_end_data(mp);
}

/*
 * Lets go of what has been DATA_ACKed.  The subflows' own buffers refer to the
 * same mbufs, so what a map still needs stays there, and so_snd holds just the
 * logical sb_cc: a dead path's maps do not block the application.  Returns what
 * is to be freed, with MP_LOCK released.
 */
struct mbuf *
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
 * The application writes no more.  A DATA_FIN has its place behind what
 * sendfile(2) has not read yet.
 */
void
mptcp_end_data(struct mpcb *mp)
{
	struct sockbuf *sb = &mp->mp_so->so_snd;

	MP_LOCK_ASSERT(mp);
	mp->mp_shut = true;
	mp->mp_fin_due = !mp->mp_detached && sbused(sb) != sbavail(sb);
	if (mp->mp_fin_due)
		return;
	if (mp->mp_closing)
		mptcp_core_close(mp->mp_core, mptcp_now(mp));
	else
		mptcp_core_snd_shutdown(mp->mp_core, mptcp_now(mp));
}

/*
 * Nothing is sent any more, because the connection is over, or is aborted:
 * so_snd is empty from now on, and the error waits for the application.  In one
 * hold of MP_LOCK with what the caller decided it by, so that nobody appends to
 * so_snd, nor makes bytes ready in it, who has not seen the end.
 *
 * What sendfile(2) still reads from the disk is taken out, but not freed: it
 * belongs to mptcp_usr_ready(), or after an I/O error to sendfile(2).
 */
void
mptcp_end_sending(struct mpcb *mp, int error)
{
	struct socket *so = mp->mp_so;
	struct sockbuf *sb;
	struct mbuf *m;

	MP_LOCK_ASSERT(mp);
	if (mp->mp_ended)
		return;
	mp->mp_ended = true;
	if (mp->mp_detached)
		return;
	sb = &so->so_snd;
	SOCKBUF_LOCK(sb);
	sb->sb_state |= SBS_CANTSENDMORE;
	m = sbcut_locked(sb, sbused(sb));
	SOCKBUF_UNLOCK(sb);
	m_freem(m);
	/* Whoever aborts may set another, which must stay. */
	if (error != 0)
		so->so_error = error;
}
