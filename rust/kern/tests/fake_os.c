/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Copyright (c) 2026 The MPTCP for FreeBSD Project
 */

/*
 * The kernel's half of mptcp_core.h: memory that can be made to fail, and that
 * is checked for the size it is given back with; repeatable randomness.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

_Thread_local bool os_armed;
_Thread_local long os_fail_at = -1;
_Thread_local long os_requests;
_Thread_local long os_blocks;
_Thread_local uint64_t os_seed;

void *
mptcp_os_alloc(size_t size, size_t align)
{
	void *p;

	if (size == 0 || align == 0 || (align & (align - 1)) != 0)
		mptcp_os_panic(__FILE__, __LINE__, "bad request for memory");
	if (os_armed && os_requests++ == os_fail_at)
		return (NULL);
	if (align < sizeof(void *))
		align = sizeof(void *);
	p = aligned_alloc(align, (size + align - 1) & ~(align - 1));
	if (p == NULL)
		return (NULL);
	/* M_NOWAIT without M_ZERO: nothing may rely on zeroes. */
	memset(p, 0xde, size);
	if (os_armed)
		os_blocks++;
	return (p);
}

void
mptcp_os_free(void *p, size_t size)
{

	if (p == NULL || size == 0)
		mptcp_os_panic(__FILE__, __LINE__, "free of nothing");
	memset(p, 0xdf, size);
	if (os_armed)
		os_blocks--;
	free(p);
}

void
mptcp_os_random(void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len-- > 0) {
		os_seed = os_seed * 6364136223846793005u + 1442695040888963407u;
		*p++ = os_seed >> 56;
	}
}

void
mptcp_os_panic(const char *file, int line, const char *msg)
{

	fprintf(stderr, "panic: %s:%d: %s\n", file, line, msg);
	abort();
}
