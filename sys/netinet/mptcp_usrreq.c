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
 * User requests on the application's socket of a multipath connection.
 *
 * Most of tcp_usr_*() come here with the pinned inpcb write-locked, because the
 * inpcb no longer belongs to that socket.  The lock is dropped first: what
 * follows takes MP_LOCK, and the locks of subflows one after another.
 * mptcp_usr_send() and mptcp_usr_rcvd() come without it: once an inpcb is
 * another socket's it stays so, and its lock would make the application wait
 * for every segment's input.
 *
 * The MPCB stays for as long as the application's socket has its so_pcb.
 *
 * Failure: errno values as TCP gives them.  soabort() may come with another
 * inpcb's lock held, so detach, abort and close only mark and leave the rest
 * to the task.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

/*
 * The MPCB of a pinned inpcb, referenced.  No lock is needed: once an inpcb is
 * a subflow socket's, its subflow stays until mptcp_usr_detach().
 */
static struct mpcb *
mptcp_usr_mpcb(struct inpcb *inp)
{
	struct mpcb *mp;

	mp = tptosubflow(intotcpcb(inp))->ms_mp;
	mpcb_ref(mp);
	return (mp);
}

/*
 * The same for a caller that has the INP write lock, which is dropped.
 */
struct mpcb *
mptcp_usr_enter(struct inpcb *inp)
{
	struct mpcb *mp;

	INP_WLOCK_ASSERT(inp);
	mp = mptcp_usr_mpcb(inp);
	INP_WUNLOCK(inp);
	return (mp);
}

/*
 * send(2): no lock is held.
 */
int
mptcp_usr_send(struct socket *so, struct inpcb *inp, int flags,
    struct mbuf *m, struct mbuf *control)
{
	struct mpcb *mp;
	int error;

	mp = mptcp_usr_mpcb(inp);
	error = 0;
	if (control != NULL) {
		if (control->m_len > 0)
			error = EINVAL;
		m_freem(control);
	}
	if (flags & PRUS_OOB)
		error = EOPNOTSUPP;
	if (error != 0) {
		mpcb_rele(mp);
		if ((flags & PRUS_NOTREADY) == 0)
			m_freem(m);
		return (error);
	}
	MP_LOCK(mp);
	if (mp->mp_ended || mp->mp_shut) {
		error = mp->mp_ended ? ECONNRESET : EPIPE;
		MP_UNLOCK(mp);
		mpcb_rele(mp);
		/* sendfile(2) aborts the connection, and frees its own. */
		if ((flags & PRUS_NOTREADY) == 0)
			m_freem(m);
		return (error);
	}
	/*
	 * In the same hold of MP_LOCK: the end of the connection empties
	 * so_snd, and a DATA_FIN has its place behind these bytes.
	 */
	sbappendstream(&so->so_snd, m, flags);
	mptcp_core_set_snd_hiwat(mp->mp_core, so->so_snd.sb_hiwat);
	if ((flags & PRUS_NOTREADY) == 0)
		mptcp_appended(mp);
	if (flags & PRUS_EOF)
		mptcp_end_data(mp);
	MP_UNLOCK(mp);
	if (flags & PRUS_EOF)
		socantsendmore(so);
	/* More is to come, but perhaps not soon. */
	if (flags & PRUS_MORETOCOME)
		mptcp_schedule(mp);
	else
		mptcp_run(mp, false);
	mpcb_rele(mp);
	return (0);
}

/*
 * sendfile(2), or kTLS: bytes that were appended not ready are ready now.
 */
int
mptcp_usr_ready(struct socket *so, struct inpcb *inp, struct mbuf *m,
    int count)
{
	struct mpcb *mp;
	int error;

	mp = mptcp_usr_enter(inp);
	MP_LOCK(mp);
	if (mp->mp_ended) {
		/* They were taken out of so_snd. */
		MP_UNLOCK(mp);
		mpcb_rele(mp);
		mb_free_notready(m, count);
		return (ECONNRESET);
	}
	SOCKBUF_LOCK(&so->so_snd);
	error = sbready(&so->so_snd, m, count);
	SOCKBUF_UNLOCK(&so->so_snd);
	if (error == 0)
		mptcp_appended(mp);
	MP_UNLOCK(mp);
	if (error == 0)
		mptcp_run(mp, false);
	else
		error = 0;
	mpcb_rele(mp);
	return (error);
}

