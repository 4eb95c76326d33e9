/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/*
 * What streams carry: a block of random bytes whose length is a prime, again
 * and again, from a place that the stream's seed gives.  So the same bytes can
 * be written and sent by sendfile(2), and no segment's length divides the block.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storm.h"

/* A window may begin at its end. */
static unsigned char pattern[PERIOD];
static int file;

void
pattern_init(void)
{
	char name[256];

	for (size_t i = 0; i < PERIOD; i++)
		pattern[i] = mix(i / 8 + 1) >> 8 * (i % 8);
	snprintf(name, sizeof(name), "%s/pattern.%d", storm.directory, storm.host);
	file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (file < 0 || write(file, pattern, PERIOD) != PERIOD)
		err(1, "%s", name);
}

int
pattern_file(void)
{
	return (file);
}

/* The bytes at an offset of the stream, and their place in the file. */
static size_t
place(uint64_t seed, uint64_t offset)
{
	return ((seed % PERIOD + offset) % PERIOD);
}

/* *N is lowered to what is there in one piece. */
const unsigned char *
pattern_at(uint64_t seed, uint64_t offset, size_t *n)
{
	size_t at = place(seed, offset);

	if (*n > PERIOD - at)
		*n = PERIOD - at;
	return (pattern + at);
}

/* Where the first wrong byte is, how many follow, and where in the stream they belong. */
static void
say_wrong(uint64_t seed, uint64_t offset, const unsigned char *p, const unsigned char *should, size_t n)
{
	size_t first = 0, last = n, length;
	const unsigned char *found;

	while (p[first] == should[first])
		first++;
	while (p[last - 1] == should[last - 1])
		last--;
	length = last - first;
	found = length < 8 ? NULL : memmem(pattern, PERIOD, p + first, length < 16 ? length : 16);
	if (found == NULL)
		wrong("byte %ju is %#x, not %#x, of no stream; up to %ju", (uintmax_t)(offset + first), p[first],
		    should[first], (uintmax_t)(offset + last));
	else
		wrong("byte %ju to %ju: those of %zu, or of another stream", (uintmax_t)(offset + first),
		    (uintmax_t)(offset + last), (found - pattern + PERIOD - seed % PERIOD) % PERIOD);
}

bool
pattern_is(uint64_t seed, uint64_t offset, const unsigned char *p, size_t n)
{
	while (n > 0) {
		size_t k = n;
		const unsigned char *should = pattern_at(seed, offset, &k);

		if (memcmp(p, should, k) != 0) {
			say_wrong(seed, offset, p, should, k);
			return (false);
		}
		p += k;
		offset += k;
		n -= k;
	}
	return (true);
}
