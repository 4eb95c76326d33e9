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
 * The task of an MPCB.  It runs in a thread that may sleep; it alone opens and
 * closes sockets, and tells the core of subflows that died.
 *
 * Locks: none on entry.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

/*
 * Counts a fallback in mid-connection, once.
 */
static void
mptcp_note_fallback(struct mpcb *mp)
{
	struct mptcp_core_conn_info info;

	MP_LOCK(mp);
	mptcp_core_conn_info(mp->mp_core, &info);
	if (mp->mp_fellback || info.fallback == MPTCP_AGREED) {
		MP_UNLOCK(mp);
		return;
	}
	mp->mp_fellback = true;
	MP_UNLOCK(mp);
	mptcp_count_fallback(info.fallback);
	MPTCP_PROBE2(fallback, mp, info.fallback);
	MPTCP_DEBUG(MPSESSION, 1, "%08x: fallback: %s\n", mp->mp_token,
	    mptcp_core_fallback_name(info.fallback));
}

void
mptcp_task(void *arg, int pending __unused)
{
	struct mptcp_core_action open[MPTCP_MAXOPEN];
	struct mpcb *mp = arg;
	bool addrs;
	u_int i, n;

	CURVNET_SET(mp->mp_vnet);
	MP_LOCK(mp);
	if (!mp->mp_dying) {
		mptcp_core_on_timer(mp->mp_core, mptcp_now_exact(mp));
		if (mp->mp_abort)
			mptcp_core_abort(mp->mp_core);
		addrs = mp->mp_addrs_due;
		mp->mp_addrs_due = false;
	} else
		addrs = false;
	MP_UNLOCK(mp);
	if (addrs)
		mptcp_read_addresses(mp);
	mptcp_congestion_task(mp);
	mptcp_ifaddr_task(mp);
	mptcp_reap(mp);
	mptcp_run(mp, true);
	MP_LOCK(mp);
	/* mp_so may be gone with the teardown. */
	n = mp->mp_dying ? 0 : mp->mp_nopen;
	bcopy(mp->mp_open, open, n * sizeof(open[0]));
	mp->mp_nopen = 0;
	MP_UNLOCK(mp);
	for (i = 0; i < n; i++)
		mptcp_open_subflow(mp, &open[i]);
	if (n > 0)
		mptcp_run(mp, true);
	mptcp_note_fallback(mp);
	mptcp_teardown(mp);
	mptcp_bury(mp);
	CURVNET_RESTORE();
	mpcb_rele(mp);
}
