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
 * Handshakes: MP_CAPABLE in both roles, and joins that the peer opens.
 *
 * The active side keeps its half in the subflow's private state, the passive
 * side in the syncache entry's sc_pspare (struct mptcp_synext).
 *
 * Locks: mptcp_connect() has the INP write lock.  The syncache calls with no
 * lock of its own while an entry is in no bucket (add, expand, respond from a
 * SYN), or with the new inpcb's write lock under the listener's (join,
 * promote); MP_LOCK comes after these.  With its bucket's lock it sends an
 * option again (respond) and frees (free), which take no lock.
 *
 * Failure: without memory the connection is plain TCP, and a join is refused.
 *
 * Syncookies: our key is a keyed hash of the connection's addresses and the
 * peer's initial sequence number, so MP_CAPABLE can be rebuilt from a third ACK,
 * which echoes it.  A join's nonces cannot: it is refused.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"
#include "opt_ipsec.h"

#include <netinet/mptcp_glue.h>
#include <netinet/in_systm.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/icmp_var.h>
#include <crypto/siphash/siphash.h>
#ifdef INET6
#include <netinet6/ip6_var.h>
#endif
#include <netipsec/ipsec_support.h>
#include <netipsec/ipsec.h>
#ifdef MAC
#include <security/mac/mac_framework.h>
#endif
#include <netinet/tcp_syncache.h>

/* SYNs that carry MP_CAPABLE before a retransmission goes without. */
#define	MPTCP_SYN_TRIES		2

struct mptcp_synext {
	struct mpcb	*se_mp;		/* joins: the connection, one ref */
	bool		se_agreed;	/* MP_CAPABLE: both speak MPTCP */
	bool		se_joined;	/* joins: se_sf exists in the core */
	int		se_refusal;	/* joins: MPTCP_JOIN_*, for the RST */
	uint8_t		se_sf;
	uint32_t	se_win;		/* of the third ACK, scaled */
	struct mptcp_core_responder se_responder;
	struct mptcp_core_join_request se_request;
	struct mptcp_core_agreed se_result;
	uint8_t		se_opt[MPTCP_OPT_MAX];
};

#define	sc_mptcp(sc)	((struct mptcp_synext *)(sc)->sc_pspare)

static uint8_t mptcp_secret[SIPHASH_KEY_LENGTH];

/*
 * connect(2): offer MPTCP in the SYN, unless the socket excludes it.
 */
void
mptcp_connect(struct tcpcb *tp)
{
	struct inpcb *inp = tptoinpcb(tp);
	struct mptcp_subflow *sub;
	int reason;

	INP_WLOCK_ASSERT(inp);
	if (mptcp_is_subflow(tp))
		return;			/* a join of our own */
	if (mptcp_excluded(tp) || (tp->t_flags & TF_FASTOPEN) != 0 ||
	    (inp->inp_socket->so_options & SO_ACCEPTCONN) != 0)
		return;
	if ((sub = mptcp_subflow_alloc(tp)) == NULL)
		return;
	reason = MPTCP_FALLBACK_DISABLED;
	MPP_RLOCK();
	if (V_mptcp.mv_tokens != NULL)	/* NULL: the VNET is going */
		reason = mptcp_core_opener_init(&sub->ms_opener,
		    &V_mptcp.mv_config, V_mptcp.mv_tokens, MPTCP_SYN_TRIES);
	MPP_RUNLOCK();
	refcount_acquire(&sub->ms_refs);	/* t_fb_ptr's */
	if (reason != MPTCP_AGREED || !mptcp_fb_attach(tp, sub)) {
		refcount_release(&sub->ms_refs);
		mptcp_subflow_rele(sub);
	}
}

static void
mptcp_inc_addrs(const struct in_conninfo *inc, struct mptcp_core_addr *local,
    struct mptcp_core_addr *remote)
{

	bzero(local, sizeof(*local));
	bzero(remote, sizeof(*remote));
	local->port = ntohs(inc->inc_lport);
	remote->port = ntohs(inc->inc_fport);
#ifdef INET6
	if (inc->inc_flags & INC_ISIPV6) {
		local->family = remote->family = 6;
		bcopy(&inc->inc6_laddr, local->ip, sizeof(struct in6_addr));
		bcopy(&inc->inc6_faddr, remote->ip, sizeof(struct in6_addr));
		return;
	}
#endif
	local->family = remote->family = 4;
	bcopy(&inc->inc_laddr, local->ip, sizeof(struct in_addr));
	bcopy(&inc->inc_faddr, remote->ip, sizeof(struct in_addr));
}

/*
 * Our key for a passive connection.  The secret is made once, at boot.
 */
