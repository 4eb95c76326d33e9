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
 * Output of a subflow: pulling maps, building options, the window.
 *
 * Locks: everything here runs with the subflow's INP write lock.
 * mptcp_output() takes MP_LOCK, and inside it one socket buffer's lock at a
 * time.  mptcp_options(), mptcp_clip() and mptcp_rcvspace() are called from
 * tcp_output() with SOCKBUF_LOCK(so_snd) held, where MP_LOCK must not be taken:
 * they read only what mptcp_sync() has left in the subflow.
 *
 * Failure: without an mbuf or memory for a map no map is granted; the next ACK
 * or the task asks again.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

/* Maps pulled by one call of tcp_output(), at most. */
#define	MPTCP_MAXPULL	8

/*
 * Brings the subflow's own copy of what option building needs up to date.
 */
void
mptcp_sync(struct mpcb *mp, struct mptcp_subflow *sub)
{

	MP_LOCK_ASSERT(mp);
	if (sub->ms_reported)
		return;
	(void)mptcp_core_sync_tx(mp->mp_core, sub->ms_sf, sub->ms_tx);
	sub->ms_rcvwin = mptcp_core_rcv_window(mp->mp_core);
	mptcp_clamp(mp, sub->ms_tp);
}

/*
 * Payload of a full segment with timestamps and DSS.
 */
static uint32_t
mptcp_mss(const struct tcpcb *tp, const struct mptcp_subflow *sub)
{
	uint32_t optlen;

	optlen = mptcp_core_tx_data_option_len(sub->ms_tx);
	if (tp->t_flags & TF_RCVD_TSTMP)
		optlen += TCPOLEN_TSTAMP_APPA;
	return (tp->t_maxseg > optlen + 64 ? tp->t_maxseg - optlen : 64);
}

/*
 * Copies (by reference where the mbufs allow it) a granted range of the
 * application's send buffer.
 */
static struct mbuf *
mptcp_share(struct mpcb *mp, const struct mptcp_core_grant *grant)
{
	struct sockbuf *sb = &mp->mp_so->so_snd;
	struct mbuf *m, *from;
	uint64_t off;
	uint32_t moff;

	m = NULL;
	/* so_snd begins with the first byte without DATA_ACK. */
	off = grant->doff - 1 - mp->mp_released;
	if (mp->mp_detached || grant->doff - 1 < mp->mp_released)
		return (NULL);
	SOCKBUF_LOCK(sb);
	if (sb->sb_mb != NULL && off + grant->len <= (uint64_t)sbavail(sb)) {
		/* The cursor saves the walk from the head for new data. */
		from = sbsndptr_noadv(sb, off, &moff);
		m = m_copym(from, moff, grant->len, M_NOWAIT);
		if (m != NULL && grant->doff >= mp->mp_nxt)
			sbsndptr_adv(sb, from, moff + grant->len);
	}
	SOCKBUF_UNLOCK(sb);
	return (m);
}

static int
mptcp_sum_piece(void *sum, void *bytes, u_int len)
{

	mptcp_core_sum_add(sum, bytes, len);
	return (0);
}

/*
 * Sums a map's bytes; m_apply() knows the unmapped mbufs of sendfile(2).
 */
static void
mptcp_sum_chain(struct mbuf *m, uint32_t len, struct mptcp_core_sum *sum)
{

	bzero(sum, sizeof(*sum));
	(void)m_apply(m, 0, len, mptcp_sum_piece, sum);
}

/*
 * The window counts from the DATA_ACK and is one for all subflows (RFC 8684,
 * 3.3.1); the core looked at it when it granted the map.  An update may have
 * come on another subflow, so what is mapped must not wait for TCP's persist
 * timer here.
 */
