/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Copyright (c) 2026 The MPTCP for FreeBSD Project
 */

/*
 * The contract between the C glue (sys/netinet/mptcp_*.c) and the protocol,
 * which is written in Rust (rust/core, reached through rust/kern).
 *
 * No mbuf, no tcpcb and no socket crosses this interface.  C hands over
 * numbers, option bytes and addresses, and gets back what is to be done, in
 * the order that the head of rust/core/src/lib.rs says.
 *
 * Locks.  Every function names what it is called with:
 *	[MP]	the connection's MP_LOCK is held;
 *	[INP]	the write lock of the subflow's inpcb is held;
 *	[MPP r]	MPP_LOCK is held for reading (or writing);
 *	[MPP w]	MPP_LOCK is held for writing;
 *	[own]	the caller owns the object that is passed, whatever guards it
 *		(the syncache's bucket lock, the VNET's sysctl lock, the stack);
 *	[any]	nothing shared is touched.
 * No function sleeps, takes a lock or calls back, except into the mptcp_os_*
 * functions at the end, which must not take any of these locks either.
 *
 * Units.  Time is in microseconds since boot and never goes back (sbinuptime).
 * Lengths are bytes.  Port numbers are in host order.  Option areas are the
 * bytes behind the fixed TCP header, as received.  An SSN is the low 32 bits of
 * a subflow's sequence number relative to its initial one: the SYN has SSN 0,
 * the first payload byte has SSN 1.  So an SSN is th_seq - iss for what we send
 * and th_seq - irs for what we receive.
 *
 * Errors.  Where a system call would return the value, it is an errno; only
 * numbers that all Unix systems share are used.  Functions without an error
 * cannot fail.  No input from the network and no refused allocation is fatal.
 * A null pointer where an object is required is fatal (mptcp_os_panic).
 *
 * Objects of the type "uint64_t opaque[]" belong to whoever declares them: in
 * the subflow's private state, in the syncache, in a VNET variable.  They may
 * be copied and discarded freely.  Only the function that initialises a type
 * may be given an object that is not initialised.  A mark in the first word
 * tells a wrong object, which is fatal.
 */
#ifndef _NETINET_MPTCP_CORE_H_
#define	_NETINET_MPTCP_CORE_H_

#ifdef _KERNEL
#include <sys/types.h>
#include <sys/errno.h>
#else
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#endif

/* Raised with every change of a prototype, a struct or a number below. */
#define	MPTCP_CORE_ABI			1

#define	MPTCP_CORE_MAX_SUBFLOWS		32	/* per connection */
#define	MPTCP_CORE_MAX_ADDRESSES	32	/* in mp_addresses */
#define	MPTCP_OPT_MAX			40	/* TCP's option area */
#define	MPTCP_SF_MASTER			0	/* subflow of the handshake */

/* Opaque objects that live in memory of mptcp_os_alloc(). */
struct mptcp_core_mpcb;		/* one connection; under its MP_LOCK */
struct mptcp_core_tx;		/* a subflow's option building; under INP */
struct mptcp_core_tokens;	/* local token -> handle; under MPP_LOCK */

/* Opaque objects by value. */

/* Active side between connect(2) and SYN/ACK. */
struct mptcp_core_opener {
	uint64_t	opaque[6];
};

/* Passive side between SYN and third ACK. */
struct mptcp_core_responder {
	uint64_t	opaque[8];
};

/* What the MP_CAPABLE handshake led to. */
struct mptcp_core_agreed {
	uint64_t	opaque[10];
};

/* A peer's join between SYN and third ACK. */
struct mptcp_core_join_request {
	uint64_t	opaque[14];
};

/* The settings of one VNET. */
struct mptcp_core_config {
	uint64_t	opaque[32];
};

/* mp_addresses of one VNET. */
struct mptcp_core_addresses {
	uint64_t	opaque[80];
};

/* Coupled congestion control: what one subflow must know of all. */
struct mptcp_core_coupling {
	uint64_t	opaque[2];
};

/* A subflow's first slow start (HyStart++); zeroed when it begins. */
struct mptcp_core_hystart {
	uint32_t	opaque[7];
};

/* An address, with a port where one is meant. */
struct mptcp_core_addr {
	uint8_t		ip[16];		/* network order; IPv4: first four */
	uint16_t	port;		/* host order; 0: any or none */
	uint8_t		family;		/* 4 or 6 */
	uint8_t		pad;
};

/* The first subflow, as the MPCB is made. */
struct mptcp_core_start {
	struct mptcp_core_addr local;
	struct mptcp_core_addr remote;
	uint32_t	snd_window;	/* peer's last window, scaled */
	uint32_t	rcv_space;	/* free in so_rcv */
};

/* A segment that came in, after TCP's checks of SEQ and ACK. */
struct mptcp_core_seg_in {
	uint32_t	ssn;		/* of its first payload byte */
	uint32_t	len;		/* payload */
	uint32_t	ack;		/* first of our SSNs not acknowledged */
	uint32_t	window;		/* scaled */
	uint32_t	flags;		/* MPTCP_SEG_* */
};