static uint64_t
mptcp_passive_key(const struct in_conninfo *inc, tcp_seq irs)
{
	SIPHASH_CTX ctx;

	SipHash24_Init(&ctx);
	SipHash_SetKey(&ctx, mptcp_secret);
	SipHash_Update(&ctx, &inc->inc_ie, sizeof(inc->inc_ie));
	SipHash_Update(&ctx, &irs, sizeof(irs));
	return (SipHash_End(&ctx));
}

static void
mptcp_secret_init(const void *unused __unused)
{

	arc4random_buf(mptcp_secret, sizeof(mptcp_secret));
}
SYSINIT(mptcp_secret, SI_SUB_PROTO_DOMAIN, SI_ORDER_FIRST, mptcp_secret_init,
    NULL);

/*
 * A SYN with MP_JOIN.
 */
static int
mptcp_join_request(struct syncache *sc, struct mptcp_synext *se,
    uint32_t token, const uint8_t *opts, size_t optlen)
{
	struct mptcp_core_addr local, remote;
	int refusal;

	if ((se->se_mp = mptcp_find(token)) == NULL)
		return (MPTCP_JOIN_UNKNOWN_TOKEN);
	mptcp_inc_addrs(&sc->sc_inc, &local, &remote);
	/* The listener may be another jail's. */
	if (!mptcp_may_use(se->se_mp, &local))
		return (MPTCP_JOIN_PROHIBITED);
	MP_LOCK(se->se_mp);
	refusal = mptcp_core_join_syn(se->se_mp->mp_core, opts, optlen,
	    &local, &remote, &se->se_request);
	MP_UNLOCK(se->se_mp);
	return (refusal);
}

/*
 * A new syncache entry, from a SYN; with cookie, one that lives on the stack
 * until its SYN/ACK has been sent.  Returns false where a RST must be sent
 * instead: a join that is not wanted, for whatever reason, must not become a
 * plain TCP connection (RFC 8684, 3.2).
 */
bool
mptcp_syncache_add(struct syncache *sc, bool cookie, bool excluded,
    const struct tcpopt *to, const struct tcphdr *th)
{
	const uint8_t *opts = (const uint8_t *)(th + 1);
	const size_t optlen = (th->th_off << 2) - sizeof(*th);
	struct mptcp_synext *se;
	uint64_t key;
	uint32_t token;
	int kind, reason;

	kind = mptcp_core_syn_kind(opts, optlen, &token);
	if (kind == MPTCP_SYN_PLAIN)
		return (true);
	excluded = excluded || (to->to_flags & TOF_FASTOPEN) != 0 ||
	    sc->sc_port != 0;
	if (kind == MPTCP_SYN_CAPABLE && excluded)
		return (true);
	se = malloc(sizeof(*se), M_MPTCP, M_NOWAIT | M_ZERO);
	sc->sc_pspare = se;
	if (kind == MPTCP_SYN_JOIN) {
		reason = MPTCP_JOIN_NO_RESOURCES;
		if (se != NULL && !cookie && !excluded)
			reason = mptcp_join_request(sc, se, token, opts,
			    optlen);
		if (reason == MPTCP_JOIN_OK)
			return (true);
		if (se != NULL)
			se->se_refusal = reason;
		/* A RST as without listener: sequence number 0, unsigned. */
		sc->sc_iss = (tcp_seq)-1;
		sc->sc_flags &= ~SCF_SIGNATURE;
		return (false);
	}
	if (se == NULL)
		return (true);
	key = mptcp_passive_key(&sc->sc_inc, sc->sc_irs);
	reason = MPTCP_FALLBACK_NO_RESOURCES;
	MPP_RLOCK();
	if (V_mptcp.mv_tokens != NULL)
		reason = mptcp_core_responder_on_syn(&se->se_responder,
		    &V_mptcp.mv_config, V_mptcp.mv_tokens, opts, optlen, &key);
	MPP_RUNLOCK();
	if (reason != MPTCP_AGREED)
		mptcp_syncache_free(sc);
	return (true);
}

/*
 * Whether one more RST may answer a join.  Anybody can send SYNs with a token,
 * or third ACKs that fit a SYN cookie: such RSTs count as those of TCP do for
 * segments without connection, and net.inet.icmp.icmplim holds for both.
 */
bool
mptcp_may_reset(void)
{

#if __FreeBSD_version >= 1500000
	return (badport_bandlim(BANDLIM_TCP_RST) == 0);
#else
	return (badport_bandlim(BANDLIM_RST_OPENPORT) == 0);
#endif
}

/*
 * The options of the SYN/ACK and of its retransmissions, or of the RST that
 * answers a join.
 */
