/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/* The generator (splitmix64), one for each thread. */
#include <string.h>

#include "storm.h"

uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ULL;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebULL;
	return (x ^ (x >> 31));
}

uint64_t
rnd(struct thread *t)
{
	t->state += 0x9e3779b97f4a7c15ULL;
	return (mix(t->state));
}

unsigned
below(struct thread *t, unsigned n)
{
	return (n == 0 ? 0 : (rnd(t) >> 32) % n);
}

bool
one_in(struct thread *t, unsigned n)
{
	return (below(t, n) == 0);
}

void
rnd_bytes(struct thread *t, void *to, size_t n)
{
	unsigned char *p = to;

	for (size_t i = 0; i < n; i++)
		p[i] = rnd(t);
}

/* Small sizes as often as large ones. */
unsigned
rnd_size(struct thread *t, unsigned max)
{
	static const unsigned limits[] = { 1, 16, 200, 1448, 3000, 16384, 65536, 1 << 20 };
	unsigned limit = limits[below(t, sizeof(limits) / sizeof(limits[0]))];

	return (1 + below(t, limit < max ? limit : max));
}