/*
 * recv(2) took bytes out of so_rcv: no lock is held.
 */
int
mptcp_usr_rcvd(struct socket *so, struct inpcb *inp)
{
	struct mpcb *mp;

	mp = mptcp_usr_mpcb(inp);
	MP_LOCK(mp);
	if (mptcp_core_set_rcv_space(mp->mp_core,
	    lmax(sbspace(&so->so_rcv), 0)))
		mptcp_run_unlock(mp, false, mptcp_now(mp));
	else
		MP_UNLOCK(mp);
	mpcb_rele(mp);
	return (0);
}

int
mptcp_usr_shutdown(struct socket *so, struct inpcb *inp)
{
	struct mpcb *mp;

	mp = mptcp_usr_enter(inp);
	socantsendmore(so);
	MP_LOCK(mp);
	mptcp_end_data(mp);
	MP_UNLOCK(mp);
	mptcp_run(mp, false);
	mpcb_rele(mp);
	return (0);
}

/*
 * soclose(): with SO_LINGER 0 MP_FASTCLOSE, else DATA_FIN after the data.
 */
int
mptcp_usr_disconnect(struct socket *so, struct inpcb *inp)
{
	struct mpcb *mp;
	bool abort;

	mp = mptcp_usr_enter(inp);
	abort = (so->so_options & SO_LINGER) != 0 && so->so_linger == 0;
	soisdisconnecting(so);
	MP_LOCK(mp);
	mp->mp_shut = true;
	mp->mp_closing = true;
	if (abort)
		mptcp_core_abort(mp->mp_core);
	else
		mptcp_end_data(mp);
	MP_UNLOCK(mp);
	sbflush(&so->so_rcv);
	mptcp_run(mp, false);
	mpcb_rele(mp);
	return (0);
}

void
mptcp_usr_close(struct socket *so __unused, struct inpcb *inp)
{
	struct mpcb *mp;

	mp = mptcp_usr_enter(inp);
	MP_LOCK(mp);
	mp->mp_closing = true;
	mp->mp_closed = true;
	mptcp_end_data(mp);
	MP_UNLOCK(mp);
	mptcp_schedule(mp);
	mpcb_rele(mp);
}

/*
 * accept(2): from now on somebody has the socket, who will close it.  INP write
 * lock, kept.
 */
void
mptcp_usr_accept(struct inpcb *inp)
{
	struct mpcb *mp = tptosubflow(intotcpcb(inp))->ms_mp;

	INP_WLOCK_ASSERT(inp);
	MP_LOCK(mp);
	mp->mp_owned = true;
	MP_UNLOCK(mp);
}

/*
 * soabort() of a socket that nobody accepted, whose last reference the MPCB
 * keeps; or sendfile(2) after an I/O error, when the application still has the
 * socket, and is going to free mbufs that lie in so_snd as not ready.
 */
void
mptcp_usr_abort(struct socket *so __unused, struct inpcb *inp)
{
	struct mpcb *mp;

	mp = mptcp_usr_enter(inp);
	MP_LOCK(mp);
	mp->mp_shut = true;
	if (!mp->mp_owned)
		mp->mp_closed = true;
	mptcp_core_abort(mp->mp_core);
	mptcp_end_sending(mp, ECONNABORTED);
	MP_UNLOCK(mp);
	mptcp_schedule(mp);
	mpcb_rele(mp);
}

/*
 * The application's socket is being freed.  Now the first subflow's socket,
 * which kept the inpcb for it, may be closed.
 */
void
mptcp_usr_detach(struct socket *so, struct inpcb *inp)
{
	struct mptcp_subflow *master;
	struct mpcb *mp;

	mp = mptcp_usr_enter(inp);
	MP_LOCK(mp);
	mp->mp_detached = true;
	master = mp->mp_master;
	mp->mp_master = NULL;
	MP_UNLOCK(mp);
	so->so_pcb = NULL;
	if (master != NULL)
		mptcp_subflow_rele(master);
	mptcp_schedule(mp);
	mpcb_rele(mp);
}