void
mptcp_syncache_respond(struct syncache *sc, struct tcpopt *to, int flags)
{
	struct mptcp_synext *se = sc_mptcp(sc);
	size_t len;

	if (se == NULL)
		return;
	if (flags & TH_RST)
		len = mptcp_core_join_rst_option(se->se_refusal, se->se_opt,
		    sizeof(se->se_opt));
	else if ((flags & TH_SYN) == 0)
		return;
	else if (se->se_mp != NULL)
		len = mptcp_core_join_syn_ack_option(&se->se_request,
		    se->se_opt, sizeof(se->se_opt));
	else
		len = mptcp_core_responder_syn_ack_option(&se->se_responder,
		    se->se_opt, sizeof(se->se_opt));
	if (len == 0)
		return;
	to->to_flags |= TOF_MPTCP;
	to->to_mptcp = se->se_opt;
	to->to_mptcplen = len;
}

/*
 * The third ACK of a SYN cookie.
 */
static bool
mptcp_cookie_expand(struct syncache *sc, const uint8_t *opts, size_t optlen)
{
	struct mptcp_synext *se;
	uint32_t token;
	int reason;

	switch (mptcp_core_syn_kind(opts, optlen, &token)) {
	case MPTCP_SYN_JOIN:
		return (false);
	case MPTCP_SYN_PLAIN:
		return (true);
	}
	se = malloc(sizeof(*se), M_MPTCP, M_NOWAIT | M_ZERO);
	if (se == NULL)
		return (true);
	MPP_RLOCK();
	reason = mptcp_core_responder_cookie(&se->se_responder,
	    &V_mptcp.mv_config, opts, optlen,
	    mptcp_passive_key(&sc->sc_inc, sc->sc_irs));
	MPP_RUNLOCK();
	if (reason == MPTCP_AGREED)
		reason = mptcp_core_responder_on_third_ack(&se->se_responder,
		    opts, optlen, &se->se_result);
	se->se_agreed = reason == MPTCP_AGREED;
	sc->sc_pspare = se;
	return (true);
}

static uint32_t
mptcp_third_window(const struct syncache *sc, const struct tcphdr *th)
{

	return ((uint32_t)th->th_win << ((sc->sc_flags & SCF_WINSCALE) ?
	    sc->sc_requested_s_scale : 0));
}

/*
 * The third ACK, which has passed the syncache's own checks.  Returns false
 * where it must be answered with a RST: a join without the right HMAC.
 */
bool
mptcp_syncache_expand(struct syncache *sc, bool cookie,
    const struct tcphdr *th)
{
	const uint8_t *opts = (const uint8_t *)(th + 1);
	const size_t optlen = (th->th_off << 2) - sizeof(*th);
	struct mptcp_synext *se = sc_mptcp(sc);

	if (cookie) {
		if (!mptcp_cookie_expand(sc, opts, optlen))
			return (false);
		if ((se = sc_mptcp(sc)) != NULL)
			se->se_win = mptcp_third_window(sc, th);
		return (true);
	}
	if (se == NULL)
		return (true);
	se->se_win = mptcp_third_window(sc, th);
	if (se->se_mp == NULL) {
		se->se_agreed = mptcp_core_responder_on_third_ack(
		    &se->se_responder, opts, optlen, &se->se_result) ==
		    MPTCP_AGREED;
		if (!se->se_agreed)
			mptcp_count_fallback(MPTCP_FALLBACK_NO_CAPABLE_ACK);
		return (true);
	}
	MP_LOCK(se->se_mp);
	se->se_refusal = mptcp_core_join_third_ack(se->se_mp->mp_core,
	    &se->se_request, opts, optlen, &se->se_sf,
	    mptcp_now(se->se_mp));
	MP_UNLOCK(se->se_mp);
	MPTCP_PROBE2(join__ack, se->se_mp, se->se_refusal);
	se->se_joined = se->se_refusal == MPTCP_JOIN_OK;
	return (se->se_joined);
}

/*
 * A join's TCP connection that has no place after all: its third ACK, which
 * comes next, is answered with a RST (without memory: FIN), and TCP lets the
 * socket go.
 */
static void
mptcp_orphan(struct tcpcb *tp)
{
	struct mptcp_subflow *sub;

	if (mptcp_is_subflow(tp)) {
		sub = tptosubflow(tp);
		sub->ms_phase = MPS_REFUSED;
		sub->ms_so = NULL;
		mptcp_subflow_rele(sub);
	}
	tptoinpcb(tp)->inp_flags |= INP_SOCKREF;
	tp->t_flags |= TF_CLOSED | TF_NEEDFIN;
}

/*
 * The private stack for a new passive tcpcb; NULL without memory.
 */
static struct mptcp_subflow *
mptcp_passive_subflow(struct tcpcb *tp)
{
	struct mptcp_subflow *sub;

	sub = mptcp_subflow_alloc(tp);
	if (sub == NULL)
		return (NULL);
	refcount_acquire(&sub->ms_refs);
	if (!mptcp_fb_attach(tp, sub)) {
		refcount_release(&sub->ms_refs);
		mptcp_subflow_rele(sub);
		return (NULL);
	}
	return (sub);
}