/* A segment that is about to leave. */
struct mptcp_core_seg_out {
	uint32_t	ssn;		/* of its first payload byte; of the
					   next byte where there is none */
	uint32_t	len;		/* payload */
	uint32_t	flags;		/* MPTCP_SEG_* */
};

/* Flags of a segment.  Not TCP's own bits: those are one header away. */
#define	MPTCP_SEG_SYN			0x01
#define	MPTCP_SEG_ACK			0x02
#define	MPTCP_SEG_FIN			0x04
#define	MPTCP_SEG_RST			0x08

/* mptcp_core_segment_in(): what TCP shall do with the segment. */
#define	MPTCP_SEG_CONTINUE		0	/* go on as usual */
#define	MPTCP_SEG_DROP			1	/* discard it; a reset follows */

/* What a subflow without unsent mapped bytes could send. */
struct mptcp_core_want {
	uint32_t	room;		/* bytes that TCP could send now */
	uint32_t	mss;		/* most payload of a segment with DSS */
};

/* Bytes of so_snd that the subflow is to carry. */
struct mptcp_core_grant {
	uint64_t	doff;		/* data offset; for DTrace */
	uint64_t	off;		/* the same, from the head of so_snd */
	uint64_t	ssn;		/* of the first byte, 64 bits */
	uint32_t	len;
	uint32_t	need_sum;	/* 1: map_commit() needs their sum */
};

/* mptcp_core_mp_get_map(): */
#define	MPTCP_MAP_NOTHING		0	/* nothing for this subflow now */
#define	MPTCP_MAP_GRANTED		1	/* queue the bytes, then commit */
#define	MPTCP_MAP_NOMEM			2	/* ask again with the next ACK */

/*
 * A ones' complement sum (RFC 1071) of bytes that come in pieces of any
 * length.  All zero is the sum of nothing.
 */
struct mptcp_core_sum {
	uint32_t	sum;		/* folded to 16 bits, host order of
					   big-endian words, not inverted */
	uint32_t	odd;		/* 1: an odd number of bytes so far */
};

/* What TCP measured on a subflow. */
struct mptcp_core_metrics {
	uint32_t	srtt_us;	/* 0: no sample yet */
	uint32_t	rttvar_us;
	uint32_t	cwnd;
	uint32_t	in_flight;	/* sent and not acknowledged */
	uint32_t	mss;		/* most payload of a segment */
};

/*
 * mptcp_core_mp_do_reass(): what to do with the in-order bytes at the head of
 * a subflow's so_rcv.  What a step cuts off counts as taken when it is
 * returned.
 */
#define	MPTCP_STEP_WAIT			0	/* nothing now */
#define	MPTCP_STEP_SUM			1	/* sum the first len bytes,
					   leave them, call rx_sum() */
#define	MPTCP_STEP_DISCARD		2	/* cut off len bytes */
#define	MPTCP_STEP_DELIVER		3	/* cut off skip + len + cut;
					   len go to the meta so_rcv */
#define	MPTCP_STEP_HOLD			4	/* cut off skip + len + cut;
					   keep len, call rx_hold() */
#define	MPTCP_STEP_DELIVER_HELD		5	/* of buffer token, len after
					   skip to so_rcv; free rest */
#define	MPTCP_STEP_FREE_HELD		6	/* free buffer token */

struct mptcp_core_step {
	uint64_t	token;
	uint32_t	kind;
	uint32_t	skip;
	uint32_t	len;
	uint32_t	cut;
};

/* mptcp_core_poll_action(): what the caller must do, with MP_LOCK released. */
#define	MPTCP_ACTION_NONE		0	/* no more */
#define	MPTCP_ACTION_OUTPUT		1	/* tcp_output(sf): may map */
#define	MPTCP_ACTION_SEND_ACK		2	/* ACK now on sf */
#define	MPTCP_ACTION_OPEN_SUBFLOW	3	/* connect sf: local, remote */
#define	MPTCP_ACTION_CLOSE		4	/* FIN on sf after its data */
#define	MPTCP_ACTION_RESET		5	/* RST on sf, then report it */
#define	MPTCP_ACTION_WAKE_READER	6	/* data in so_rcv */
#define	MPTCP_ACTION_WAKE_WRITER	7	/* snd_release(), sowwakeup */
#define	MPTCP_ACTION_PEER_CLOSED	8	/* socantrcvmore */
#define	MPTCP_ACTION_CLOSED		9	/* over; error says how */
#define	MPTCP_ACTION_PROBE		10	/* draw an ACK on sf now */
#define	MPTCP_WAKES_READER		0x1	/* as ACTION_WAKE_READER */
#define	MPTCP_WAKES_WRITER		0x2	/* as ACTION_WAKE_WRITER */
#define	MPTCP_WAKES_MORE		0x4	/* poll_action() may have some */
struct mptcp_core_action {
	uint32_t	kind;
	uint8_t		sf;
	uint8_t		error;		/* MPTCP_END_*, with CLOSED */
	uint16_t	pad;
	struct mptcp_core_addr local;	/* with OPEN_SUBFLOW: any port */
	struct mptcp_core_addr remote;	/* with OPEN_SUBFLOW */
};

