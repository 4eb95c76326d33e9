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
 * What each VNET has: its lock, its tokens and its settings, made and unmade.
 *
 * Locks: none on entry.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

VNET_DEFINE(struct mptcp_vnet, mptcp);

/*
 * The lock is there before, and for longer than, whatever may ask for tokens.
 */
static void
mptcp_vnet_lock_init(const void *unused __unused)
{

	rw_init(&V_mptcp.mv_lock, "mptcp list");
}
VNET_SYSINIT(mptcp_vnet_lock_init, SI_SUB_PROTO_DOMAIN, SI_ORDER_FIRST,
    mptcp_vnet_lock_init, NULL);

static void
mptcp_vnet_init(const void *unused __unused)
{
	struct mptcp_core_tokens *tokens;

	LIST_INIT(&V_mptcp.mv_mpcbs);
	mptcp_core_config_init(&V_mptcp.mv_config);
	mptcp_core_addresses_init(&V_mptcp.mv_addresses);
	/* The core never sleeps for memory; jail(8) can wait for it. */
	for (;;) {
		tokens = mptcp_core_tokens_new();
		MPTCP_FAIL_POINT(mptcp_no_tokens,
		    mptcp_core_tokens_free(tokens); tokens = NULL);
		if (tokens != NULL)
			break;
		pause("mptcpmem", hz / 10);
	}
	V_mptcp.mv_tokens = tokens;
}
VNET_SYSINIT(mptcp_vnet_init, SI_SUB_PROTO_DOMAIN, SI_ORDER_ANY,
    mptcp_vnet_init, NULL);

#ifdef VIMAGE
/*
 * A VNET goes: its sockets are closed already; connections that still wait for
 * their peers are aborted, and waited for.
 */
static void
mptcp_vnet_uninit(const void *unused __unused)
{
	struct mpcb *mp;
	u_int left;

	for (;;) {
		MPP_RLOCK();
		left = V_mptcp.mv_count;
		LIST_FOREACH(mp, &V_mptcp.mv_mpcbs, mp_list) {
			mp->mp_abort = true;
			mptcp_schedule(mp);
		}
		MPP_RUNLOCK();
		if (left == 0)
			break;
		pause("mptcpgo", hz / 20);
	}
	mptcp_quiesce();
	MPP_WLOCK();
	mptcp_core_tokens_free(V_mptcp.mv_tokens);
	V_mptcp.mv_tokens = NULL;	/* from now on all is plain TCP */
	MPP_WUNLOCK();
}
VNET_SYSUNINIT(mptcp_vnet_uninit, SI_SUB_PROTO_DOMAIN, SI_ORDER_ANY,
    mptcp_vnet_uninit, NULL);

/* After tcp_destroy(), which waits for the last inpcb. */
static void
mptcp_vnet_lock_destroy(const void *unused __unused)
{

	rw_destroy(&V_mptcp.mv_lock);
}
VNET_SYSUNINIT(mptcp_vnet_lock_destroy, SI_SUB_PROTO_DOMAIN, SI_ORDER_FIRST,
    mptcp_vnet_lock_destroy, NULL);
#endif
