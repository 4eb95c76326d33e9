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
 * What FreeBSD's own files call.  Without options MPTCP every hook vanishes,
 * and the kernel is unchanged.  docs/HOOKS.md has each hook's place, locks and
 * failure.
 */
#ifndef _NETINET_MPTCP_HOOKS_H_
#define	_NETINET_MPTCP_HOOKS_H_

struct inpcb;
struct mbuf;
struct socket;
struct sockopt;
struct syncache;
struct tcpcb;
struct tcphdr;
struct tcpopt;
struct xsocket;

#ifdef MPTCP
extern struct tcp_function_block mptcp_fb;

/*
 * Pinned promotion: the application's socket keeps its so_pcb; once the
 * connection is multipath, the inpcb belongs to a subflow socket.
 */
#define	mptcp_diverted(inp, so)	__predict_false((inp)->inp_socket != (so))
/* Without the INP lock: true is final, false must be asked again with it. */
#define	mptcp_diverted_nolock(inp, so)					\
	__predict_false(atomic_load_acq_ptr((uintptr_t *)		\
	    &(inp)->inp_socket) != (uintptr_t)(so))
#define	mptcp_is_subflow(tp)	((tp)->t_fb == &mptcp_fb)

/* tcp_usrreq.c: inp is write-locked on entry, and unlocked on return. */
void	mptcp_usr_detach(struct socket *, struct inpcb *);
int	mptcp_usr_disconnect(struct socket *, struct inpcb *);
int	mptcp_usr_shutdown(struct socket *, struct inpcb *);
int	mptcp_usr_ready(struct socket *, struct inpcb *, struct mbuf *, int);
void	mptcp_usr_abort(struct socket *, struct inpcb *);
void	mptcp_usr_close(struct socket *, struct inpcb *);
int	mptcp_ctloutput(struct socket *, struct inpcb *, struct sockopt *);
/* No lock is held. */
int	mptcp_usr_rcvd(struct socket *, struct inpcb *);
int	mptcp_usr_send(struct socket *, struct inpcb *, int, struct mbuf *,
	    struct mbuf *);
/* inp is write-locked, and stays so. */
void	mptcp_usr_accept(struct inpcb *);
/* Before soisconnecting(): offer MPTCP in the SYN.  INP write lock. */
void	mptcp_connect(struct tcpcb *);

/* tcp_input.c: INP write lock of the subflow. */
bool	mptcp_signal_ack(const struct tcpcb *);

/*
 * tcp_output.c, tcp_subr.c: INP write lock.  They take no lock themselves:
 * tcp_output() calls with SOCKBUF_LOCK(so_snd) held as well.
 */
bool	mptcp_clip(const struct tcpcb *, uint32_t, int32_t *);
long	mptcp_rcvspace(const struct tcpcb *, const struct socket *);
long	mptcp_rcvroom(const struct tcpcb *, struct socket *);
u_int	mptcp_optlen(const struct tcpcb *);
void	mptcp_options(struct tcpcb *, struct tcpopt *, uint32_t, int32_t,
	    uint16_t);
/* tcp_subr.c: no lock. */
#ifdef MPTCP_TESTING
bool	mptcp_override_isn(uint32_t *);
#else
#define	mptcp_override_isn(isn)			false
#endif

/*
 * tcp_syncache.c: what mptcp_syncache_add() is told of the listener.  INP lock
 * of the listener.
 */
bool	mptcp_excluded(struct tcpcb *);
/*
 * No lock of the syncache: the entry is in no bucket, yet or any more.  False
 * asks for a RST.
 */
bool	mptcp_syncache_add(struct syncache *, bool, bool,
	    const struct tcpopt *, const struct tcphdr *);
bool	mptcp_syncache_expand(struct syncache *, bool, const struct tcphdr *);
/* The bucket's lock, where the entry is in one. */
void	mptcp_syncache_respond(struct syncache *, struct tcpopt *, int);
/* INP write lock of the new connection, INP lock of its listener. */
bool	mptcp_syncache_join(struct syncache *, struct socket *);
void	mptcp_syncache_promote(struct syncache *, struct socket *);
/* The bucket's lock, where the entry is in one. */
void	mptcp_syncache_free(struct syncache *);
/* Whether the RST that they ask for may go out: icmplim. */
bool	mptcp_may_reset(void);

/*
 * tcp_subr.c: the socket that owns a subflow's pcb, for sockstat and netstat.
 * INP lock; takes MP_LOCK.
 */
void	mptcp_toxsocket(const struct inpcb *, struct xsocket *);

#else /* !MPTCP */
#define	mptcp_diverted(inp, so)			false
#define	mptcp_diverted_nolock(inp, so)		false
#define	mptcp_is_subflow(tp)			false
#define	mptcp_usr_detach(so, inp)		do { } while (0)
#define	mptcp_usr_disconnect(so, inp)		0
#define	mptcp_usr_shutdown(so, inp)		0
#define	mptcp_usr_rcvd(so, inp)			0
#define	mptcp_usr_send(so, inp, fl, m, c)	0
#define	mptcp_usr_ready(so, inp, m, n)		0
#define	mptcp_usr_abort(so, inp)		do { } while (0)
#define	mptcp_usr_close(so, inp)		do { } while (0)
#define	mptcp_usr_accept(inp)			do { } while (0)
#define	mptcp_ctloutput(so, inp, sopt)		0
#define	mptcp_connect(tp)			do { } while (0)
#define	mptcp_signal_ack(tp)			false
#define	mptcp_clip(tp, seq, len)		false
#define	mptcp_rcvspace(tp, so)			sbspace(&(so)->so_rcv)
#define	mptcp_rcvroom(tp, so)			sbspace(&(so)->so_rcv)
#define	mptcp_optlen(tp)			0
#define	mptcp_options(tp, to, seq, len, fl)	do { } while (0)
#define	mptcp_override_isn(isn)			false
#define	mptcp_excluded(tp)			true
#define	mptcp_may_reset()			false
#define	mptcp_syncache_add(sc, cookie, ex, to, th)	true
#define	mptcp_syncache_respond(sc, to, fl)	do { } while (0)
#define	mptcp_syncache_expand(sc, cookie, th)	true
#define	mptcp_syncache_join(sc, so)		false
#define	mptcp_syncache_promote(sc, so)		do { } while (0)
#define	mptcp_syncache_free(sc)			do { } while (0)
#define	mptcp_toxsocket(inp, xso)		do { } while (0)
#endif /* MPTCP */
#endif /* _NETINET_MPTCP_HOOKS_H_ */