/* How a connection ended; see mptcp_core_errno(). */
#define	MPTCP_END_DONE			0	/* both DATA_FINs acknowledged */
#define	MPTCP_END_RESET			1
#define	MPTCP_END_ABORTED		2
#define	MPTCP_END_TIMEDOUT		3
#define	MPTCP_END_DAMAGED		4
#define	MPTCP_END_NOT			255	/* it has not */

/* How a subflow's TCP ended, told by C. */
#define	MPTCP_SFEND_FIN			0	/* FINs in both directions */
#define	MPTCP_SFEND_RESET		1	/* the peer's RST */
#define	MPTCP_SFEND_TIMEOUT		2	/* timeout, unreachable */
#define	MPTCP_SFEND_LOCAL		3	/* we closed or reset it */

/* States of a subflow. */
#define	MPTCP_SFS_JOIN_SYN_SENT		0
#define	MPTCP_SFS_JOIN_ACK_SENT		1
#define	MPTCP_SFS_ESTABLISHED		2
#define	MPTCP_SFS_CLOSING		3
#define	MPTCP_SFS_RESETTING		4
#define	MPTCP_SFS_ABSENT		255

/* Why a connection is, or became, plain TCP. */
#define	MPTCP_FALLBACK_DISABLED		0	/* off, or excluded */
#define	MPTCP_FALLBACK_NO_CAPABLE	1	/* SYN or SYN/ACK without */
#define	MPTCP_FALLBACK_NO_CAPABLE_ACK	2	/* third ACK without */
#define	MPTCP_FALLBACK_VERSION		3
#define	MPTCP_FALLBACK_ALGORITHM	4	/* flags B and H */
#define	MPTCP_FALLBACK_BAD_KEY		5
#define	MPTCP_FALLBACK_NO_RESOURCES	6
#define	MPTCP_FALLBACK_NO_DSS		7	/* options stripped */
#define	MPTCP_FALLBACK_CHECKSUM		8	/* infinite mapping */
#define	MPTCP_FALLBACK_PEER_FAILED	9	/* MP_FAIL received */
#define	MPTCP_AGREED			255	/* it is Multipath TCP */

/* Why a join was refused. */
#define	MPTCP_JOIN_OK			0
#define	MPTCP_JOIN_MALFORMED		1
#define	MPTCP_JOIN_UNKNOWN_TOKEN	2
#define	MPTCP_JOIN_BAD_HMAC		3
#define	MPTCP_JOIN_NO_RESOURCES		4
#define	MPTCP_JOIN_PROHIBITED		5

/* What the options of a SYN ask for. */
#define	MPTCP_SYN_PLAIN			0
#define	MPTCP_SYN_CAPABLE		1
#define	MPTCP_SYN_JOIN			2

/* What was agreed, for observers. */
struct mptcp_core_agreed_info {
	uint32_t	local_token;
	uint32_t	remote_token;
	uint8_t		version;	/* 0 or 1 */
	uint8_t		active;		/* 1: we sent the SYN */
	uint8_t		checksum;	/* 1: DSS checksums in use */
	uint8_t		pad;
};

/* A subflow, for observers. */
#define	MPTCP_SFI_BACKUP		0x01	/* we asked for backup */
#define	MPTCP_SFI_PEER_BACKUP		0x02	/* the peer did */
#define	MPTCP_SFI_STALLED		0x04	/* nothing comes back */

struct mptcp_core_subflow_info {
	uint64_t	bytes_mapped;
	uint64_t	bytes_received;
	uint32_t	maps;		/* in t_txmaps */
	uint32_t	rx_maps;	/* in t_rxmaps */
	struct mptcp_core_addr local;
	struct mptcp_core_addr remote;
	uint32_t	flags;		/* MPTCP_SFI_* */
	uint8_t		sf;
	uint8_t		state;		/* MPTCP_SFS_* */
	uint8_t		local_id;
	uint8_t		remote_id;
};

/* A connection, for observers (and for so_snd's accounting). */
struct mptcp_core_conn_info {
	uint64_t	sb_cc;		/* appended, not DATA_ACKed */
	uint64_t	sb_actual;	/* held in so_snd */
	uint64_t	snd_space;	/* may be appended */
	uint64_t	held_bytes;	/* out of data order */
	uint64_t	memory_used;
	uint64_t	memory_peak;
	uint64_t	memory_refused;	/* requests, not bytes */
	uint32_t	subflows;	/* bit n: subflow n exists */
	uint8_t		confirmed;	/* 1: the peer's DSS was seen */
	uint8_t		fallback;	/* MPTCP_FALLBACK_* */
	uint8_t		ended;		/* MPTCP_END_* */
	uint8_t		pad;
};

/* Counters; mptcp_core_stats_name() has their names. */
#define	MPTCP_NSTATS			35

struct mptcp_core_stats {
	uint64_t	v[MPTCP_NSTATS];
};