/*
 * The new socket, with its inpcb write-locked, after it went to the listener's
 * queue: accept(2) waits for the same lock.
 */
void
mptcp_syncache_promote(struct syncache *sc, struct socket *so)
{
	struct mptcp_synext *se = sc_mptcp(sc);
	struct tcpcb *tp = sototcpcb(so);

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	if (se == NULL || !se->se_agreed)
		return;
	if (mptcp_passive_subflow(tp) != NULL) {
		/* TCP takes it from the same segment, but later. */
		tp->snd_wnd = se->se_win;
		if (mptcp_promote(tp, so, &se->se_result))
			return;
		mptcp_fb_detach(tp);
	}
	mptcp_count_fallback(MPTCP_FALLBACK_NO_RESOURCES);
}

/*
 * A joined socket belongs to whom the connection belongs to: the listener it
 * came through may be another user's, or another jail's.  INP write lock.
 */
static void
mptcp_own(struct mpcb *mp, struct socket *so)
{
	struct inpcb *inp = sotoinpcb(so);
	struct ucred *cred = mp->mp_cred, *was = so->so_cred;
	u_int rcv, snd;

	INP_WLOCK_ASSERT(inp);
	if (cred != was) {
		SOCK_LOCK(so);
		rcv = so->so_rcv.sb_hiwat;
		snd = so->so_snd.sb_hiwat;
		(void)chgsbsize(was->cr_uidinfo, &so->so_rcv.sb_hiwat, 0,
		    RLIM_INFINITY);
		(void)chgsbsize(was->cr_uidinfo, &so->so_snd.sb_hiwat, 0,
		    RLIM_INFINITY);
		so->so_cred = crhold(cred);
		(void)chgsbsize(cred->cr_uidinfo, &so->so_rcv.sb_hiwat, rcv,
		    RLIM_INFINITY);
		(void)chgsbsize(cred->cr_uidinfo, &so->so_snd.sb_hiwat, snd,
		    RLIM_INFINITY);
		SOCK_UNLOCK(so);
		crfree(was);
		/* bind(2) of others looks at it under this lock. */
		INP_HASH_WLOCK(&V_tcbinfo);
		was = inp->inp_cred;
		inp->inp_cred = crhold(cred);
		INP_HASH_WUNLOCK(&V_tcbinfo);
		crfree(was);
	}
	MP_LOCK(mp);
	if (!mp->mp_dying) {		/* else mp_so may be gone */
		mptcp_inherit(mp, so, intotcpcb(inp));
#ifdef MAC
		mac_socket_newconn(mp->mp_so, so);
#endif
	}
	MP_UNLOCK(mp);
#ifdef MAC
	SOCK_LOCK(so);
	mac_inpcb_sosetlabel(so, inp);
	SOCK_UNLOCK(so);
#endif
}

/*
 * The new socket, with its inpcb write-locked, before it would go to the
 * listener's queue.  Returns true where it must not: it has become a subflow
 * of a connection that there is.
 */
bool
mptcp_syncache_join(struct syncache *sc, struct socket *so)
{
	struct mptcp_synext *se = sc_mptcp(sc);
	struct tcpcb *tp = sototcpcb(so);
	struct mptcp_subflow *sub;

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	if (se == NULL || !se->se_joined)
		return (false);
	refcount_init(&so->so_count, 1);
	so->so_listen = NULL;
	so->so_state = SS_ISCONNECTED;
	so->so_options = (so->so_options & ~SO_LINGER) | SO_OOBINLINE;
	mptcp_own(se->se_mp, so);
	if ((sub = mptcp_passive_subflow(tp)) == NULL) {
		mptcp_orphan(tp);
		return (true);
	}
	mptcp_size_buffers(so);
	sub->ms_so = so;
	if (mptcp_subflow_up(se->se_mp, sub, se->se_sf, false))
		se->se_joined = false;	/* the subflow's from now on */
	else
		mptcp_orphan(tp);
	return (true);
}

void
mptcp_syncache_free(struct syncache *sc)
{
	struct mptcp_synext *se = sc_mptcp(sc);

	if (se == NULL)
		return;
	sc->sc_pspare = NULL;
	if (se->se_mp != NULL) {
		if (se->se_joined) {
			/* TCP could not make the socket after all. */
			MP_LOCK(se->se_mp);
			mptcp_core_subflow_closed(se->se_mp->mp_core,
			    se->se_sf, MPTCP_SFEND_LOCAL,
			    mptcp_now(se->se_mp));
			MP_UNLOCK(se->se_mp);
			mptcp_schedule(se->se_mp);
		}
		/*
		 * Else the core knows nothing of it, and nothing may be queued:
		 * a VNET frees half-open connections after its last task.
		 */
		mpcb_rele(se->se_mp);
	}
	free(se, M_MPTCP);
}