static void
mptcp_share_window(struct tcpcb *tp, struct mpcb *mp,
    const struct mptcp_subflow *sub)
{
	const uint32_t mapped = sbused(&sub->ms_so->so_snd);

	if (tp->snd_wnd < mapped && TCPS_HAVEESTABLISHED(tp->t_state) &&
	    !mptcp_core_fell_back(mp->mp_core))
		tp->snd_wnd = mapped;
}

/*
 * Bytes that TCP could send on this subflow beyond what is mapped.  Less than
 * a segment's room is none: the window will open further.
 */
static uint32_t
mptcp_room(const struct tcpcb *tp, const struct mpcb *mp,
    const struct mptcp_subflow *sub, uint32_t mss)
{
	const uint32_t mapped = sbavail(&sub->ms_so->so_snd);
	const uint32_t flight = tp->snd_max - tp->snd_una;
	uint32_t used, wnd;

	/* What is mapped and not sent yet waits for something else. */
	if (mapped > flight)
		return (0);
	used = flight;
	/* As tcp_output() counts in a recovery with SACK. */
	if (IN_FASTRECOVERY(tp->t_flags) &&
	    tp->sackhint.sack_bytes_rexmit != 0)
		used = tp->sackhint.sack_bytes_rexmit +
		    (SEQ_GT(tp->snd_max, tp->snd_recover) ?
		    tp->snd_max - tp->snd_recover : 0);
	wnd = tp->snd_cwnd;
	if (tp->snd_wnd < wnd && mptcp_core_fell_back(mp->mp_core)) {
		wnd = tp->snd_wnd;
		used = flight;
	}
	if (wnd <= used)
		return (0);
	return (wnd - used < mss && flight > 0 ? 0 : wnd - used);
}

/*
 * Whether the end of the stream waits for more.  What TCP_NOPUSH holds back goes
 * after MPTCP_NOPUSH_MAX all the same, as with tcp_output()'s persist timer;
 * the core offers what nobody took again and again.
 */
static bool
mptcp_holds_tail(struct mpcb *mp, const struct mptcp_subflow *sub,
    const struct mptcp_core_grant *grant, uint32_t mss)
{

	MP_LOCK_ASSERT(mp);
	if (mp->mp_shut || grant->doff < mp->mp_nxt || grant->len >= mss ||
	    grant->doff + grant->len <= mp->mp_appended)
		return (false);
	if (mp->mp_nopush) {
		if (mp->mp_held_at == 0)
			mp->mp_held_at = mptcp_now(mp);
		if (mptcp_now(mp) - mp->mp_held_at < MPTCP_NOPUSH_MAX)
			return (true);
	}
	return (!mp->mp_nodelay && sbused(&sub->ms_so->so_snd) > 0);
}

/*
 * mp_get_map(): one map for a subflow that could send want->room bytes more.
 * Returns its length, or 0 where there was none.
 */
static uint32_t
mptcp_pull(struct mpcb *mp, struct mptcp_subflow *sub,
    const struct mptcp_core_want *want)
{
	struct mptcp_core_grant grant;
	struct mptcp_core_sum sum;
	struct socket *so = sub->ms_so;
	struct mbuf *m;

	MP_LOCK_ASSERT(mp);
	if (mptcp_core_mp_get_map(mp->mp_core, sub->ms_sf, sub->ms_tx, want,
	    &grant) != MPTCP_MAP_GRANTED)
		return (0);
	/*
	 * TCP_NOPUSH, and Nagle (RFC 1122, 4.2.3.4), on the application's
	 * stream.  A grant that is not committed costs nothing.
	 */
	if (mptcp_holds_tail(mp, sub, &grant, want->mss))
		return (0);
	m = mptcp_share(mp, &grant);
	if (m == NULL)
		return (0);
	if (grant.need_sum)
		mptcp_sum_chain(m, grant.len, &sum);
	if (!mptcp_core_map_commit(mp->mp_core, sub->ms_sf, sub->ms_tx, &grant,
	    grant.need_sum ? &sum : NULL, mptcp_now(mp))) {
		m_freem(m);
		return (0);
	}
	mp->mp_nxt = uqmax(mp->mp_nxt, grant.doff + grant.len);
	mp->mp_held_at = 0;
	MPTCP_PROBE4(map, mp, sub->ms_sf, grant.doff, grant.len);
	MPTCP_DEBUG(DSMAP, 1, "%08x: subflow %u: map %ju+%u at ssn %ju\n",
	    mp->mp_token, sub->ms_sf, (uintmax_t)grant.doff, grant.len,
	    (uintmax_t)grant.ssn);
	MPTCP_DEBUG(SBSTATUS, 3, "%08x: so_snd %u, subflow %u: so_snd %u\n",
	    mp->mp_token, sbavail(&mp->mp_so->so_snd), sub->ms_sf,
	    sbavail(&so->so_snd));
	sbappendstream(&so->so_snd, m, 0);
	return (grant.len);
}

