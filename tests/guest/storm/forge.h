/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
#ifndef FORGE_H
#define FORGE_H

#include <sys/types.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>

#define LARGEST	1514

struct frame {
	size_t		length;
	unsigned char	bytes[LARGEST];
};

/* Where the parts of a frame are. */
struct parts {
	unsigned char	*ip;
	struct tcphdr	*tcp;
	bool		 six;
	uint8_t		*ttl;
	size_t		 options, payload, segment;	/* lengths; the last is that of all TCP */
};

struct thread;

/* forge.c: over 16-bit words in the network's order */
uint32_t forge_sum(const void *, size_t, uint32_t);
uint16_t forge_fold(uint32_t);

/* forge_icmp.c */
void	forge_icmp(struct thread *, struct frame *, struct parts *);

#endif
