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
 * What the Rust core needs of the kernel: memory, randomness, panic(9).
 * Called with any lock held; nothing here sleeps.
 */
#include <sys/cdefs.h>
#include <sys/param.h>
#include <sys/systm.h>
#include <sys/fail.h>
#include <sys/kernel.h>
#include <sys/libkern.h>
#include <sys/malloc.h>

#include <netinet/mptcp_core.h>

static MALLOC_DEFINE(M_MPTCPCORE, "mptcpcore", "Multipath TCP core");

void *
mptcp_os_alloc(size_t size, size_t align)
{

	/* malloc(9) aligns to the size's power of two, up to a page. */
	if (align > PAGE_SIZE)
		return (NULL);
#ifdef INVARIANTS
	/* As MPTCP_FAIL_POINT, whose header needs more than this file does. */
	KFAIL_POINT_CODE(DEBUG_FP, mptcp_no_memory, return (NULL));
#endif
	return (malloc(roundup2(size, align), M_MPTCPCORE, M_NOWAIT));
}

void
mptcp_os_free(void *p, size_t size __unused)
{

	free(p, M_MPTCPCORE);
}

void
mptcp_os_random(void *buf, size_t len)
{

	arc4random_buf(buf, len);
}

void
mptcp_os_panic(const char *file, int line, const char *msg)
{

	panic("mptcp: %s:%d: %s", file, line, msg);
}
