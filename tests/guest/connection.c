/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * One connection, and what the application can see of it (FreeBSD):
 *
 *	connection serve PORT [md5|fastopen]	echoes, until it is killed
 *	connection names HOST PORT SECONDS	getsockname(2), getpeername(2)
 *		before and after; meanwhile a byte each 100 ms there and back
 *	connection options HOST PORT		what MPTCP must refuse
 *	connection md5 HOST PORT		must be plain TCP, and work
 *	connection fastopen HOST PORT		the same
 *	connection linger HOST PORT		closes with SO_LINGER 0
 *	connection again HOST PORT		uses the socket again once it is over
 *
 * The exit status is 0 where all was as it must be.  What failed is printed.
 */
#include <sys/types.h>
#include <sys/ktls.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <crypto/cryptodev.h>

#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct names {
	struct sockaddr_storage	local, peer;
};

static int failures;

static void
check(const char *what, bool ok)
{
	int error = errno;

	printf("%s %s\n", ok ? "pass" : "FAIL", what);
	if (!ok) {
		printf("     errno %d, %s\n", error, strerror(error));
		failures++;
	}
	fflush(stdout);
}

/* Multipath connections of this jail, ever. */
static uint64_t
established(void)
{
	uint64_t n = 0;
	size_t len = sizeof(n);

	if (sysctlbyname("net.inet.tcp.mptcp.stats.established", &n, &len,
	    NULL, 0) != 0)
		err(1, "sysctl");
	return (n);
}

static int
open_socket(const char *host, const char *port, struct addrinfo **resp)
{
	struct addrinfo hints;
	int s;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	if (getaddrinfo(host, port, &hints, resp) != 0)
		errx(64, "not an address: %s %s", host, port);
	if ((s = socket((*resp)->ai_family, SOCK_STREAM, 0)) < 0)
		err(1, "socket");
	return (s);
}

static int
connected(const char *host, const char *port)
{
	struct addrinfo *res;
	int s;

	s = open_socket(host, port, &res);
	if (connect(s, res->ai_addr, res->ai_addrlen) != 0)
		err(1, "connect");
	freeaddrinfo(res);
	return (s);
}

static bool
echo(int s, char c)
{
	char got = '\0';

	return (write(s, &c, 1) == 1 && read(s, &got, 1) == 1 && got == c);
}

static void
ask(int s, struct names *n)
{
	socklen_t len;

	memset(n, 0, sizeof(*n));
	len = sizeof(n->local);
	if (getsockname(s, (struct sockaddr *)&n->local, &len) != 0)
		err(1, "getsockname");
	len = sizeof(n->peer);
	if (getpeername(s, (struct sockaddr *)&n->peer, &len) != 0)
		err(1, "getpeername");
}

static void
serve_one(int s)
{
	struct names before, after;
	char buf[4096];
	ssize_t n;

	ask(s, &before);
	while ((n = read(s, buf, sizeof(buf))) > 0)
		if (write(s, buf, (size_t)n) != n)
			_exit(1);
	if (n == 0) {
		ask(s, &after);
		if (memcmp(&before, &after, sizeof(before)) != 0)
			printf("FAIL names of the server's socket\n");
	} else
		printf("server: %s\n", strerror(errno));
	fflush(stdout);
	_exit(0);
}

static int
serve(const char *port, const char *how)
{
	struct sockaddr_in6 sin6;
	int l, on = 1, off = 0, s;

	memset(&sin6, 0, sizeof(sin6));
	sin6.sin6_len = sizeof(sin6);
	sin6.sin6_family = AF_INET6;
	sin6.sin6_port = htons((uint16_t)atoi(port));
	if ((l = socket(AF_INET6, SOCK_STREAM, 0)) < 0)
		err(1, "socket");
	if (setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    setsockopt(l, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0 ||
	    bind(l, (struct sockaddr *)&sin6, sizeof(sin6)) != 0)
		err(1, "bind");
	if (strcmp(how, "md5") == 0 &&
	    setsockopt(l, IPPROTO_TCP, TCP_MD5SIG, &on, sizeof(on)) != 0)
		err(1, "TCP_MD5SIG");
	if (listen(l, 16) != 0)
		err(1, "listen");
	if (strcmp(how, "fastopen") == 0 &&
	    setsockopt(l, IPPROTO_TCP, TCP_FASTOPEN, &on, sizeof(on)) != 0)
		err(1, "TCP_FASTOPEN");
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		if ((s = accept(l, NULL, NULL)) < 0)
			continue;
		if (fork() == 0) {
			close(l);
			serve_one(s);
		}
		close(s);
	}
}

static void
names(int s, int seconds)
{
	struct names before, after;
	bool ok = true;
	int i;

	ask(s, &before);
	for (i = 0; i < seconds * 10 && ok; i++) {
		ok = echo(s, (char)('a' + i % 26));
		usleep(100000);
	}
	check("bytes there and back", ok);
	ask(s, &after);
	check("getsockname", memcmp(&before.local, &after.local,
	    sizeof(before.local)) == 0);
	check("getpeername", memcmp(&before.peer, &after.peer,
	    sizeof(before.peer)) == 0);
}