/* Numbers among the settings: switches are 0 or 1, times milliseconds. */
#define	MPTCP_KNOB_ENABLE		0
#define	MPTCP_KNOB_VERSION		1
#define	MPTCP_KNOB_V0			2
#define	MPTCP_KNOB_MAX_SUBFLOWS		3
#define	MPTCP_KNOB_JOIN_ON_ADD_ADDR	4
#define	MPTCP_KNOB_SINGLE_PACKET_MAPS	5
#define	MPTCP_KNOB_CHECKSUM		6
#define	MPTCP_KNOB_ADD_ADDR_TIMEOUT	7
#define	MPTCP_KNOB_ADD_ADDR_RETRIES	8
#define	MPTCP_KNOB_CLOSE_TIMEOUT	9
#define	MPTCP_KNOB_STALE_LOSS_CNT	10
#define	MPTCP_KNOB_REJOIN_TIMEOUT	11
#define	MPTCP_KNOB_REJOIN_CAP		12
#define	MPTCP_KNOB_REJOIN_RETRIES	13
#define	MPTCP_KNOB_JOIN_ACK_TIMEOUT	14
#define	MPTCP_KNOB_JOIN_ACK_RETRIES	15
#define	MPTCP_KNOB_DENY_JOIN_ID0	16
#define	MPTCP_KNOB_SHORT_DSN		17
#define	MPTCP_KNOB_REASS_MAXQUEUELEN	18
#define	MPTCP_NKNOBS			19

/* mp_debug: bit 8 * class + level of the mask; levels 1 to 5. */
#define	MPTCP_DBG_MPSESSION		0
#define	MPTCP_DBG_DSMAP			1
#define	MPTCP_DBG_SBSTATUS		2
#define	MPTCP_DBG_REASS			3
#define	MPTCP_DBG_ENABLED(mask, class, level)				\
	((((mask) >> (8 * (class) + (level))) & 1) != 0)

/* One subflow's window, for coupled congestion control. */
struct mptcp_core_path_window {
	uint64_t	cwnd;
	uint64_t	srtt_us;	/* leave it out without a sample */
	uint32_t	mss;
	uint32_t	slow_start;	/* 0 or 1 */
};

/* The errno that the application sees for MPTCP_END_*. */
static inline int
mptcp_core_errno(int end)
{

	switch (end) {
	case MPTCP_END_DONE:
	case MPTCP_END_NOT:
		return (0);
	case MPTCP_END_ABORTED:
		return (ECONNABORTED);
	case MPTCP_END_TIMEDOUT:
		return (ETIMEDOUT);
	default:
		return (ECONNRESET);
	}
}

/* [any] MPTCP_CORE_ABI that the Rust object was built for. */
uint32_t mptcp_core_abi(void);

/* Tokens: which connection has which local token. */

/* [own] A table without entries; NULL: no memory. */
struct mptcp_core_tokens *mptcp_core_tokens_new(void);

/* [own] Frees it, entries or not; NULL is allowed. */
void	mptcp_core_tokens_free(struct mptcp_core_tokens *t);

/* [MPP r] The handle of a token; false: no connection has it. */
bool	mptcp_core_tokens_lookup(const struct mptcp_core_tokens *t,
	    uint32_t token, uint64_t *handle);

/*
 * [MPP w] Remembers a handle (a pointer, say).
 * EEXIST: the token is taken; ENOMEM.  Either way: plain TCP.
 */
int	mptcp_core_tokens_insert(struct mptcp_core_tokens *t, uint32_t token,
	    uint64_t handle);

/* [MPP w] Forgets a token; false: it was not there. */
bool	mptcp_core_tokens_remove(struct mptcp_core_tokens *t, uint32_t token);

/* The MP_CAPABLE handshake, active side. */

/*
 * [own, MPP r] Draws a key whose token is unused.  syn_tries: SYNs that carry
 * MP_CAPABLE before a retransmission goes without (1 to 255).  The token is
 * not reserved: insert it when the handshake has succeeded.
 * Returns MPTCP_AGREED, or why the connection is plain TCP.
 */
int	mptcp_core_opener_init(struct mptcp_core_opener *op,
	    const struct mptcp_core_config *cfg,
	    const struct mptcp_core_tokens *t, uint8_t syn_tries);

/*
 * [own] MP_CAPABLE for the SYN that is being sent now; each call counts as
 * one try.  Writes at most room bytes (see below), returns how many; 0: none.
 */
size_t	mptcp_core_opener_syn_option(struct mptcp_core_opener *op,
	    uint8_t *out, size_t room);

/*
 * [own] Judges an acceptable SYN/ACK.
 * MPTCP_AGREED: both speak MPTCP, *agreed is initialised.
 */
int	mptcp_core_opener_on_syn_ack(const struct mptcp_core_opener *op,
	    const uint8_t *opts, size_t len, struct mptcp_core_agreed *agreed);

/* The MP_CAPABLE handshake, passive side. */

/*
 * [any] What a SYN, or a third ACK, asks for: MPTCP_SYN_*.  With SYN_JOIN,
 * *token is the token of the connection to be joined; 0 in a third ACK.
 */
int	mptcp_core_syn_kind(const uint8_t *opts, size_t len, uint32_t *token);

