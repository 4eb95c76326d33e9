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
 * The end of a subflow, and of a connection.
 *
 * Locks: none on entry.  The task alone comes here.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

/*
 * Tells the core of subflows whose TCP is gone.
 */
void
mptcp_reap(struct mpcb *mp)
{
	struct mptcp_subflow *sub;
	int error, how, i;

	for (i = 0; i < MPTCP_MAXSUBFLOWS; i++) {
		MP_LOCK(mp);
		sub = mp->mp_sub[i];
		if (sub != NULL && sub->ms_tp->t_state == TCPS_CLOSED &&
		    (sub->ms_so->so_state & SS_ISDISCONNECTED) == 0) {
			/*
			 * tcp_drop() scheduled this task with its RST, and
			 * gets to soisdisconnected() under the same lock hold.
			 */
			mptcp_subflow_ref(sub);
			MP_UNLOCK(mp);
			INP_WLOCK(tptoinpcb(sub->ms_tp));
			INP_WUNLOCK(tptoinpcb(sub->ms_tp));
			mptcp_subflow_rele(sub);
			MP_LOCK(mp);
			sub = mp->mp_sub[i];
		}
		if (sub == NULL ||
		    (sub->ms_so->so_state & SS_ISDISCONNECTED) == 0) {
			MP_UNLOCK(mp);
			continue;
		}
		/* What arrived before the end still counts. */
		mptcp_drain(mp, sub, mptcp_now(mp));
		error = sub->ms_so->so_error;
		how = error == 0 ? MPTCP_SFEND_FIN :
		    error == ECONNRESET || error == ECONNREFUSED ?
		    MPTCP_SFEND_RESET : error == ECONNABORTED ?
		    MPTCP_SFEND_LOCAL : MPTCP_SFEND_TIMEOUT;
		sub->ms_reported = true;
		mp->mp_sub[i] = NULL;
		mptcp_core_subflow_closed(mp->mp_core, i, how, mptcp_now(mp));
		MP_UNLOCK(mp);
		MPTCP_PROBE3(subflow__closed, mp, i, how);
		MPTCP_DEBUG(MPSESSION, 1,
		    "%08x: subflow %d closed, how %d, error %d\n",
		    mp->mp_token, i, how, error);
		mptcp_subflow_rele(sub);
	}
}

/*
 * Closes the sockets of subflows that no one uses any more.
 */
void
mptcp_bury(struct mpcb *mp)
{
	struct mptcp_subflow *sub;
	struct socket *so;

	for (;;) {
		mtx_lock(&mp->mp_dead_mtx);
		sub = STAILQ_FIRST(&mp->mp_dead);
		if (sub != NULL)
			STAILQ_REMOVE_HEAD(&mp->mp_dead, ms_dead);
		mtx_unlock(&mp->mp_dead_mtx);
		if (sub == NULL)
			return;
		so = sub->ms_so;
		INP_WLOCK(tptoinpcb(sub->ms_tp));
		sub->ms_phase = MPS_GONE;
		INP_WUNLOCK(tptoinpcb(sub->ms_tp));
		(void)soclose(so);
		mptcp_subflow_free(sub);
	}
}

/*
 * The connection is over and the application has closed: every subflow is let
 * go, then the application's socket, whose detach lets the first one go.
 */
void
mptcp_teardown(struct mpcb *mp)
{
	struct mptcp_subflow *sub;
	struct socket *so;
	int i;

	MP_LOCK(mp);
	if (mp->mp_dying || !mp->mp_over || !mp->mp_closed) {
		MP_UNLOCK(mp);
		return;
	}
	mp->mp_dying = true;
	so = mp->mp_so;
	MP_UNLOCK(mp);
	/*
	 * Nothing arms it any more.  callout_stop() would not do: softclock
	 * may be about to take MP_LOCK, and finds out with it that there is
	 * nothing to call.
	 */
	callout_drain(&mp->mp_callout);
	mptcp_unpublish(mp);
	for (i = 0; i < MPTCP_MAXSUBFLOWS; i++) {
		MP_LOCK(mp);
		sub = mp->mp_sub[i];
		mp->mp_sub[i] = NULL;
		if (sub != NULL)
			sub->ms_reported = true;
		MP_UNLOCK(mp);
		if (sub != NULL)
			mptcp_subflow_rele(sub);
	}
	sorele(so);
	mpcb_rele(mp);			/* the application's socket's */
}