static void
refused(int s, const char *what, int name, const void *val, socklen_t len)
{

	errno = 0;
	check(what, setsockopt(s, IPPROTO_TCP, name, val, len) != 0 &&
	    errno == EOPNOTSUPP);
	check("... and the connection goes on", echo(s, 'x'));
}

static void
options(int s)
{
	static const uint8_t key[16], iv[4];
	struct tcp_function_set fs;
	struct tls_enable tls;
	int on = 1;

	check("echo", echo(s, 'e'));
	refused(s, "TCP_MD5SIG", TCP_MD5SIG, &on, sizeof(on));
	refused(s, "TCP_FASTOPEN", TCP_FASTOPEN, &on, sizeof(on));
	refused(s, "TCP_NOOPT", TCP_NOOPT, &on, sizeof(on));
	memset(&fs, 0, sizeof(fs));
	strlcpy(fs.function_set_name, "freebsd", sizeof(fs.function_set_name));
	refused(s, "TCP_FUNCTION_BLK", TCP_FUNCTION_BLK, &fs, sizeof(fs));
	memset(&tls, 0, sizeof(tls));
	tls.cipher_algorithm = CRYPTO_AES_NIST_GCM_16;
	tls.cipher_key = key;
	tls.cipher_key_len = sizeof(key);
	tls.iv = iv;
	tls.iv_len = sizeof(iv);
	tls.tls_vmajor = 3;
	tls.tls_vminor = 3;
	refused(s, "TCP_TXTLS_ENABLE", TCP_TXTLS_ENABLE, &tls, sizeof(tls));
	refused(s, "TCP_RXTLS_ENABLE", TCP_RXTLS_ENABLE, &tls, sizeof(tls));
}

/* An option before connect(2) that leaves no place for MPTCP. */
static void
excluded(const char *host, const char *port, int name)
{
	struct addrinfo *res;
	uint64_t before = established();
	ssize_t n;
	int on = 1, s;
	char got = '\0';

	s = open_socket(host, port, &res);
	check("setsockopt", setsockopt(s, IPPROTO_TCP, name, &on,
	    sizeof(on)) == 0);
	if (name == TCP_FASTOPEN) {
		n = sendto(s, "f", 1, 0, res->ai_addr, res->ai_addrlen);
		check("sendto", n == 1);
		check("first byte back", read(s, &got, 1) == 1 && got == 'f');
	} else
		check("connect", connect(s, res->ai_addr,
		    res->ai_addrlen) == 0);
	freeaddrinfo(res);
	check("echo", echo(s, 'e'));
	check("plain TCP", established() == before);
	close(s);
}

/*
 * Both directions have ended, so that the socket is disconnected, while the
 * first subflow's TCP is in TIME_WAIT, or before.
 */
static void
again(int s)
{
	struct sockaddr_storage to;
	socklen_t len = sizeof(to);
	char c;
	int i;

	check("echo", echo(s, 'l'));
	check("getpeername", getpeername(s, (struct sockaddr *)&to, &len) == 0);
	check("shutdown", shutdown(s, SHUT_WR) == 0);
	check("end of the peer's data", read(s, &c, 1) == 0);
	for (i = 0; i < 50; i++) {
		if (listen(s, 5) == 0 || errno != EINVAL)
			break;
		if (connect(s, (struct sockaddr *)&to, len) == 0 ||
		    (errno != EINVAL && errno != EISCONN))
			break;
		usleep(20000);
	}
	check("neither listen(2) nor connect(2) takes it", i == 50);
}

int
main(int argc, char **argv)
{
	struct linger linger = { 1, 0 };
	uint64_t before;
	int s;

	signal(SIGPIPE, SIG_IGN);
	if (argc >= 3 && strcmp(argv[1], "serve") == 0)
		return (serve(argv[2], argc > 3 ? argv[3] : ""));
	if (argc < 4)
		errx(64, "usage: see the source");
	if (strcmp(argv[1], "md5") == 0)
		excluded(argv[2], argv[3], TCP_MD5SIG);
	else if (strcmp(argv[1], "fastopen") == 0)
		excluded(argv[2], argv[3], TCP_FASTOPEN);
	else {
		before = established();
		s = connected(argv[2], argv[3]);
		check("multipath", established() == before + 1);
		if (strcmp(argv[1], "names") == 0)
			names(s, argc > 4 ? atoi(argv[4]) : 5);
		else if (strcmp(argv[1], "options") == 0)
			options(s);
		else if (strcmp(argv[1], "again") == 0)
			again(s);
		else {
			check("echo", echo(s, 'l'));
			check("SO_LINGER", setsockopt(s, SOL_SOCKET, SO_LINGER,
			    &linger, sizeof(linger)) == 0);
		}
		check("close", close(s) == 0);
	}
	printf("connection: %d failures\n", failures);
	return (failures != 0);
}