/*
 * [own, MPP r] Takes up the offer in a SYN.  key is NULL, and a key is drawn,
 * or points at the key to use (a syncookie's, made from a secret and the
 * connection; its token may turn out to be taken: FB_NO_RESOURCES).
 * MPTCP_AGREED: *rs is initialised.
 */
int	mptcp_core_responder_on_syn(struct mptcp_core_responder *rs,
	    const struct mptcp_core_config *cfg,
	    const struct mptcp_core_tokens *t, const uint8_t *opts, size_t len,
	    const uint64_t *key);

/*
 * [own] Rebuilds it from the third ACK of a SYN cookie and the key that the
 * SYN/ACK carried.  Ask mptcp_core_responder_on_third_ack() then, as usual.
 * MPTCP_AGREED: *rs is initialised.
 */
int	mptcp_core_responder_cookie(struct mptcp_core_responder *rs,
	    const struct mptcp_core_config *cfg, const uint8_t *opts,
	    size_t len, uint64_t key);

/* [own] MP_CAPABLE for the SYN/ACK, each time the same. */
size_t	mptcp_core_responder_syn_ack_option(
	    const struct mptcp_core_responder *rs, uint8_t *out, size_t room);

/*
 * [own] Judges the first acceptable segment after our SYN/ACK.
 * MPTCP_AGREED: both speak MPTCP, *agreed is initialised.
 */
int	mptcp_core_responder_on_third_ack(const struct mptcp_core_responder *rs,
	    const uint8_t *opts, size_t len, struct mptcp_core_agreed *agreed);

/* [own] Tokens and version; the keys stay inside. */
void	mptcp_core_agreed_info(const struct mptcp_core_agreed *agreed,
	    struct mptcp_core_agreed_info *info);

/*
 * The life of an MPCB.
 *
 * After every call marked [MP] that takes a time: poll_action() until it says
 * ACTION_NONE, then next_timer(); with MP_LOCK released, do what was said.
 */

/*
 * [own] A connection whose first subflow, MPTCP_SF_MASTER, is
 * established.  The settings are copied.  NULL: no memory, plain TCP.
 */
struct mptcp_core_mpcb *mptcp_core_mpcb_new(
	    const struct mptcp_core_agreed *agreed,
	    const struct mptcp_core_config *cfg,
	    const struct mptcp_core_start *start);

/*
 * [MP] Lets go of all memory but the MPCB's own.  Returns true with a held
 * buffer's token in *token: free it and call again, until false.
 */
bool	mptcp_core_mpcb_teardown(struct mptcp_core_mpcb *mp, uint64_t *token);

/*
 * [own] Frees it after teardown; no subflow's mptcp_core_tx need be gone yet
 * (free those with mp == NULL then).  NULL is allowed.
 */
void	mptcp_core_mpcb_free(struct mptcp_core_mpcb *mp);

/*
 * [MP] The next thing to do; returns false, and ACTION_NONE, when there is no
 * more.  Draws random numbers for a join.
 */
bool	mptcp_core_poll_action(struct mptcp_core_mpcb *mp, uint64_t now,
	    struct mptcp_core_action *action);

/* [MP] The two usual actions at once, without poll_action(): MPTCP_WAKES_*. */
uint32_t mptcp_core_take_wakes(struct mptcp_core_mpcb *mp, uint64_t now);

/* [MP] When on_timer() is due; UINT64_MAX: not at all. */
uint64_t mptcp_core_next_timer(const struct mptcp_core_mpcb *mp);

/* [MP] Does what is due.  Early or repeated calls do no harm. */
void	mptcp_core_on_timer(struct mptcp_core_mpcb *mp, uint64_t now);

/* Receiving. */

/*
 * [MP, INP] The MPTCP side of a segment, before TCP does the rest; also of a
 * join's SYN/ACK.  Returns MPTCP_SEG_CONTINUE or MPTCP_SEG_DROP.
 */
int	mptcp_core_segment_in(struct mptcp_core_mpcb *mp, uint8_t sf,
	    const struct mptcp_core_seg_in *seg, const uint8_t *opts,
	    size_t len, uint64_t now);

/*
 * [any] Whether options hold more than a DSS without DATA_FIN: an ACK with
 * them is not a duplicate ACK (RFC 8684 section 3.4.1).
 */
bool	mptcp_core_has_signal(const uint8_t *opts, size_t len);

/*
 * [MP] The next step with the avail bytes in the subflow's in-order queue;
 * call until STEP_WAIT, each time with what is left.  Returns step->kind.
 */
uint32_t mptcp_core_mp_do_reass(struct mptcp_core_mpcb *mp, uint8_t sf,
	    uint32_t avail, uint64_t now, struct mptcp_core_step *step);

/* [MP] mptcp_core_mp_do_reass() has nothing to do for an empty queue. */
bool	mptcp_core_rx_idle(const struct mptcp_core_mpcb *mp);

/* [MP] The sum that STEP_SUM asked for. */
void	mptcp_core_rx_sum(struct mptcp_core_mpcb *mp, uint8_t sf,
	    const struct mptcp_core_sum *sum, uint64_t now);