static bool
mptcp_can_pull(const struct tcpcb *tp, const struct mptcp_subflow *sub)
{

	return ((tp->t_state == TCPS_ESTABLISHED ||
	    tp->t_state == TCPS_CLOSE_WAIT) &&
	    (tp->t_flags & (TF_NEEDFIN | TF_SENTFIN)) == 0 &&
	    (sub->ms_so->so_snd.sb_state & SBS_CANTSENDMORE) == 0 &&
	    !mptcp_core_tx_holds_data(sub->ms_tx));
}

/*
 * Fills the subflow with as many maps as it could send now.
 */
static void
mptcp_fill(struct tcpcb *tp, struct mpcb *mp, struct mptcp_subflow *sub)
{
	struct mptcp_core_want want;
	uint32_t got;
	int n;

	MP_LOCK_ASSERT(mp);
	/* A join may have been confirmed since the last look. */
	if (mptcp_core_tx_holds_data(sub->ms_tx))
		mptcp_sync(mp, sub);
	if (!mptcp_can_pull(tp, sub))
		return;
	want.mss = mptcp_mss(tp, sub);
	want.room = mptcp_room(tp, mp, sub, want.mss);
	for (n = 0; n < MPTCP_MAXPULL; n++) {
		got = mptcp_pull(mp, sub, &want);
		/* Shorter than a segment: the rest of the window can wait. */
		if (got == 0 || want.room < got + want.mss)
			break;
		want.room -= got;
	}
	if (got == 0 && want.room >= want.mss &&
	    mp->mp_nxt > mp->mp_appended)
		mptcp_autosndbuf(mp);
}

/*
 * tfb_tcp_output: takes what arrived, so that the ACK tells of it, pulls maps,
 * and lets TCP send.
 */
int
mptcp_output(struct tcpcb *tp)
{
	struct mptcp_subflow *sub;
	struct mpcb *mp;
	int error;

	INP_WLOCK_ASSERT(tptoinpcb(tp));
	sub = tptosubflow(tp);
	if (sub->ms_phase != MPS_UP)
		return (tcp_default_output(tp));
	mp = sub->ms_mp;
	mptcp_cwnd_validate(tp, sub);
	MP_LOCK(mp);
	if (!sub->ms_reported) {
		mptcp_drain(mp, sub, mptcp_now(mp));
		mptcp_fill(tp, mp, sub);
		mptcp_share_window(tp, mp, sub);
		mptcp_sync(mp, sub);
	}
	MP_UNLOCK(mp);
	error = tcp_default_output(tp);
	/* Wakeups and other subflows: not with this lock held. */
	if (!sub->ms_nested)
		mptcp_schedule(mp);
	return (error);
}

/*
 * Clips len to the ds_map that holds seq.  Returns whether it did.
 */
