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
 * The path manager's hands: opening joins, and telling connections of
 * addresses.  What to open and when is the core's decision.
 *
 * Locks: mptcp_open_subflow() runs in the task with none.  Address events come
 * under locks of the interface code, so they only mark connections.
 *
 * Failure: a join that cannot be opened is reported to the core, which tries
 * again with back-off.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>
#include <sys/jail.h>

static void
mptcp_to_sockaddr(const struct mptcp_core_addr *addr,
    struct sockaddr_storage *ss)
{
	struct sockaddr_in *sin;
	struct sockaddr_in6 *sin6;

	bzero(ss, sizeof(*ss));
	if (addr->family == 6) {
		sin6 = (struct sockaddr_in6 *)ss;
		sin6->sin6_len = sizeof(*sin6);
		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(addr->port);
		bcopy(addr->ip, &sin6->sin6_addr, sizeof(sin6->sin6_addr));
	} else {
		sin = (struct sockaddr_in *)ss;
		sin->sin_len = sizeof(*sin);
		sin->sin_family = AF_INET;
		sin->sin_port = htons(addr->port);
		bcopy(addr->ip, &sin->sin_addr, sizeof(sin->sin_addr));
	}
}

/*
 * Whether the connection's owner may use a local address: a jail without a
 * VNET of its own has some of the host's.  Any lock may be held.
 */
bool
mptcp_may_use(const struct mpcb *mp, const struct mptcp_core_addr *addr)
{
	const struct ucred *cred = mp->mp_cred;
	struct in_addr in;
#ifdef INET6
	struct in6_addr in6;

	if (addr->family == 6) {
		bcopy(addr->ip, &in6, sizeof(in6));
		return (prison_check_ip6(cred, &in6) == 0);
	}
#endif
	bcopy(addr->ip, &in, sizeof(in));
	return (prison_check_ip4(cred, &in) == 0);
}

/*
 * Makes a socket for a join, with its TCP on the private stack.
 */
static struct mptcp_subflow *
mptcp_new_subflow(struct mpcb *mp, const struct mptcp_core_action *action)
{
	struct mptcp_subflow *sub;
	struct socket *so;
	struct inpcb *inp;
	struct tcpcb *tp;

	if (socreate(action->local.family == 6 ? AF_INET6 : AF_INET, &so,
	    SOCK_STREAM, IPPROTO_TCP, mp->mp_so->so_cred, curthread) != 0)
		return (NULL);
	mptcp_size_buffers(so);
	inp = sotoinpcb(so);
	INP_WLOCK(inp);
	tp = intotcpcb(inp);
	MP_LOCK(mp);
	mptcp_inherit(mp, so, tp);
	MP_UNLOCK(mp);
	sub = mptcp_subflow_alloc(tp);
	if (sub != NULL) {
		refcount_acquire(&sub->ms_refs);
		if (mptcp_fb_attach(tp, sub)) {
			sub->ms_so = so;
			if (mptcp_subflow_up(mp, sub, action->sf, true)) {
				mptcp_subflow_ref(sub);
				INP_WUNLOCK(inp);
				return (sub);
			}
			sub->ms_so = NULL;
			mptcp_fb_detach(tp);
		} else {
			refcount_release(&sub->ms_refs);
			mptcp_subflow_rele(sub);
		}
	}
	INP_WUNLOCK(inp);
	(void)soclose(so);
	return (NULL);
}

/*
 * Opens a subflow that the core wants.  Does not wait for the SYN/ACK.
 */
