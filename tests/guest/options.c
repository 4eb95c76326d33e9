/*
 * Socket options on a multipath connection: those of the stream, those that are refused, and those that a later
 * subflow takes over.
 *
 * serve PORT: answers each piece that it reads with one byte.  once PORT: the same for one connection, and listens no
 * longer than that.  stream HOST PORT, refused HOST PORT: exit status 1 where
 * something is not as it should be.  carried HOST PORT FILE, carrying PORT FILE: the two ends of a connection whose
 * options are set while there is one subflow ("set" on stdout), and read when FILE is there and the first subflow is
 * gone, which the script sees to.
 */
#include <sys/param.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/cc/cc_newreno.h>
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
dial6(const char *host, int port)
{
	struct sockaddr_in6 sin6 = { .sin6_len = sizeof(sin6), .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int s = socket(AF_INET6, SOCK_STREAM, 0);

	if (inet_pton(AF_INET6, host, &sin6.sin6_addr) != 1)
		errx(2, "%s is no address", host);
	if (connect(s, (struct sockaddr *)&sin6, sizeof(sin6)) != 0)
		err(1, "connect");
	return (s);
}

static int
dial(const char *host, int port)
{
	struct sockaddr_in sin = { .sin_len = sizeof(sin), .sin_family = AF_INET, .sin_port = htons(port) };
	int s;

	if (strchr(host, ':') != NULL)
		return (dial6(host, port));
	s = socket(AF_INET, SOCK_STREAM, 0);
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
		{ IPPROTO_TCP, TCP_TXTLS_MODE, "TCP_TXTLS_MODE" },
		{ IPPROTO_IP, IP_IPSEC_POLICY, "IP_IPSEC_POLICY" },
		{ IPPROTO_IPV6, IPV6_PKTINFO, "IPV6_PKTINFO" },
		{ IPPROTO_IPV6, IPV6_NEXTHOP, "IPV6_NEXTHOP" },
		{ IPPROTO_IPV6, IPV6_HOPOPTS, "IPV6_HOPOPTS" },
		/* Programs of RFC 2292 have these numbers; headers show the names to the kernel only. */
		{ IPPROTO_IPV6, 19, "IPV6_2292PKTINFO" },
		{ IPPROTO_IPV6, 20, "IPV6_2292HOPLIMIT" },
		{ IPPROTO_IPV6, 21, "IPV6_2292NEXTHOP" },
		{ IPPROTO_IPV6, 22, "IPV6_2292HOPOPTS" },
		{ IPPROTO_IPV6, 23, "IPV6_2292DSTOPTS" },
		{ IPPROTO_IPV6, 24, "IPV6_2292RTHDR" },
		{ IPPROTO_IPV6, 25, "IPV6_2292PKTOPTIONS" },
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

/* What a later subflow takes over, as far as getsockopt(2) reads it from a subflow; TCP_CCALGOOPT is beside it. */
static const struct carried {
	int level, name, value;
	const char *what;
} carried_options[] = {
	{ IPPROTO_TCP, TCP_MAXSEG, 900, "TCP_MAXSEG" },
	{ IPPROTO_TCP, TCP_KEEPIDLE, 77, "TCP_KEEPIDLE" },
	{ IPPROTO_TCP, TCP_KEEPINTVL, 7, "TCP_KEEPINTVL" },
	{ IPPROTO_TCP, TCP_KEEPCNT, 3, "TCP_KEEPCNT" },
	{ IPPROTO_TCP, TCP_MAXUNACKTIME, 99, "TCP_MAXUNACKTIME" },
	{ IPPROTO_IPV6, IPV6_UNICAST_HOPS, 33, "IPV6_UNICAST_HOPS" },
	{ IPPROTO_IPV6, IPV6_TCLASS, 0x48, "IPV6_TCLASS" },
	{ IPPROTO_IPV6, IPV6_USE_MIN_MTU, 0, "IPV6_USE_MIN_MTU" },
};

/* Sets the options of a connection of IPv6 that has one subflow, and reads them again from another one. */
static void
carry(int s, const char *file)
{
	struct cc_newreno_opts beta = { .name = CC_NEWRENO_BETA, .val = 61 };
	socklen_t len;
	size_t i;
	int value;

	check(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "newreno", 7) == 0, "newreno", errno);
	check(setsockopt(s, IPPROTO_TCP, TCP_CCALGOOPT, &beta, sizeof(beta)) == 0, "TCP_CCALGOOPT is set", errno);
	for (i = 0; i < nitems(carried_options); i++) {
		const struct carried *o = &carried_options[i];

		if (setsockopt(s, o->level, o->name, &o->value, sizeof(o->value)) != 0)
			check(0, o->what, errno);
	}
	printf("set\n");
	while (access(file, F_OK) != 0)
		usleep(50000);
	for (i = 0; i < nitems(carried_options); i++) {
		const struct carried *o = &carried_options[i];

		value = -1;
		len = sizeof(value);
		/* TCP may have room for fewer bytes in a segment, but not for more. */
		check(getsockopt(s, o->level, o->name, &value, &len) == 0 && (o->name == TCP_MAXSEG &&
		    o->level == IPPROTO_TCP ? value > 0 && value <= o->value : value == o->value), o->what, value);
	}
	beta.val = 0;
	len = sizeof(beta);
	check(getsockopt(s, IPPROTO_TCP, TCP_CCALGOOPT, &beta, &len) == 0 && beta.val == 61, "TCP_CCALGOOPT", beta.val);
}

static void
carried(const char *host, int port, const char *file)
{
	int s = dial(host, port);
	double t;

	t = now();
	write(s, "z", 1);
	check(answered(s, t, 3) < 3, "data", now() - t);
	carry(s, file);
	t = now();
	write(s, "z", 1);
	check(answered(s, t, 5) < 5, "data on the later subflow", now() - t);
	close(s);
}

/* The same for the end that accepts. */
static void
carrying(int port, const char *file)
{
	struct sockaddr_in6 sin6 = { .sin6_len = sizeof(sin6), .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int l = socket(AF_INET6, SOCK_STREAM, 0), s;
	char c;

	if (bind(l, (struct sockaddr *)&sin6, sizeof(sin6)) != 0 || listen(l, 5) != 0 ||
	    (s = accept(l, NULL, NULL)) < 0)
		err(1, "accept");
	if (read(s, &c, 1) != 1 || write(s, "x", 1) != 1)
		err(1, "first byte");
	carry(s, file);
	check(read(s, &c, 1) == 1 && write(s, "x", 1) == 1, "data on the later subflow", errno);
	(void)read(s, &c, 1);
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
	else if (argc == 5 && strcmp(argv[1], "carried") == 0)
		carried(argv[2], atoi(argv[3]), argv[4]);
	else if (argc == 4 && strcmp(argv[1], "carrying") == 0)
		carrying(atoi(argv[2]), argv[3]);
	else
		errx(2, "options serve|once PORT | stream|refused|plain HOST PORT | carried HOST PORT FILE |"
		    " carrying PORT FILE");
	return (fails != 0);
}