/*
 * [MP] The buffer that STEP_HOLD asked for, under C's name for it (the mbuf's
 * address).  EINVAL: none was asked for, free it.  Or there is no room for it.
 */
int	mptcp_core_rx_hold(struct mptcp_core_mpcb *mp, uint64_t token);
void	mptcp_core_rx_refuse(struct mptcp_core_mpcb *mp);

/* [MP] Bytes free in so_rcv.  True: an ACK of its own is to tell the peer. */
bool	mptcp_core_set_rcv_space(struct mptcp_core_mpcb *mp, uint32_t space);

/* [MP] Window to advertise on every subflow, from the DATA_ACK on. */
uint32_t mptcp_core_rcv_window(const struct mptcp_core_mpcb *mp);

/* [MP] The subflow's FIN is in order, and all before it was taken. */
void	mptcp_core_subflow_fin(struct mptcp_core_mpcb *mp, uint8_t sf,
	    uint64_t now);

/* Sending: [MP] the application appended bytes to so_snd. */
void	mptcp_core_snd_append(struct mptcp_core_mpcb *mp, uint32_t bytes,
	    uint64_t now);

/* [MP] Capacity of so_snd (sb_hiwat). */
void	mptcp_core_set_snd_hiwat(struct mptcp_core_mpcb *mp, uint32_t bytes);

/* [MP] Bytes that the application may append. */
uint64_t mptcp_core_snd_space(const struct mptcp_core_mpcb *mp);
/* [MP] Data offset of the first byte that is not DATA_ACKed. */
uint64_t mptcp_core_snd_una(const struct mptcp_core_mpcb *mp);
/* [MP] Whether any subflow could be granted a map. */
bool	mptcp_core_snd_pending(const struct mptcp_core_mpcb *mp);
/* [MP] The connection is plain TCP again. */
bool	mptcp_core_fell_back(const struct mptcp_core_mpcb *mp);

/* [MP] Bytes to drop from the head of so_snd (sbdrop) now. */
uint32_t mptcp_core_snd_release(struct mptcp_core_mpcb *mp);

/*
 * [MP, INP] mp_get_map(): which bytes the subflow shall carry next; answers an
 * ACTION_OUTPUT for it that was not polled yet.  Returns MPTCP_MAP_*.
 */
int	mptcp_core_mp_get_map(struct mptcp_core_mpcb *mp, uint8_t sf,
	    struct mptcp_core_tx *tx, const struct mptcp_core_want *want,
	    struct mptcp_core_grant *grant);

/*
 * [MP, INP] The granted bytes are queued on the subflow.  sum may be NULL
 * unless grant->need_sum.  False: the grant is stale, nothing was changed,
 * take the bytes off the subflow again.  So: commit first, queue then, where
 * queueing cannot fail.
 */
bool	mptcp_core_map_commit(struct mptcp_core_mpcb *mp, uint8_t sf,
	    struct mptcp_core_tx *tx, const struct mptcp_core_grant *grant,
	    const struct mptcp_core_sum *sum, uint64_t now);

/* [any] Adds bytes to a sum. */
void	mptcp_core_sum_add(struct mptcp_core_sum *sum, const void *bytes,
	    size_t len);

/*
 * Option building, under the subflow's own lock.
 *
 * Functions that write options write at most room bytes (what TCP's own left
 * of 40) to out, which has that many, rounded down to whole 32-bit words and
 * padded to them with NOPs; they return the bytes written.
 */

/* [MP, INP] Option building for a subflow that exists; NULL: no memory. */
struct mptcp_core_tx *mptcp_core_tx_new(const struct mptcp_core_mpcb *mp,
	    uint8_t sf);

/*
 * [INP; MP where mp is not NULL] Frees it.  With mp, the memory is credited
 * to the connection; without, the MPCB is gone already.  tx may be NULL.
 */
void	mptcp_core_tx_free(struct mptcp_core_mpcb *mp,
	    struct mptcp_core_tx *tx);

/*
 * [MP, INP] Copies the state of sf into tx and takes over which signal has
 * left.  True: this subflow owes the peer the current DATA_ACK.
 */
bool	mptcp_core_sync_tx(struct mptcp_core_mpcb *mp, uint8_t sf,
	    struct mptcp_core_tx *tx);

/* [INP] How many of len bytes from ssn on may share a segment or TSO burst. */
uint32_t mptcp_core_tx_clip(const struct mptcp_core_tx *tx, uint32_t ssn,
	    uint32_t len);
/* [INP] No payload yet: a join that the peer has not confirmed. */
bool	mptcp_core_tx_holds_data(const struct mptcp_core_tx *tx);
/* [INP] The most that options add to a segment with payload. */
size_t	mptcp_core_tx_data_option_len(const struct mptcp_core_tx *tx);

/*
 * [INP, so_snd] The options of one segment, at most room bytes of them and
 * never more than size, which is what out has; it must not be uninitialised.
 */
size_t	mptcp_core_tx_options(struct mptcp_core_tx *tx,
	    const struct mptcp_core_seg_out *seg, size_t room, uint8_t *out,
	    size_t size);

/*
 * Subflows.
 */