bool
mptcp_clip(const struct tcpcb *tp, uint32_t seq, int32_t *len)
{
	const struct mptcp_subflow *sub;
	uint32_t most;

	if (!mptcp_is_subflow(tp) || *len <= 0)
		return (false);
	sub = tptosubflow(tp);
	if (sub->ms_phase != MPS_UP)
		return (false);
	if (mptcp_core_tx_holds_data(sub->ms_tx)) {
		*len = 0;
		return (false);
	}
	most = mptcp_core_tx_clip(sub->ms_tx, seq - tp->iss, *len);
	if (most >= (uint32_t)*len)
		return (false);
	*len = most;
	return (most > 0);
}

/*
 * Space to advertise: the connection's window on a subflow, rounded down so
 * that scaling does not promise more than there is.
 */
long
mptcp_rcvspace(const struct tcpcb *tp, const struct socket *so)
{
	const struct mptcp_subflow *sub;

	if (mptcp_is_subflow(tp)) {
		sub = tptosubflow(tp);
		if (sub->ms_phase == MPS_UP && tp->t_state != TCPS_SYN_SENT)
			return (rounddown2(sub->ms_rcvwin,
			    1u << tp->rcv_scale));
	}
	return (sbspace(__DECONST(struct sockbuf *, &so->so_rcv)));
}

/*
 * What the options take from each segment with data.  Were TCP to count its
 * congestion window in segments that do not fit, each window would end with a
 * crumb: after a timeout every other segment would be one.
 */
u_int
mptcp_optlen(const struct tcpcb *tp)
{
	const struct mptcp_subflow *sub;

	if (!mptcp_is_subflow(tp))
		return (0);
	sub = tptosubflow(tp);
	if (sub == NULL || sub->ms_phase != MPS_UP)
		return (0);
	return (roundup2(mptcp_core_tx_data_option_len(sub->ms_tx), 4));
}

/*
 * Prepares the MPTCP options of a segment for tcp_addoptions().
 */
void
mptcp_options(struct tcpcb *tp, struct tcpopt *to, uint32_t seq, int32_t len,
    uint16_t flags)
{
	struct mptcp_core_seg_out seg;
	struct mptcp_subflow *sub;
	size_t optlen, room;

	if (!mptcp_is_subflow(tp) || (tp->t_flags & TF_NOOPT) != 0 ||
	    (to->to_flags & TOF_SIGNATURE) != 0)
		return;
	sub = tptosubflow(tp);
	room = TCP_MAXOLEN;
	if (to->to_flags & TOF_TS)
		room -= TCPOLEN_TSTAMP_APPA;
	if (to->to_flags & TOF_MSS)
		room -= TCPOLEN_MAXSEG;
	if (to->to_flags & TOF_SCALE)
		room -= TCPOLEN_WINDOW + TCPOLEN_NOP;
	if (to->to_flags & TOF_SACKPERM && (to->to_flags & TOF_TS) == 0)
		room -= 2 * TCPOLEN_SACK_PERMITTED;
	optlen = 0;
	if (sub->ms_phase == MPS_OPENING) {
		if ((flags & (TH_SYN | TH_ACK)) == TH_SYN)
			optlen = mptcp_core_opener_syn_option(&sub->ms_opener,
			    sub->ms_opt, room);
	} else if (sub->ms_phase == MPS_UP) {
		bzero(&seg, sizeof(seg));
		seg.ssn = seq - tp->iss;
		seg.len = len;
		seg.flags = ((flags & TH_SYN) ? MPTCP_SEG_SYN : 0) |
		    ((flags & TH_ACK) ? MPTCP_SEG_ACK : 0) |
		    ((flags & TH_FIN) ? MPTCP_SEG_FIN : 0) |
		    ((flags & TH_RST) ? MPTCP_SEG_RST : 0);
		optlen = mptcp_core_tx_options(sub->ms_tx, &seg, room,
		    sub->ms_opt, sizeof(sub->ms_opt));
	}
	if (optlen == 0)
		return;
	to->to_flags |= TOF_MPTCP;
	to->to_mptcp = sub->ms_opt;
	to->to_mptcplen = optlen;
}