void
mptcp_open_subflow(struct mpcb *mp, const struct mptcp_core_action *action)
{
	struct sockaddr_storage local, remote;
	struct mptcp_core_addr bound, peer;
	struct mptcp_subflow *sub;
	struct thread *td = curthread;
	struct ucred *saved;
	struct inpcb *inp;
	int error;

	sub = mptcp_new_subflow(mp, action);
	if (sub == NULL) {
		MP_LOCK(mp);
		/* Else it was given up, and the id may be another's. */
		if (mp->mp_sub[action->sf] == NULL &&
		    mptcp_core_subflow_state(mp->mp_core, action->sf) ==
		    MPTCP_SFS_JOIN_SYN_SENT)
			mptcp_core_subflow_closed(mp->mp_core, action->sf,
			    MPTCP_SFEND_TIMEOUT, mptcp_now(mp));
		MP_UNLOCK(mp);
		return;
	}
	mptcp_to_sockaddr(&action->local, &local);
	mptcp_to_sockaddr(&action->remote, &remote);
	/* As its owner: the task's own credential may use every address. */
	saved = td->td_ucred;
	td->td_ucred = mp->mp_cred;
	error = mptcp_may_use(mp, &action->local) ?
	    sobind(sub->ms_so, (struct sockaddr *)&local, td) : EADDRNOTAVAIL;
	if (error == 0)
		error = soconnect(sub->ms_so, (struct sockaddr *)&remote, td);
	td->td_ucred = saved;
	MPTCP_PROBE3(join__open, mp, action->sf, error);
	MPTCP_DEBUG(MPSESSION, 1, "%08x: subflow %u: join sent, error %d\n",
	    mp->mp_token, action->sf, error);
	inp = tptoinpcb(sub->ms_tp);
	INP_WLOCK(inp);
	mptcp_sockaddr(inp, &bound, &peer);
	INP_WUNLOCK(inp);
	MP_LOCK(mp);
	if (error == 0)
		mptcp_core_join_bound(mp->mp_core, action->sf, &bound);
	else if (mp->mp_sub[action->sf] == sub) {
		sub->ms_reported = true;
		mp->mp_sub[action->sf] = NULL;
		mptcp_core_subflow_closed(mp->mp_core, action->sf,
		    MPTCP_SFEND_TIMEOUT, mptcp_now(mp));
	} else
		error = 0;
	MP_UNLOCK(mp);
	if (error != 0)
		mptcp_subflow_rele(sub);	/* the table's */
	mptcp_subflow_rele(sub);
}

/*
 * Hands mp_addresses to a connection, as far as its owner may use them.
 */
void
mptcp_read_addresses(struct mpcb *mp)
{
	struct mptcp_core_addresses list;
	struct mptcp_core_addr addr;
	bool backup;
	u_int n;
	int error;

	MPP_RLOCK();
	list = V_mptcp.mv_addresses;
	MPP_RUNLOCK();
	for (n = 0; mptcp_core_addresses_get(&list, n, &addr, &backup);)
		if (mptcp_may_use(mp, &addr))
			n++;
		else
			mptcp_core_addresses_remove(&list, n);
	MP_LOCK(mp);
	error = 0;
	MPTCP_FAIL_POINT(mptcp_no_addresses, error = ENOMEM);
	if (error == 0)
		error = mptcp_core_addresses_changed(mp->mp_core, &list,
		    mptcp_now(mp));
	if (error != 0)
		mp->mp_addrs_due = true;	/* mptcp_arm() */
	MP_UNLOCK(mp);
}

/*
 * mp_addresses was set: every connection reads it again.
 */
void
mptcp_addresses_changed(void)
{
	struct mpcb *mp;

	MPP_RLOCK();
	LIST_FOREACH(mp, &V_mptcp.mv_mpcbs, mp_list) {
		mp->mp_addrs_due = true;
		mptcp_schedule(mp);
	}
	MPP_RUNLOCK();
}

/*
 * An address came to, or went from, an interface.
 */
static void
mptcp_ifaddr_event(void *arg __unused, struct ifnet *ifp __unused,
    struct ifaddr *ifa, int event)
{
	struct mptcp_core_addr addr;
	struct mptcp_ifaddr *mi;
	struct mpcb *mp;

