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
 * Where the tasks of MPCBs run, and the callout that asks for one.
 *
 * A pending task holds a reference on its MPCB.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

/* One for each processor; each has one thread, bound to none. */
static struct taskqueue *mptcp_queues[MAXCPU];

static void
mptcp_queues_init(const void *unused __unused)
{
	u_int i;

	for (i = 0; i < mp_ncpus; i++) {
		mptcp_queues[i] = taskqueue_create("mptcp", M_WAITOK,
		    taskqueue_thread_enqueue, &mptcp_queues[i]);
		(void)taskqueue_start_threads(&mptcp_queues[i], 1, PWAIT,
		    "mptcp taskq %u", i);
	}
}
SYSINIT(mptcp_queues, SI_SUB_TASKQ, SI_ORDER_SECOND, mptcp_queues_init, NULL);

/*
 * Asks for the task.  Any lock may be held.  A connection keeps to one queue;
 * tokens are random numbers, so connections spread evenly.
 */
void
mptcp_schedule(struct mpcb *mp)
{

	/* mptcp_vnet_uninit() has waited for the last task. */
	KASSERT(VNET_VNET(mp->mp_vnet, mptcp).mv_tokens != NULL,
	    ("%s: a task for a VNET that is going", __func__));
	mpcb_ref(mp);
	if (taskqueue_enqueue_flags(mptcp_queues[mp->mp_token % mp_ncpus],
	    &mp->mp_task, TASKQUEUE_FAIL_IF_PENDING) != 0)
		mpcb_rele(mp);
}

void
mptcp_callout(void *arg)
{
	struct mpcb *mp = arg;

	MP_LOCK_ASSERT(mp);
	mptcp_schedule(mp);
}

/*
 * The callout for the next thing that the core has to do.  MP_LOCK.
 */
void
mptcp_arm(struct mpcb *mp, uint64_t now)
{
	uint64_t at;

	MP_LOCK_ASSERT(mp);
	if (mp->mp_dying)
		return;
	at = mptcp_core_next_timer(mp->mp_core);
	/* No memory for an address: nothing else may ever call the task. */
	if (mp->mp_addrs_due)
		at = uqmin(at, now + MPTCP_ADDRS_AGAIN);
	if (at == UINT64_MAX)
		return;
	/* One that fires too early does no harm: it arms the next. */
	if (callout_pending(&mp->mp_callout) && mp->mp_armed_at <= at)
		return;
	mp->mp_armed_at = at;
	callout_reset_sbt(&mp->mp_callout,
	    ustosbt(at > now ? uqmin(at - now, 3600000000ULL) : 1000), SBT_1MS,
	    mptcp_callout, mp, 0);
}

/*
 * Waits for the tasks that were asked for, of all connections.  Sleeps.
 */
void
mptcp_quiesce(void)
{
	u_int i;

	for (i = 0; i < mp_ncpus; i++)
		taskqueue_quiesce(mptcp_queues[i]);
}