/*
 * [MP] A SYN with MP_JOIN and this connection's token came from remote at
 * local.  MPTCP_JOIN_OK: *req is initialised; else why it is refused.
 */
int	mptcp_core_join_syn(struct mptcp_core_mpcb *mp, const uint8_t *opts,
	    size_t len, const struct mptcp_core_addr *local,
	    const struct mptcp_core_addr *remote,
	    struct mptcp_core_join_request *req);

/* [own] MP_JOIN for the SYN/ACK, each time the same. */
size_t	mptcp_core_join_syn_ack_option(
	    const struct mptcp_core_join_request *req, uint8_t *out,
	    size_t room);

/*
 * [MP] A join's third ACK.  MPTCP_JOIN_OK: *sf is the new subflow,
 * established; call segment_in() with the same segment then.
 */
int	mptcp_core_join_third_ack(struct mptcp_core_mpcb *mp,
	    const struct mptcp_core_join_request *req, const uint8_t *opts,
	    size_t len, uint8_t *sf, uint64_t now);

/* [any] MP_TCPRST for the RST that answers a refused join. */
size_t	mptcp_core_join_rst_option(int refusal, uint8_t *out, size_t room);

/* [MP] The address and port of our join, once TCP has chosen them. */
void	mptcp_core_join_bound(struct mptcp_core_mpcb *mp, uint8_t sf,
	    const struct mptcp_core_addr *local);

/* [MP] What TCP measured; before get_map(), and when it changed much. */
void	mptcp_core_subflow_metrics(struct mptcp_core_mpcb *mp, uint8_t sf,
	    const struct mptcp_core_metrics *metrics);

/* [MP] The subflow's retransmission timer fired. */
void	mptcp_core_subflow_rto(struct mptcp_core_mpcb *mp, uint8_t sf,
	    uint64_t now);

/*
 * [MP] The subflow's TCP is gone: MPTCP_SFEND_*.  Its number may be
 * given out again at once, so free its tx, or forget the number, before
 * MP_LOCK is released.
 */
void	mptcp_core_subflow_closed(struct mptcp_core_mpcb *mp, uint8_t sf,
	    int how, uint64_t now);

/* [MP] Asks the peer to treat it as backup, or no longer (MP_PRIO). */
void	mptcp_core_set_backup(struct mptcp_core_mpcb *mp, uint8_t sf,
	    bool backup);

/* [MP] MPTCP_SFS_*. */
int	mptcp_core_subflow_state(const struct mptcp_core_mpcb *mp, uint8_t sf);

/* [MP] For observers; false: there is no such subflow. */
bool	mptcp_core_subflow_info(const struct mptcp_core_mpcb *mp, uint8_t sf,
	    struct mptcp_core_subflow_info *info);

/*
 * Addresses.
 */

/* [MP] Our extra addresses are now these.  ENOMEM: call again later. */
int	mptcp_core_addresses_changed(struct mptcp_core_mpcb *mp,
	    const struct mptcp_core_addresses *list, uint64_t now);

/* [MP] An address is gone from its interface. */
void	mptcp_core_address_lost(struct mptcp_core_mpcb *mp,
	    const struct mptcp_core_addr *addr);
/* [MP] An address works (again). */
void	mptcp_core_address_back(struct mptcp_core_mpcb *mp,
	    const struct mptcp_core_addr *addr, uint64_t now);

/*
 * Closing.
 */

/* [MP] shutdown(SHUT_WR): a DATA_FIN follows the data. */
void	mptcp_core_snd_shutdown(struct mptcp_core_mpcb *mp, uint64_t now);
/* [MP] close(2). */
void	mptcp_core_close(struct mptcp_core_mpcb *mp, uint64_t now);
/* [MP] close(2) with SO_LINGER 0, or soabort: MP_FASTCLOSE. */
void	mptcp_core_abort(struct mptcp_core_mpcb *mp);

/*
 * Observing.
 */

/* [MP] */
void	mptcp_core_conn_info(const struct mptcp_core_mpcb *mp,
	    struct mptcp_core_conn_info *info);

/* [MP] Copies the connection's counters. */
void	mptcp_core_stats_get(const struct mptcp_core_mpcb *mp,
	    struct mptcp_core_stats *stats);

/* [any] Name of counter n; NULL beyond the last. */
const char *mptcp_core_stats_name(unsigned int n);

/* [any] Names for messages and probes; never NULL. */
const char *mptcp_core_fallback_name(int reason);
const char *mptcp_core_join_refusal_name(int refusal);
const char *mptcp_core_end_name(int end);
const char *mptcp_core_action_name(uint32_t kind);

/*
 * Settings of a VNET.
 */

/* [own] The defaults. */
void	mptcp_core_config_init(struct mptcp_core_config *cfg);

/* [own] EINVAL: no such knob, or out of its range; nothing has changed. */
int	mptcp_core_config_set(struct mptcp_core_config *cfg, unsigned int knob,
	    int64_t value);

/* [own] EINVAL: no such knob. */
int	mptcp_core_config_get(const struct mptcp_core_config *cfg,
	    unsigned int knob, int64_t *value);

