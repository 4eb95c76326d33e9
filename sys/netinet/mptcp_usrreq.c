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
 * Each tcp_usr_*() comes here with the pinned inpcb write-locked, because the
 * inpcb no longer belongs to that socket.  The lock is dropped first: what
 * follows takes MP_LOCK, and the locks of subflows one after another.  Sending
 * and reading come without it: once an inpcb is another socket's it stays so,
 * and its lock would make the application wait for every segment's input.
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

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/eventhandler.h>
#include <sys/kernel.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/protosw.h>
#include <sys/rwlock.h>
#include <sys/socket.h>
#include <sys/socketvar.h>
#include <sys/sysctl.h>
#include <sys/taskqueue.h>

#include <net/if.h>
#include <net/if_var.h>
#include <net/vnet.h>

#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/in_var.h>
#include <netinet/ip.h>
#include <netinet/ip_var.h>
#ifdef INET6
#include <netinet/ip6.h>
#include <netinet6/ip6_var.h>
#endif
#include <netinet/tcp.h>
#include <netinet/tcp_fsm.h>
#include <netinet/tcp_seq.h>
#include <netinet/tcp_timer.h>
#include <netinet/tcp_var.h>
#include <netinet/cc/cc.h>
#include <netinet/mptcp_hooks.h>
#include <netinet/mptcp_var.h>
#include <netinet/mptcp_dtrace.h>

/*
 * Drops the lock of the pinned inpcb, where it is held; returns the MPCB.
 */
static struct mpcb *
mptcp_usr_enter(struct inpcb *inp)
{
	struct mpcb *mp;

	mp = tptosubflow(intotcpcb(inp))->ms_mp;
	mpcb_ref(mp);
	if (INP_WLOCKED(inp))
		INP_WUNLOCK(inp);
	return (mp);
}

/*
 * The application writes no more.  A DATA_FIN has its place behind what
 * sendfile(2) has not read yet.
 */
static void
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

int
mptcp_usr_send(struct socket *so, struct inpcb *inp, int flags,
    struct mbuf *m, struct mbuf *control)
{
	struct mpcb *mp;
	int error;

