/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Copyright (c) 2026 The MPTCP for FreeBSD Project
 */

/*
 * A kernel small enough for a test: two hosts, a TCP that loses nothing, and
 * memory that can be made to fail.
 */

#ifndef _FAKE_H_
#define	_FAKE_H_

#include "mptcp_core.h"

#define	MAXLINKS	4
#define	MSS		1200
#define	CWND		(10 * MSS)
#define	SOCKBUF		(256 * 1024)

/* One end of a TCP connection between the two hosts. */
struct flow {
	enum { F_NONE, F_SYN_SENT, F_SYN_RCVD, F_UP, F_DEAD } state;
	bool		first;		/* carried the MP_CAPABLE handshake */
	bool		known;		/* core has it as sf */
	uint8_t		sf;
	struct mptcp_core_tx *tx;
	struct mptcp_core_opener opener;
	struct mptcp_core_responder responder;
	struct mptcp_core_join_request request;
	uint32_t	snd_una, snd_nxt, rcv_nxt;	/* SSNs */
	bool		fin_wanted, fin_sent, fin_acked, fin_rcvd, fin_told;
	uint8_t		*queue;		/* mapped, not acknowledged */
	uint32_t	queued;
	uint8_t		*rcvq;		/* in order, not taken */
	uint32_t	rcvd;
};

struct host {
	const char	*name;
	struct host	*peer;
	struct mptcp_core_config config;
	struct mptcp_core_addresses addresses;
	struct mptcp_core_tokens *tokens;
	struct mptcp_core_mpcb *mp;
	struct flow	flows[MAXLINKS];
	bool		plain;		/* not multipath, for lack of memory */
	uint32_t	token;
	uint8_t		*so_snd;	/* from the first byte not released */
	uint32_t	so_snd_len;
	const uint8_t	*to_send;	/* what the application has left */
	uint32_t	to_send_len;
	uint8_t		*got;		/* what the application has read */
	uint32_t	got_len, got_max;
	bool		shut, peer_closed, closed;
	int		error;
	uint32_t	joined;		/* most subflows at a time */
};

struct segment {
	struct host	*to;
	int		link;
	uint32_t	ssn, ack, len, window, flags;
	uint8_t		opts[MPTCP_OPT_MAX];
	size_t		optlen;
	uint8_t		data[MSS];
};

/* fake_os.c */
extern _Thread_local bool os_armed;	/* a test is running: count, fail */
extern _Thread_local long os_fail_at;	/* allocation that fails; -1: none */
extern _Thread_local long os_requests;	/* since the test began */
extern _Thread_local long os_blocks;	/* not freed yet */
extern _Thread_local uint64_t os_seed;

/* fake_tcp.c */
extern _Thread_local uint64_t now;
extern _Thread_local const char *failure;
void	fail(const char *fmt, ...) __attribute__((__format__(printf, 1, 2)));
void	post(const struct segment *seg);
bool	next_segment(struct segment *seg);
void	send_plain(struct host *h, int link, uint32_t flags,
	    const uint8_t *opts, size_t optlen);
void	send_ack(struct host *h, int link, uint32_t flags);
void	send_data(struct host *h, int link);
void	pull(struct host *h, int link);
void	drain(struct host *h, int link);
void	flow_gone(struct host *h, int link, int how);
int	flow_of(const struct host *h, uint8_t sf);

#endif /* _FAKE_H_ */
