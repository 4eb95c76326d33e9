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
 * SDT probes of the provider mptcp; mptcp(4) describes them.
 */
#ifndef _NETINET_MPTCP_DTRACE_H_
#define	_NETINET_MPTCP_DTRACE_H_

#ifdef _KERNEL
#include <sys/sdt.h>

SDT_PROVIDER_DECLARE(mptcp);
/* mpcb, agreed */
SDT_PROBE_DECLARE(mptcp, , , established);
/* mpcb or NULL, reason */
SDT_PROBE_DECLARE(mptcp, , , fallback);
/* mpcb, subflow, data offset, bytes */
SDT_PROBE_DECLARE(mptcp, , , map);
/* mpcb, subflow, bytes */
SDT_PROBE_DECLARE(mptcp, , , reass);
/* mpcb, refusal */
SDT_PROBE_DECLARE(mptcp, , , join__ack);
/* mpcb, subflow, errno */
SDT_PROBE_DECLARE(mptcp, , , join__open);
/* mpcb, subflow, how */
SDT_PROBE_DECLARE(mptcp, , , subflow__closed);

#define	MPTCP_PROBE2(name, a, b)	SDT_PROBE2(mptcp, , , name, a, b)
#define	MPTCP_PROBE3(name, a, b, c)	SDT_PROBE3(mptcp, , , name, a, b, c)
#define	MPTCP_PROBE4(name, a, b, c, d)	SDT_PROBE4(mptcp, , , name, a, b, c, d)

#endif /* _KERNEL */
#endif /* _NETINET_MPTCP_DTRACE_H_ */