	bzero(&addr, sizeof(addr));
	if (ifa->ifa_addr->sa_family == AF_INET) {
		addr.family = 4;
		bcopy(&((struct sockaddr_in *)ifa->ifa_addr)->sin_addr,
		    addr.ip, sizeof(struct in_addr));
#ifdef INET6
	} else if (ifa->ifa_addr->sa_family == AF_INET6) {
		addr.family = 6;
		bcopy(&((struct sockaddr_in6 *)ifa->ifa_addr)->sin6_addr,
		    addr.ip, sizeof(struct in6_addr));
#endif
	} else
		return;
	if (V_mptcp.mv_tokens == NULL)
		return;			/* a VNET that comes, or goes */
	MPP_RLOCK();
	LIST_FOREACH(mp, &V_mptcp.mv_mpcbs, mp_list) {
		mtx_lock(&mp->mp_dead_mtx);
		if (mp->mp_nifaddr < MPTCP_MAXIFADDR) {
			mi = &mp->mp_ifaddr[mp->mp_nifaddr++];
			mi->mi_addr = addr;
			mi->mi_came = event == IFADDR_EVENT_ADD;
		} else
			mp->mp_ifaddr_lost = true;
		mtx_unlock(&mp->mp_dead_mtx);
		mptcp_schedule(mp);
	}
	MPP_RUNLOCK();
}

/*
 * Tells the core whether an address is on an interface now.
 */
static void
mptcp_ifaddr_check(struct mpcb *mp, const struct mptcp_core_addr *addr)
{
	struct mptcp_core_addr bare = *addr;
	struct sockaddr_storage ss;
	struct epoch_tracker et;
	bool there;

	bare.port = 0;
	mptcp_to_sockaddr(&bare, &ss);
	NET_EPOCH_ENTER(et);
	there = ifa_ifwithaddr_check((struct sockaddr *)&ss) != 0;
	NET_EPOCH_EXIT(et);
	MP_LOCK(mp);
	if (there)
		mptcp_core_address_back(mp->mp_core, &bare, mptcp_now(mp));
	else
		mptcp_core_address_lost(mp->mp_core, &bare);
	MP_UNLOCK(mp);
}

/*
 * More events came than were kept: looks at every address that matters.
 */
static void
mptcp_ifaddr_reread(struct mpcb *mp)
{
	struct mptcp_core_addresses list;
	struct mptcp_core_addr local, remote;
	struct mptcp_subflow *sub;
	struct inpcb *inp;
	bool backup;
	u_int n;

	MPP_RLOCK();
	list = V_mptcp.mv_addresses;
	MPP_RUNLOCK();
	for (n = 0; mptcp_core_addresses_get(&list, n, &local, &backup); n++)
		mptcp_ifaddr_check(mp, &local);
	for (n = 0; n < MPTCP_MAXSUBFLOWS; n++) {
		if ((sub = mptcp_subflow_get(mp, n)) == NULL)
			continue;
		inp = tptoinpcb(sub->ms_tp);
		INP_RLOCK(inp);
		mptcp_sockaddr(inp, &local, &remote);
		INP_RUNLOCK(inp);
		mptcp_subflow_rele(sub);
		mptcp_ifaddr_check(mp, &local);
	}
}

/*
 * What the events left behind, from the task.
 */
void
mptcp_ifaddr_task(struct mpcb *mp)
{
	struct mptcp_ifaddr events[MPTCP_MAXIFADDR];
	bool lost;
	u_int i, n;

	MPTCP_FAIL_POINT(mptcp_ifaddr_late, return);
	mtx_lock(&mp->mp_dead_mtx);
	n = mp->mp_nifaddr;
	lost = mp->mp_ifaddr_lost;
	mp->mp_nifaddr = 0;
	mp->mp_ifaddr_lost = false;
	bcopy(mp->mp_ifaddr, events, n * sizeof(events[0]));
	mtx_unlock(&mp->mp_dead_mtx);
	if (lost) {
		mptcp_ifaddr_reread(mp);
		return;
	}
	if (n == 0)
		return;
	MP_LOCK(mp);
	for (i = 0; i < n; i++)
		if (events[i].mi_came)
			mptcp_core_address_back(mp->mp_core,
			    &events[i].mi_addr, mptcp_now(mp));
		else
			mptcp_core_address_lost(mp->mp_core,
			    &events[i].mi_addr);
	MP_UNLOCK(mp);
}

/* Once: it runs in the VNET of the interface. */
EVENTHANDLER_DEFINE(ifaddr_event_ext, mptcp_ifaddr_event, NULL,
    EVENTHANDLER_PRI_ANY);