/* [any] Name of a knob below net.inet.tcp.mptcp; NULL beyond the last. */
const char *mptcp_core_knob_name(unsigned int knob);

/* [any] What may be set, both ends included.  EINVAL: no such knob. */
int	mptcp_core_knob_range(unsigned int knob, int64_t *min, int64_t *max);

/* [own] Chooses by name.  EINVAL: no such scheduler; nothing has changed. */
int	mptcp_core_config_set_scheduler(struct mptcp_core_config *cfg,
	    const char *name, size_t len);

/* [own] Name of the scheduler. */
const char *mptcp_core_config_scheduler(const struct mptcp_core_config *cfg);

/* [any] Names of all, with blanks between. */
const char *mptcp_core_scheduler_list(void);

/*
 * mp_addresses and mp_debug.  Strings come with their length, not with a NUL;
 * *bad, where not NULL, is where the first bad entry begins.  Printing writes
 * at most size bytes, a NUL included if size is not 0, and returns what the
 * whole string would take without the NUL, as snprintf(3) does.
 */

/* [own] The empty list; EINVAL: a string is refused whole, the list stays. */
void	mptcp_core_addresses_init(struct mptcp_core_addresses *list);
int	mptcp_core_addresses_parse(struct mptcp_core_addresses *list,
	    const char *text, size_t len, size_t *bad);

/* [own] */
size_t	mptcp_core_addresses_print(const struct mptcp_core_addresses *list,
	    char *buf, size_t size);

/* [own] Entry n, from 0, or takes it out; false beyond the last. */
bool	mptcp_core_addresses_get(const struct mptcp_core_addresses *list,
	    unsigned int n, struct mptcp_core_addr *addr, bool *backup);
bool	mptcp_core_addresses_remove(struct mptcp_core_addresses *,
	    unsigned int n);

/* [own] EINVAL: the string is refused whole, *mask stays as it was. */
int	mptcp_core_debug_apply(uint32_t *mask, const char *text, size_t len,
	    size_t *bad);

/* [any] */
size_t	mptcp_core_debug_print(uint32_t mask, char *buf, size_t size);

/*
 * Coupled congestion control (RFC 6356).  May be called under so_snd's lock.
 */

/* [own] Works out the coupling of n established subflows. */
void	mptcp_core_cc_couple(struct mptcp_core_coupling *coupling,
	    const struct mptcp_core_path_window *paths, size_t n);

/*
 * [own] Bytes by which the path's window grows for acked bytes.  *credit, at
 * first 0, keeps the fraction of a byte from call to call.
 */
uint64_t mptcp_core_cc_growth(const struct mptcp_core_coupling *coupling,
	    const struct mptcp_core_path_window *path, uint64_t acked,
	    uint64_t *credit);

/*
 * [own] ack came, next is the sequence number to be sent next, rtt_ms was
 * measured (UINT32_MAX: not).  The window may grow by this part of what slow
 * start would let it; 0: slow start ends.
 */
uint32_t mptcp_core_cc_hystart(struct mptcp_core_hystart *state,
	    uint32_t ack, uint32_t next, uint32_t rtt_ms);

/*
 * What C provides.  Called with any of the locks above held: none of them may
 * sleep or take a lock that is not a leaf.
 */

/* malloc(9) with M_NOWAIT; align is a power of two.  NULL: no memory. */
void	*mptcp_os_alloc(size_t size, size_t align);

/* Frees it; size is what was asked for. */
void	mptcp_os_free(void *p, size_t size);

/* arc4random_buf(9). */
void	mptcp_os_random(void *buf, size_t len);

/* panic(9).  Neither string is NULL. */
void	mptcp_os_panic(const char *file, int line, const char *msg)
	    __attribute__((__noreturn__));

/*
 * Sizes and offsets that rust/kern asserts on its side as well.
 */
#define	MPTCP_SIZE(s, n)	_Static_assert(sizeof(struct s) == (n), #s)
MPTCP_SIZE(mptcp_core_addr, 20);
MPTCP_SIZE(mptcp_core_start, 48);
MPTCP_SIZE(mptcp_core_seg_in, 20);
MPTCP_SIZE(mptcp_core_seg_out, 12);
MPTCP_SIZE(mptcp_core_want, 8);
MPTCP_SIZE(mptcp_core_grant, 32);
MPTCP_SIZE(mptcp_core_sum, 8);
MPTCP_SIZE(mptcp_core_metrics, 20);
MPTCP_SIZE(mptcp_core_step, 24);
MPTCP_SIZE(mptcp_core_action, 48);
_Static_assert(offsetof(struct mptcp_core_action, local) == 8,
    "mptcp_core_action.local");
MPTCP_SIZE(mptcp_core_agreed_info, 12);
MPTCP_SIZE(mptcp_core_subflow_info, 72);
MPTCP_SIZE(mptcp_core_conn_info, 64);
MPTCP_SIZE(mptcp_core_path_window, 24);
_Static_assert(ENOENT == 2 && ENOMEM == 12 && EEXIST == 17 && EINVAL == 22,
    "errno values that rust/kern returns");

#endif /* _NETINET_MPTCP_CORE_H_ */
