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
 * The glue between FreeBSD's TCP and the Rust core.
 *
 * An MPCB (struct mpcb) is one multipath connection: the application's
 * socket, the core's state, and up to MPTCP_MAXSUBFLOWS subflows.  A subflow
 * (struct mptcp_subflow) hangs on the t_fb_ptr of its tcpcb and owns a
 * subflow socket, which no file refers to.
 *
 * Locks, in this order:
 *   INP (listener) -> INP (subflow) -> MP_LOCK -> SOCK -> SOCKBUF
 * MPP_LOCK (rwlock, one per VNET) guards the list of MPCBs and the table of
 * tokens; it is never taken together with MP_LOCK.  Nobody holds two INP locks
 * of subflows, two socket buffers of one kind, or MP_LOCK while options are
 * built.  The application's socket is woken with no lock held.  docs/LOCKING.md
 * has the reasons.
 *
 * Calls go one way, which tools/check-kernel sees to.  A C file calls only what
 * is in files before it in this list:
 *   order: os count held pcb taskqueue subflow segment sockbuf sndbuf
 *   order: inherit cc reass output run promote input pm handshake stack
 *   order: usrreq sockopt end task vnet stats sysctl
 * What must go the other way (a task, a callout, TCP's function block) goes by a
 * pointer.
 *
 * Field marks: (c) constant, (i) INP of the subflow, (m) MP_LOCK, (p) MPP_LOCK,
 * (a) atomic.
 */
#ifndef _NETINET_MPTCP_VAR_H_
#define	_NETINET_MPTCP_VAR_H_

#ifdef _KERNEL
#include <sys/_callout.h>
#include <sys/_task.h>
#include <sys/counter.h>
#include <sys/queue.h>
#include <sys/syslog.h>
#include <sys/taskqueue.h>
#include <netinet/mptcp_core.h>

#define	MPTCP_MAXSUBFLOWS	MPTCP_CORE_MAX_SUBFLOWS
#define	MPTCP_MAXOPEN		8	/* joins opened by one task run */

/* Buffers of a subflow socket, bytes. */
#define	MPTCP_SUB_SNDSPACE	(1024 * 1024)
#define	MPTCP_SUB_RCVSPACE	(1024 * 1024)

struct mpcb;

/* Where a subflow stands with regard to the multipath level. */
enum mptcp_phase {
	MPS_OPENING,		/* MP_CAPABLE is in our SYN; no MPCB yet */
	MPS_UP,			/* belongs to an MPCB */
	MPS_REFUSED,		/* a join that came too late: RST is due */
	MPS_GONE,		/* its TCP is gone, or the MPCB let it go */
};

struct mptcp_subflow {
	struct tcpcb	*ms_tp;		/* (c) until ms_so is closed */
	struct socket	*ms_so;		/* (c) subflow socket; NULL if OPENING */
	struct mpcb	*ms_mp;		/* (c) once UP */
	enum mptcp_phase ms_phase;	/* (i) */
	uint8_t		ms_sf;		/* (c) id in the core */
	bool		ms_signal_ack;	/* (i) this ACK is no duplicate ACK */
	bool		ms_nested;	/* (i) inside do_segment: it runs actions */
	bool		ms_reported;	/* (m) core was told of its end */
	bool		ms_fin_seen;	/* (m) core was told of its FIN */
	bool		ms_shut;	/* (m) FIN was asked for */
	bool		ms_uncharged;	/* (i) its buffers are in no sbsize */
	bool		ms_timed_out;	/* (i) slow start after a timeout */
	tcp_seq		ms_timeout_end;	/* (i) and its last octet */
	uint32_t	ms_cwnd_max;	/* (i) 0, or cwnd that was not used */
	uint32_t	ms_ss_part;	/* (i) slow start grows by 1/n; 0: is over */
	uint32_t	ms_ss_cwnd;	/* (i) and the window before the ACK */
	uint32_t	ms_rcvwin;	/* (i) window to advertise, bytes */
	bool		ms_plain;	/* (i) after a fallback */
	uint32_t	ms_srtt;	/* (m) as TCP measured it last, us */
	uint32_t	ms_rcv_rtt;	/* (m) as the peer's data tells, us; 0: none */
	uint64_t	ms_rcv_rtt_at;	/* (m) us */
	u_int		ms_users;	/* (a) MPCB's table, and in use */
	u_int		ms_refs;	/* (a) memory: users, t_fb_ptr */
	STAILQ_ENTRY(mptcp_subflow) ms_dead;	/* mp_dead_mtx */
	struct mptcp_core_tx *ms_tx;	/* (i) state for option building */
	struct mptcp_core_opener ms_opener;	/* (i) while OPENING */
	bool		ms_coupled;	/* (i) ms_coupling holds */
	struct mptcp_core_coupling ms_coupling;	/* (i) copy for lia */
	struct mptcp_core_path_window ms_path;	/* (i) written with (m) too */
	uint64_t	ms_credit;	/* (i) fraction of a byte of growth */
	struct mptcp_core_hystart ms_hystart;	/* (i) */
	uint8_t		ms_opt[MPTCP_OPT_MAX];	/* (i) options of the segment at hand */
};

#define	MPTCP_MAXIFADDR	16	/* address events before the task runs */
#define	MPTCP_DEBUG_RATE 100	/* messages a second, unless it is set */
#define	MPTCP_NOPUSH_MAX 5000000	/* us that TCP_NOPUSH holds data back */
#define	MPTCP_ADDRS_AGAIN 1000000	/* us, before addresses are read again */

struct mptcp_ifaddr {
	struct mptcp_core_addr mi_addr;
	bool		mi_came;	/* or went */
};

/* An option of the congestion control: TCP_CCALGOOPT, its name first. */
#define	MPTCP_MAXCCOPTS		4
#define	MPTCP_CCOPT_NAME	sizeof(int)
struct mptcp_ccopt {
	u_int		mcc_len;	/* bytes of mcc_val */
	char		mcc_val[16];
};

#define	MPTCP_INP_CARRIED						\
	(INP_HIGHPORT | INP_LOWPORT | INP_DONTFRAG | IN6P_AUTOFLOWLABEL)
#define	MPTCP_INP2_CARRIED	(INP_2PCP_SET | INP_2PCP_MASK)

/*
 * Socket options that later subflows take over, in the units of inpcb, tcpcb
 * and ip6_pktopts.  All (m).
 */
struct mptcp_carried {
	bool		mc_has4;	/* there is or was a subflow of IPv4 */
	u_char		mc_tos, mc_ttl, mc_minttl;
	bool		mc_has6;	/* and of IPv6 */
	bool		mc_opts6;	/* with options */
	short		mc_hops;
	int		mc_tclass, mc_minmtu, mc_tempaddr, mc_ip6flags;
	int		mc_inpflags;	/* of MPTCP_INP_CARRIED */
	int		mc_inpflags2;	/* of MPTCP_INP2_CARRIED */
	bool		mc_lrd;		/* TCP_LRD */
	u_int		mc_keepinit, mc_keepidle, mc_keepintvl, mc_keepcnt;
	u_int		mc_maxunacktime;
	u_int		mc_maxseg;	/* TCP_MAXSEG, or 0 */
	u_int		mc_nccopts;
	struct mptcp_ccopt mc_ccopts[MPTCP_MAXCCOPTS];
};

/* What a socket option of FreeBSD's belongs to. */
enum mptcp_optscope {
	MPO_SOCKET,	/* the connection's: sosetopt() has done all of it */
	MPO_STREAM,	/* the connection's: done here */
	MPO_SUBFLOWS,	/* every subflow, old and new */
	MPO_PRESENT,	/* every subflow that there is: it looks at one TCP */
	MPO_REFUSED,	/* what only one TCP connection has: excludes MPTCP */
	MPO_OTHER	/* other protocols and stacks: TCP says what it says */
};

struct mpcb {
	struct mtx	mp_mtx;		/* MP_LOCK */
	LIST_ENTRY(mpcb) mp_list;	/* (p) */
	u_int		mp_refs;	/* (a) */
	uint32_t	mp_token;	/* (c) ours */
	struct vnet	*mp_vnet;	/* (c) */
	struct socket	*mp_so;		/* (c) application's socket, one ref */
	struct ucred	*mp_cred;	/* (c) its owner's, one ref */
	struct inpcb	*mp_inp;	/* (c) pinned inpcb of the first subflow */
	struct mptcp_core_mpcb *mp_core;	/* (m) */
	struct mptcp_subflow *mp_sub[MPTCP_MAXSUBFLOWS];	/* (m) */
	struct mptcp_subflow *mp_master; /* (m) pins mp_inp until the end */
	struct mtx	mp_dead_mtx;	/* leaf */
	STAILQ_HEAD(, mptcp_subflow) mp_dead;	/* to be closed by the task */
	struct mptcp_core_action mp_open[MPTCP_MAXOPEN];	/* (m) */
	u_int		mp_nopen;	/* (m) joins for the task to open */
	struct callout	mp_callout;	/* (m) */
	uint64_t	mp_armed_at;	/* (m) when it fires, us */
	struct task	mp_task;
	uint64_t	mp_appended;	/* (m) bytes of so_snd core knows of */
	uint64_t	mp_nxt;		/* (m) first data offset without map */
	uint64_t	mp_released;	/* (m) bytes dropped from so_snd */
	uint64_t	mp_rfbuf_due;	/* (m) us; then so_rcv may grow */
	u_long		mp_rfbuf_cnt;	/* (m) bytes in order since */
	bool		mp_nodelay;	/* (m) TCP_NODELAY */
	bool		mp_nopush;	/* (m) TCP_NOPUSH */
	uint64_t	mp_held_at;	/* (m) us; since then it holds data back */
	bool		mp_shut;	/* (m) the application writes no more */
	bool		mp_fin_due;	/* (m) once all of so_snd is ready */
	bool		mp_detached;	/* (m) mp_so has lost its so_pcb */
	bool		mp_wake_rcv;	/* (m) sorwakeup() is due */
	bool		mp_wake_snd;	/* (m) */
	bool		mp_eof;		/* (m) socantrcvmore() is due */
	bool		mp_connected;	/* (m) soisconnected() is due */
	bool		mp_over;	/* (m) core said Closed */
	bool		mp_over_told;	/* (m) and the socket knows */
	bool		mp_closing;	/* (m) the application is closing */
	bool		mp_closed;	/* (m) the application has closed */
	bool		mp_owned;	/* (m) somebody will close mp_so */
	bool		mp_ended;	/* (m) so_snd is empty, and stays so */
	bool		mp_abort;	/* (m) abort is due (from the task) */
	bool		mp_dying;	/* (m) teardown has begun */
	bool		mp_addrs_due;	/* (m) address list is to be read again */
	struct mptcp_core_coupling mp_coupling;	/* (m) */
	uint64_t	mp_coupled_at;	/* (m) us */
	uint64_t	mp_clock;	/* (m) us; see mptcp_now() */
	struct mbuf	*mp_spare;	/* (m) for a cut through an mbuf */
	u_long		mp_held_mem;	/* (m) memory of held pieces, bytes */
	struct mptcp_ifaddr mp_ifaddr[MPTCP_MAXIFADDR];	/* mp_dead_mtx */
	u_int		mp_nifaddr;	/* mp_dead_mtx */
	bool		mp_ifaddr_lost;	/* mp_dead_mtx; there were more */
	bool		mp_fellback;	/* (m) its fallback has been counted */
	bool		mp_cc_due;	/* (m) subflows may have another than mp_cc */
	char		mp_cc[TCP_CA_NAME_MAX];	/* (m) TCP_CONGESTION, or "" */
	struct mptcp_carried mp_carried;	/* (m) */
};

#define	MP_LOCK(mp)		mtx_lock(&(mp)->mp_mtx)
#define	MP_UNLOCK(mp)		mtx_unlock(&(mp)->mp_mtx)
#define	MP_LOCK_ASSERT(mp)	mtx_assert(&(mp)->mp_mtx, MA_OWNED)

#define	MPTCP_NFALLBACKS	(MPTCP_FALLBACK_PEER_FAILED + 1)

/* Counters: counter(9), which needs no lock. */
struct mptcp_vnet {
	struct rwlock	mv_lock;	/* MPP_LOCK */
	LIST_HEAD(, mpcb) mv_mpcbs;	/* (p) */
	u_int		mv_count;	/* (p) */
	struct mptcp_core_tokens *mv_tokens;	/* (p) */
	struct mptcp_core_config mv_config;	/* (p) */
	struct mptcp_core_addresses mv_addresses;	/* (p) */
	uint32_t	mv_debug;	/* (p) */
	int		mv_debug_rate;	/* messages a second; -1: no limit */
	int		mv_debug_pps;	/* ppsratecheck(9): a race costs a message */
	struct timeval	mv_debug_last;	/* likewise */
	uint32_t	mv_override_isn; /* with options MPTCP_TESTING */
	u_long		mv_held_mem;	/* (a) memory of held pieces, bytes */
	u_long		mv_held_max;	/* most of it; 0: part of all clusters */
	u_long		mv_held_mpcb_max; /* and of a connection; 0: by so_rcv */
	counter_u64_t	mv_stats[MPTCP_NSTATS];	/* of ended connections */
	counter_u64_t	mv_fallbacks[MPTCP_NFALLBACKS];	/* by reason */
	counter_u64_t	mv_established;	/* connections that became multipath */
	counter_u64_t	mv_debug_suppressed;	/* messages beyond the rate */
};
VNET_DECLARE(struct mptcp_vnet, mptcp);
#define	V_mptcp			VNET(mptcp)

#define	MPP_RLOCK()		rw_rlock(&V_mptcp.mv_lock)
#define	MPP_RUNLOCK()		rw_runlock(&V_mptcp.mv_lock)
#define	MPP_WLOCK()		rw_wlock(&V_mptcp.mv_lock)
#define	MPP_WUNLOCK()		rw_wunlock(&V_mptcp.mv_lock)

MALLOC_DECLARE(M_MPTCP);

#define	tptosubflow(tp)		((struct mptcp_subflow *)(tp)->t_fb_ptr)

/* mptcp_count.c */
void	mptcp_count_fallback(int);
void	mptcp_count_established(void);
void	mptcp_count_ended(struct mpcb *);
bool	mptcp_may_log(void);

/* mptcp_held.c */
struct mbuf *mptcp_hold(struct mpcb *, struct mbuf *);
void	mptcp_unhold(struct mpcb *, const struct mbuf *);
u_long	mptcp_held_most(void);

/* mptcp_pcb.c */
struct mpcb *mpcb_alloc(struct socket *, struct inpcb *);
void	mpcb_ref(struct mpcb *);
void	mpcb_rele(struct mpcb *);
struct mpcb *mptcp_find(uint32_t);
struct mpcb *mptcp_next(struct mpcb *);
bool	mptcp_publish(struct mpcb *);
void	mptcp_unpublish(struct mpcb *);

/* mptcp_taskqueue.c */
void	mptcp_schedule(struct mpcb *);
void	mptcp_callout(void *);
void	mptcp_arm(struct mpcb *, uint64_t);
void	mptcp_quiesce(void);

/* mptcp_subflow.c */
struct mptcp_subflow *mptcp_subflow_alloc(struct tcpcb *);
void	mptcp_subflow_ref(struct mptcp_subflow *);
struct mptcp_subflow *mptcp_subflow_get(struct mpcb *, int);
void	mptcp_subflow_rele(struct mptcp_subflow *);
void	mptcp_subflow_free(struct mptcp_subflow *);
bool	mptcp_fb_attach(struct tcpcb *, struct mptcp_subflow *);
void	mptcp_fb_detach(struct tcpcb *);
void	mptcp_sockaddr(const struct inpcb *, struct mptcp_core_addr *,
	    struct mptcp_core_addr *);

/* mptcp_segment.c */
const uint8_t *mptcp_tcp_options(const struct tcphdr *, size_t *);
uint8_t	*mptcp_find_option(struct tcphdr *, uint8_t);
uint32_t mptcp_stamp_rtt(struct tcpcb *, struct tcphdr *);

/* mptcp_sockbuf.c */
void	mptcp_size_buffers(struct socket *);
void	mptcp_uncharge(struct mptcp_subflow *);
void	mptcp_charge(struct mptcp_subflow *);
bool	mptcp_credit(struct mpcb *);
void	mptcp_buffers_join(struct mpcb *);
void	mptcp_rcv_rtt(struct tcpcb *, struct mptcp_subflow *, struct tcphdr *,
	    uint64_t);
void	mptcp_autorcvbuf(struct mpcb *, uint32_t, uint64_t);
void	mptcp_autosndbuf(struct mpcb *);

/* mptcp_sndbuf.c */
void	mptcp_appended(struct mpcb *);
struct mbuf *mptcp_release(struct mpcb *);
void	mptcp_end_data(struct mpcb *);
void	mptcp_end_sending(struct mpcb *, int);

/* mptcp_inherit.c */
enum mptcp_optscope mptcp_scope(const struct sockopt *);
bool	mptcp_refuses_option(const struct sockopt *);
void	mptcp_carry(struct mpcb *, struct tcpcb *);
void	mptcp_inherit_socket(const struct socket *, struct socket *);
void	mptcp_inherit(struct mpcb *, struct socket *, struct tcpcb *);
void	mptcp_clamp(const struct mpcb *, struct tcpcb *);

/* mptcp_cc.c */
void	mptcp_couple(struct mpcb *, struct mptcp_subflow *, uint64_t);
void	mptcp_timed_out(struct tcpcb *, struct mptcp_subflow *);
void	mptcp_cc_input(struct tcpcb *, struct mptcp_subflow *, struct tcphdr *,
	    int);
void	mptcp_cwnd_validate(struct tcpcb *, struct mptcp_subflow *);

/* mptcp_reass.c */
void	mptcp_drain(struct mpcb *, struct mptcp_subflow *, uint64_t);

/* mptcp_output.c */
int	mptcp_output(struct tcpcb *);
void	mptcp_sync(struct mpcb *, struct mptcp_subflow *);

/* mptcp_run.c */
void	mptcp_run(struct mpcb *, bool);
void	mptcp_run_unlock(struct mpcb *, bool, uint64_t);

/* mptcp_promote.c */
struct socket *mptcp_sosubflow(struct socket *);
bool	mptcp_promote(struct tcpcb *, struct socket *,
	    const struct mptcp_core_agreed *);
bool	mptcp_subflow_up(struct mpcb *, struct mptcp_subflow *, uint8_t, bool);

/* mptcp_input.c */
void	mptcp_do_segment(struct tcpcb *, struct mbuf *, struct tcphdr *, int,
	    int, uint8_t);

/* mptcp_pm.c */
bool	mptcp_may_use(const struct mpcb *, const struct mptcp_core_addr *);
void	mptcp_open_subflow(struct mpcb *, const struct mptcp_core_action *);
void	mptcp_read_addresses(struct mpcb *);
void	mptcp_ifaddr_task(struct mpcb *);
void	mptcp_addresses_changed(void);

/* mptcp_usrreq.c */
struct mpcb *mptcp_usr_enter(struct inpcb *);

/* mptcp_sockopt.c */
void	mptcp_congestion_task(struct mpcb *);

/* mptcp_end.c */
void	mptcp_reap(struct mpcb *);
void	mptcp_bury(struct mpcb *);
void	mptcp_teardown(struct mpcb *);

/* mptcp_task.c */
void	mptcp_task(void *, int);

/*
 * net.inet.tcp.mptcp.mp_debug: CLASS:n logs levels 1 to n of a class, at most
 * mp_debug_rate messages a second.
 */
#define	MPTCP_DEBUG(class, level, ...) do {				\
	if (__predict_false(MPTCP_DBG_ENABLED(V_mptcp.mv_debug,		\
	    MPTCP_DBG_##class, level)) && mptcp_may_log())		\
		log(LOG_DEBUG, "mptcp " __VA_ARGS__);			\
} while (0)

/*
 * debug.fail_point.NAME (fail(9)), in kernels with INVARIANTS: a test makes a
 * thread wait here, so that another comes in between, or with return(1) run the
 * code, which stands for a failure.
 */
#ifdef INVARIANTS
#define	MPTCP_FAIL_POINT(name, ...)					\
	KFAIL_POINT_CODE(DEBUG_FP, name, __VA_ARGS__)
#else
#define	MPTCP_FAIL_POINT(name, ...)	do { } while (0)
#endif

/* The core's clock: microseconds since boot, which never go back. */
static inline uint64_t
mptcp_clock(struct mpcb *mp, sbintime_t uptime)
{

	MP_LOCK_ASSERT(mp);
	mp->mp_clock = uqmax(mp->mp_clock, sbttous(uptime));
	return (mp->mp_clock);
}

/* As of the last tick, because it is read several times for each segment. */
static inline uint64_t
mptcp_now(struct mpcb *mp)
{

	return (mptcp_clock(mp, getsbinuptime()));
}

/*
 * For what a timer finds due: by the last tick's time it might not be yet, and
 * would be armed again and again until the next.
 */
static inline uint64_t
mptcp_now_exact(struct mpcb *mp)
{

	return (mptcp_clock(mp, sbinuptime()));
}

#endif /* _KERNEL */
#endif /* _NETINET_MPTCP_VAR_H_ */
