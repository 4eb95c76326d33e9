/*
 * Socket options on a multipath connection: those of the stream, and those that are refused.
 *
 * serve PORT: answers each piece that it reads with one byte.  once PORT: the same for one connection, and listens no
 * longer than that.  stream HOST PORT, refused HOST PORT: exit status 1 where
 * something is not as it should be.
 */
#include <sys/param.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int fails;

static void
check(int right, const char *what, double seen)
{
	printf("%s %s (%.2f)\n", right ? "ok" : "FAIL", what, seen);
	fails += !right;
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec + ts.tv_nsec / 1e9);
}

static int
dial(const char *host, int port)
{
	struct sockaddr_in sin = { .sin_len = sizeof(sin), .sin_family = AF_INET, .sin_port = htons(port) };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (inet_pton(AF_INET, host, &sin.sin_addr) != 1)
		errx(2, "%s is no address", host);
	if (connect(s, (struct sockaddr *)&sin, sizeof(sin)) != 0)
		err(1, "connect");
	return (s);
}

static void
set(int s, int name, int value)
{
	if (setsockopt(s, IPPROTO_TCP, name, &value, sizeof(value)) != 0)
		err(1, "setsockopt %d", name);
}

/* Seconds until the server has answered, at most limit; limit where it did not. */
static double
answered(int s, double from, double limit)
{
	struct pollfd p = { .fd = s, .events = POLLIN };
	char c;

	if (poll(&p, 1, (int)((limit - (now() - from)) * 1000)) != 1 || read(s, &c, 1) != 1)
		return (limit);
	return (now() - from);
}

static void
serve(int port, int once)
{
	struct sockaddr_in sin = { .sin_len = sizeof(sin), .sin_family = AF_INET, .sin_port = htons(port) };
	int one = 1, l = socket(AF_INET, SOCK_STREAM, 0), s;
	char buf[65536];

	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(l, (struct sockaddr *)&sin, sizeof(sin)) != 0 || listen(l, 5) != 0)
		err(1, "listen");
	while ((s = accept(l, NULL, NULL)) >= 0)
		if (once || fork() == 0) {
			close(l);
			while (read(s, buf, sizeof(buf)) > 0)
				(void)write(s, "x", 1);
			exit(0);
		}
}

static void
stream(const char *host, int port)
{
	char piece[100];
	int nopush = 0, s = dial(host, port);
	socklen_t len = sizeof(nopush);
	double t;

	memset(piece, 'y', sizeof(piece));
	/* The first data confirms the connection. */
	t = now();
	write(s, piece, sizeof(piece));
	check(answered(s, t, 3) < 3, "data", now() - t);
	sleep(2);

	set(s, TCP_NOPUSH, 1);
	getsockopt(s, IPPROTO_TCP, TCP_NOPUSH, &nopush, &len);
	check(nopush != 0, "TCP_NOPUSH is set", nopush);
	t = now();
	write(s, piece, sizeof(piece));
	check(answered(s, t, 1.5) >= 1.5, "TCP_NOPUSH holds a tail back", now() - t);
	set(s, TCP_NOPUSH, 0);
	check(answered(s, t, 3) < 2.5, "and lets it go", now() - t);

	set(s, TCP_NOPUSH, 1);
	t = now();
	write(s, piece, sizeof(piece));
	check(answered(s, t, 15) < 10, "no tail waits for ever", now() - t);
	check(now() - t > 2, "but for some seconds", now() - t);

	t = now();
	write(s, piece, sizeof(piece));
	shutdown(s, SHUT_WR);
	check(answered(s, t, 3) < 1.5, "shutdown(2) lets a tail go", now() - t);
	close(s);
}

static void
refused(const char *host, int port)
{
	static const struct {
		int level, name;
		const char *what;
	} options[] = {
		{ IPPROTO_TCP, TCP_MD5SIG, "TCP_MD5SIG" },
		{ IPPROTO_TCP, TCP_NOOPT, "TCP_NOOPT" },
		{ IPPROTO_TCP, TCP_FUNCTION_BLK, "TCP_FUNCTION_BLK" },
		{ IPPROTO_TCP, TCP_REMOTE_UDP_ENCAPS_PORT, "TCP_REMOTE_UDP_ENCAPS_PORT" },
		{ IPPROTO_IP, IP_OPTIONS, "IP_OPTIONS" },
		{ IPPROTO_IP, IP_IPSEC_POLICY, "IP_IPSEC_POLICY" },
	};
	struct { int a, b; char name[64]; } value = { 1, 1, "freebsd" };
	int s = dial(host, port);
	size_t i;
	double t;

	t = now();
	write(s, "z", 1);
	answered(s, t, 3);
	for (i = 0; i < nitems(options); i++) {
		errno = 0;
		check(setsockopt(s, options[i].level, options[i].name, &value, options[i].level == IPPROTO_TCP &&
		    options[i].name != TCP_FUNCTION_BLK ? sizeof(int) : sizeof(value)) != 0 && errno == EOPNOTSUPP,
		    options[i].what, errno);
	}
	t = now();
	write(s, "z", 1);
	check(answered(s, t, 3) < 3, "it goes on", now() - t);
	close(s);
}

/* A connection with IP options, which MPTCP's further subflows would not carry. */
static void
plain(const char *host, int port)
{
	struct sockaddr_in sin = { .sin_len = sizeof(sin), .sin_family = AF_INET, .sin_port = htons(port) };
	const unsigned char nop[4] = { 1, 1, 1, 0 };
	int s = socket(AF_INET, SOCK_STREAM, 0);
	double t;

	if (setsockopt(s, IPPROTO_IP, IP_OPTIONS, nop, sizeof(nop)) != 0)
		err(1, "IP_OPTIONS");
	inet_pton(AF_INET, host, &sin.sin_addr);
	if (connect(s, (struct sockaddr *)&sin, sizeof(sin)) != 0)
		err(1, "connect");
	t = now();
	write(s, "z", 1);
	check(answered(s, t, 3) < 3, "data with IP options", now() - t);
	close(s);
}

int
main(int argc, char **argv)
{

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		serve(atoi(argv[2]), 0);
	else if (argc == 3 && strcmp(argv[1], "once") == 0)
		serve(atoi(argv[2]), 1);
	else if (argc == 4 && strcmp(argv[1], "stream") == 0)
		stream(argv[2], atoi(argv[3]));
	else if (argc == 4 && strcmp(argv[1], "refused") == 0)
		refused(argv[2], atoi(argv[3]));
	else if (argc == 4 && strcmp(argv[1], "plain") == 0)
		plain(argv[2], atoi(argv[3]));
	else
		errx(2, "options serve|once PORT | stream|refused|plain HOST PORT");
	return (fails != 0);
}
