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
 * What a segment's TCP options say beside MPTCP's own: the core reads those.
 *
 * Locks: the INP lock of the subflow that the segment is for.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

/*
 * The options of a segment, *len bytes of them.
 */
const uint8_t *
mptcp_tcp_options(const struct tcphdr *th, size_t *len)
{

	*len = (th->th_off << 2) - sizeof(struct tcphdr);
	return ((const uint8_t *)(th + 1));
}

/*
 * The first TCP option of a kind that is there whole, or NULL.
 */
uint8_t *
mptcp_find_option(struct tcphdr *th, uint8_t kind)
{
	uint8_t *opts = (uint8_t *)(th + 1);
	u_int i, n, len;

	len = (th->th_off << 2) - sizeof(*th);
	for (i = 0; i < len && opts[i] != TCPOPT_EOL; i += n) {
		if (opts[i] == TCPOPT_NOP) {
			n = 1;
			continue;
		}
		if (i + 1 >= len || (n = opts[i + 1]) < 2 || i + n > len)
			break;
		if (opts[i] == kind)
			return (opts + i);
	}
	return (NULL);
}

/*
 * The round trip that a segment's time stamp tells, in ms; UINT32_MAX: none.
 */
uint32_t
mptcp_stamp_rtt(struct tcpcb *tp, struct tcphdr *th)
{
	const uint8_t *opt;
	uint32_t ecr, rtt;

	if ((tp->t_flags & TF_RCVD_TSTMP) == 0)
		return (UINT32_MAX);
	opt = mptcp_find_option(th, TCPOPT_TIMESTAMP);
	if (opt == NULL || opt[1] != TCPOLEN_TIMESTAMP)
		return (UINT32_MAX);
	memcpy(&ecr, opt + 6, sizeof(ecr));
	ecr = ntohl(ecr);
	rtt = tcp_ts_getticks() - (ecr - tp->ts_offset);
	return (ecr == 0 || rtt > INT32_MAX ? UINT32_MAX : rtt);
}