	mp = mptcp_usr_enter(inp);
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

int
mptcp_usr_rcvd(struct socket *so, struct inpcb *inp)
{
	struct mpcb *mp;

	mp = mptcp_usr_enter(inp);
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

/*
 * One socket option on one subflow.  The INP lock is taken here; TCP drops it.
 */
static int
mptcp_sub_ctloutput(struct mptcp_subflow *sub, struct sockopt *sopt)
{
	struct inpcb *inp = tptoinpcb(sub->ms_tp);
	struct socket *so;
	const int carried = SO_KEEPALIVE | SO_DONTROUTE;

	/* TCP and IP read these from the subflow's socket. */
	if (sopt->sopt_dir == SOPT_SET && sopt->sopt_level == SOL_SOCKET) {
		so = sub->ms_mp->mp_so;
		sub->ms_so->so_options = (sub->ms_so->so_options & ~carried) |
		    (so->so_options & carried);
		sub->ms_so->so_fibnum = so->so_fibnum;
		sub->ms_so->so_max_pacing_rate = so->so_max_pacing_rate;
	}
	INP_WLOCK(inp);
	if (inp->inp_flags & INP_DROPPED) {
		INP_WUNLOCK(inp);
		return (ECONNRESET);
	}
	if (sopt->sopt_dir == SOPT_SET)
		return (tcp_ctloutput_set(inp, sopt));
	if (sopt->sopt_level == IPPROTO_TCP)
		return (tcp_default_ctloutput(sub->ms_tp, sopt));
	INP_WUNLOCK(inp);
#ifdef INET6
	if (inp->inp_vflag & INP_IPV6PROTO)
		return (ip6_ctloutput(sub->ms_so, sopt));
#endif
#ifdef INET
	return (ip_ctloutput(sub->ms_so, sopt));
#else
	return (ENOPROTOOPT);
#endif
}

/*
 * TCP_NODELAY and TCP_NOPUSH: they speak of the application's stream, and
 * subflows always send what they have mapped at once.  What was held back goes
 * out when either lets it.
 */
static int
mptcp_ctl_stream(struct mpcb *mp, struct sockopt *sopt)
{
	bool *flag = sopt->sopt_name == TCP_NODELAY ? &mp->mp_nodelay :
	    &mp->mp_nopush;
	int error, optval;

	if (sopt->sopt_dir == SOPT_GET) {
		optval = *flag ? 1 : 0;
		return (sooptcopyout(sopt, &optval, sizeof(optval)));
	}
	error = sooptcopyin(sopt, &optval, sizeof(optval), sizeof(optval));
	if (error != 0)
		return (error);
	MP_LOCK(mp);
	*flag = optval != 0;
	mptcp_core_snd_append(mp->mp_core, 0, mptcp_now(mp));
	MP_UNLOCK(mp);
	mptcp_run(mp, false);
	return (0);
}

/*
 * Options of a multipath connection that are not simply set on every subflow.
 * To set one of the refused would need what only one TCP connection has; before
 * connect(2) or listen(2) they exclude MPTCP (mptcp_excluded()).
 */
enum mptcp_optscope { MPO_SUBFLOWS, MPO_STREAM, MPO_REFUSED };

static const struct {
	int	mo_level, mo_name;
	enum mptcp_optscope mo_scope;
} mptcp_sockopts[] = {
	{ IPPROTO_TCP, TCP_NODELAY, MPO_STREAM },
	{ IPPROTO_TCP, TCP_NOPUSH, MPO_STREAM },
	{ IPPROTO_TCP, TCP_FUNCTION_BLK, MPO_REFUSED },
	{ IPPROTO_TCP, TCP_MD5SIG, MPO_REFUSED },
	{ IPPROTO_TCP, TCP_NOOPT, MPO_REFUSED },
	{ IPPROTO_TCP, TCP_FASTOPEN, MPO_REFUSED },
	{ IPPROTO_TCP, TCP_TXTLS_ENABLE, MPO_REFUSED },
	{ IPPROTO_TCP, TCP_RXTLS_ENABLE, MPO_REFUSED },
	{ IPPROTO_TCP, TCP_REMOTE_UDP_ENCAPS_PORT, MPO_REFUSED },
	{ IPPROTO_IP, IP_OPTIONS, MPO_REFUSED },
	{ IPPROTO_IP, IP_IPSEC_POLICY, MPO_REFUSED },
	{ IPPROTO_IPV6, IPV6_IPSEC_POLICY, MPO_REFUSED },
	{ IPPROTO_IPV6, IPV6_HOPOPTS, MPO_REFUSED },
	{ IPPROTO_IPV6, IPV6_DSTOPTS, MPO_REFUSED },
	{ IPPROTO_IPV6, IPV6_RTHDR, MPO_REFUSED },
	{ IPPROTO_IPV6, IPV6_RTHDRDSTOPTS, MPO_REFUSED },
};

static enum mptcp_optscope
mptcp_scope(const struct sockopt *sopt)
{
	u_int i;

	for (i = 0; i < nitems(mptcp_sockopts); i++)
		if (mptcp_sockopts[i].mo_level == sopt->sopt_level &&
		    mptcp_sockopts[i].mo_name == sopt->sopt_name)
			return (mptcp_sockopts[i].mo_scope);
	return (MPO_SUBFLOWS);
}

/*
 * Whether an option must not be set while MPTCP is offered or used: it would
 * take segments away from the multipath level, or hold for one path only.
 */
bool
mptcp_refuses_option(const struct sockopt *sopt)
{

	return (sopt->sopt_dir == SOPT_SET &&
	    mptcp_scope(sopt) == MPO_REFUSED);
}

/*
 * The congestion control that the application chose is for later subflows, too.
 */
static void
mptcp_congestion_chosen(struct mpcb *mp, struct mptcp_subflow *sub)
{
	struct inpcb *inp = tptoinpcb(sub->ms_tp);

	INP_WLOCK(inp);
	MP_LOCK(mp);
	strlcpy(mp->mp_cc, CC_ALGO(sub->ms_tp)->name, sizeof(mp->mp_cc));
	mp->mp_cc_due = true;
	MP_UNLOCK(mp);
	INP_WUNLOCK(inp);
	/* One that came up meanwhile was not among those it was set on. */
	mptcp_schedule(mp);
}

/*
 * Gives the chosen congestion control to subflows that have another.  From the
 * task; no lock is held.  An algorithm that was unloaded is left out.
 */
void
mptcp_congestion_task(struct mpcb *mp)
{
	char name[TCP_CA_NAME_MAX];
	struct mptcp_subflow *sub;
	struct inpcb *inp;
	bool differs, due;
	int i;

	MP_LOCK(mp);
	due = mp->mp_cc_due;
	mp->mp_cc_due = false;
	strlcpy(name, mp->mp_cc, sizeof(name));
	MP_UNLOCK(mp);
	if (!due)
		return;
	for (i = 0; i < MPTCP_MAXSUBFLOWS; i++) {
		if ((sub = mptcp_subflow_get(mp, i)) == NULL)
			continue;
		inp = tptoinpcb(sub->ms_tp);
		INP_WLOCK(inp);
		differs = (inp->inp_flags & INP_DROPPED) == 0 &&
		    strcmp(CC_ALGO(sub->ms_tp)->name, name) != 0;
		INP_WUNLOCK(inp);
		if (differs)
			(void)so_setsockopt(sub->ms_so, IPPROTO_TCP,
			    TCP_CONGESTION, name, strlen(name));
		mptcp_subflow_rele(sub);
	}
}

/*
 * Socket options: read from the first subflow that lives, set on all of them.
 */
int
mptcp_ctloutput(struct socket *so __unused, struct inpcb *inp,
    struct sockopt *sopt)
{
	struct mptcp_subflow *sub;
	struct mpcb *mp;
	size_t valsize;
	int error, i;

	mp = mptcp_usr_enter(inp);
	if (mptcp_scope(sopt) == MPO_STREAM) {
		error = mptcp_ctl_stream(mp, sopt);
		mpcb_rele(mp);
		return (error);
	}
	if (mptcp_refuses_option(sopt)) {
		mpcb_rele(mp);
		return (EOPNOTSUPP);
	}
	error = ECONNRESET;
	valsize = sopt->sopt_valsize;
	for (i = 0; i < MPTCP_MAXSUBFLOWS; i++) {
		if ((sub = mptcp_subflow_get(mp, i)) == NULL)
			continue;
		sopt->sopt_valsize = valsize;
		error = mptcp_sub_ctloutput(sub, sopt);
		if (error == 0 && sopt->sopt_dir == SOPT_SET &&
		    sopt->sopt_level == IPPROTO_TCP &&
		    sopt->sopt_name == TCP_CONGESTION)
			mptcp_congestion_chosen(mp, sub);
		mptcp_subflow_rele(sub);
		if (sopt->sopt_dir == SOPT_GET ? error != ECONNRESET :
		    (error != 0 && error != ECONNRESET))
			break;
	}
	mpcb_rele(mp);
	return (error);
}
