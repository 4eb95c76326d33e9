/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/* The addresses that tests/guest/network.sh gives the two hosts. */
#include <netinet/in.h>
#include <arpa/inet.h>
#include <string.h>

#include "storm.h"

/* 10.1PATH.0.HOST or fd01:PATH::HOST. */
socklen_t
address_of(union address *a, int family, int path, int host, int port)
{
	memset(a, 0, sizeof(*a));
	if (family == AF_INET6) {
		struct sockaddr_in6 *in6 = (void *)&a->storage;

		in6->sin6_len = sizeof(*in6);
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		in6->sin6_addr.s6_addr[0] = 0xfd;
		in6->sin6_addr.s6_addr[1] = 0x01;
		in6->sin6_addr.s6_addr[3] = path;
		in6->sin6_addr.s6_addr[15] = host;
		return (sizeof(*in6));
	}
	struct sockaddr_in *in = (void *)&a->storage;

	in->sin_len = sizeof(*in);
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	in->sin_addr.s_addr = htonl(10 << 24 | (10 + path) << 16 | host);
	return (sizeof(*in));
}

socklen_t
loopback(union address *a, int family, int port)
{
	socklen_t n = address_of(a, family, 0, 0, port);

	if (family == AF_INET6)
		((struct sockaddr_in6 *)&a->storage)->sin6_addr = in6addr_loopback;
	else
		((struct sockaddr_in *)&a->storage)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return (n);
}

/* Its address as text; returns the port. */
int
text_of(const union address *a, char *to)
{
	const struct sockaddr_in *in = (const void *)&a->storage;
	const struct sockaddr_in6 *in6 = (const void *)&a->storage;

	if (a->sa.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, to, INET6_ADDRSTRLEN);
		return (ntohs(in6->sin6_port));
	}
	inet_ntop(AF_INET, &in->sin_addr, to, INET6_ADDRSTRLEN);
	return (ntohs(in->sin_port));
}
