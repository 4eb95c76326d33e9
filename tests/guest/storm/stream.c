/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/*
 * Verified streams.  A client says in a header how many bytes of which pattern
 * go either way, and both ends then send and receive at once, by a call chosen
 * anew each time.  A stream may end with an error, for its paths are cut and
 * its subflows dropped; it may not end early without one, nor carry a wrong
 * byte.  Whoever gives up closes with a RST, so that the other does not see an
 * end.
 */
#include <sys/event.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storm.h"

#define MAGIC		0x73746f726d303031ULL
#define LARGEST		(4 << 20)
#define BUFFER		65536
/* No byte either way for so long is a fault: no path is cut for longer. */
#define STALL		300
/* How long a server waits for clients that began before the end. */
#define LATE		15

struct header {
	uint64_t	magic, seed, up, down;
};

struct stream {
	struct thread	*t;
	int		 s;
	bool		 client;
	uint64_t	 send_seed, recv_seed;
	uint64_t	 to_send, sent, to_recv, received;
	bool		 shut, eof;
	double		 moved;
	unsigned char	 buffer[BUFFER];
};

static int listener;
static _Atomic uint64_t opened, completed, bytes, refused, errors[128];

void
stream_init(void)
{
	struct sockaddr_in6 any = { .sin6_len = sizeof(any), .sin6_family = AF_INET6,
	    .sin6_port = htons(STREAM_PORT) };
	int on = 1, off = 0;

	listener = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (listener < 0 || bind(listener, (void *)&any, sizeof(any)) != 0 || listen(listener, 64) != 0)
		err(1, "port %d", STREAM_PORT);
}

/* For whoever looks for the cause of a fault. */
static void
name(const struct stream *st)
{
	union address own = { 0 }, other = { 0 };
	socklen_t n = sizeof(own);
	char a[INET6_ADDRSTRLEN] = "", b[INET6_ADDRSTRLEN] = "";
	int own_port, other_port;

	getsockname(st->s, &own.sa, &n);
	n = sizeof(other);
	getpeername(st->s, &other.sa, &n);
	own_port = text_of(&own, a);
	other_port = text_of(&other, b);
	printf("  %s %s.%d, peer %s.%d, %ju of %ju sent, %ju of %ju received, seed %ju\n",
	    st->client ? "client" : "server", a, own_port, b, other_port, (uintmax_t)st->sent, (uintmax_t)st->to_send,
	    (uintmax_t)st->received, (uintmax_t)st->to_recv, (uintmax_t)st->recv_seed);
}

static bool
failed(struct stream *st, const char *call)
{
	if (errno == EAGAIN || errno == EINTR || errno == EINPROGRESS)
		return (false);
	switch (errno) {
	case EBADF: case ENOTSOCK: case EFAULT: case EINVAL: case EMSGSIZE: case EOPNOTSUPP: case EISCONN:
		wrong("%s of a stream", call);
		name(st);
	}
	errors[errno < 128 ? errno : 0]++;
	return (true);
}

/* Returns false when the stream is over by an error. */
static bool
send_some(struct stream *st)
{
	struct thread *t = st->t;
	size_t n = rnd_size(t, BUFFER);
	const unsigned char *p;
	struct iovec iov[3];
	struct msghdr msg = { .msg_iov = iov };
	off_t by_file = 0;
	ssize_t r = -1;
	int on = 1, off = 0;
	bool hold = one_in(t, 40);

	if (n > st->to_send - st->sent)
		n = st->to_send - st->sent;
	p = pattern_at(st->send_seed, st->sent, &n);
	if (hold)
		setsockopt(st->s, IPPROTO_TCP, TCP_NOPUSH, &on, sizeof(on));
	switch (below(t, 6)) {
	case 0:
		doing(t, "write");
		r = write(st->s, p, n);
		break;
	case 1:
	case 2:
		iov[0] = (struct iovec){ (void *)(uintptr_t)p, n / 3 };
		iov[1] = (struct iovec){ (void *)(uintptr_t)(p + n / 3), n / 3 };
		iov[2] = (struct iovec){ (void *)(uintptr_t)(p + n / 3 * 2), n - n / 3 * 2 };
		msg.msg_iovlen = 3;
		doing(t, "writev, sendmsg");
		r = one_in(t, 2) ? writev(st->s, iov, 3) :
		    sendmsg(st->s, &msg, one_in(t, 2) ? MSG_DONTWAIT : 0);
		break;
	case 3:
		doing(t, "send");
		r = send(st->s, p, n, MSG_DONTWAIT);
		break;
	default:
		doing(t, "sendfile");
		if (sendfile(pattern_file(), st->s, (st->send_seed % PERIOD + st->sent) % PERIOD, n, NULL, &by_file,
		    one_in(t, 4) ? SF_NOCACHE : 0) == 0 || by_file > 0)
			r = by_file;
		break;
	}
	if (hold) {
		int error = errno;

		setsockopt(st->s, IPPROTO_TCP, TCP_NOPUSH, &off, sizeof(off));
		errno = error;
	}
	done(t);
	if (r < 0)
		return (!failed(st, "send"));
	if (r > 0)
		st->moved = now();
	st->sent += r;
	bytes += r;
	return (true);
}

static bool
receive_some(struct stream *st)
{
	struct thread *t = st->t;
	size_t n = rnd_size(t, BUFFER), first;
	struct iovec iov[2];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t r;

	switch (below(t, 6)) {
	case 0:
		doing(t, "MSG_PEEK");
		r = recv(st->s, st->buffer, n, MSG_PEEK | MSG_DONTWAIT);
		if (r > 0 && !pattern_is(st->recv_seed, st->received, st->buffer, r)) {
			wrong("peeked");
			return (false);
		}
		/* FALLTHROUGH */
	case 1:
		doing(t, "recv");
		r = recv(st->s, st->buffer, n, MSG_DONTWAIT);
		break;
	case 2:
		first = n / 3;
		iov[0] = (struct iovec){ st->buffer, first };
		iov[1] = (struct iovec){ st->buffer + first, n - first };
		doing(t, "readv, recvmsg");
		r = one_in(t, 2) ? readv(st->s, iov, 2) : recvmsg(st->s, &msg, 0);
		break;
	case 3:
		doing(t, "MSG_WAITALL");
		r = recv(st->s, st->buffer, n, MSG_WAITALL);
		break;
	default:
		doing(t, "read");
		r = read(st->s, st->buffer, n);
		break;
	}
	done(t);
	if (r < 0)
		return (!failed(st, "recv"));
	st->moved = now();
	if (r == 0) {
		st->eof = true;
		if (st->received != st->to_recv) {
			wrong("ends early");
			name(st);
			return (false);
		}
		return (true);
	}
	if (st->received + r > st->to_recv) {
		wrong("more bytes than were sent");
		name(st);
		return (false);
	}
	if (!pattern_is(st->recv_seed, st->received, st->buffer, r)) {
		name(st);
		return (false);
	}
	st->received += r;
	bytes += r;
	return (true);
}

/* Options that change what happens, but not what arrives. */
static void
set_something(struct stream *st)
{
	static const char *algorithms[] = { "newreno", "lia", "nothing" };
	struct thread *t = st->t;
	struct tcp_info info;
	socklen_t n = sizeof(info);
	const char *name;
	int v = below(t, 2);

	doing(t, "setsockopt");
	switch (below(t, 9)) {
	case 0: setsockopt(st->s, IPPROTO_TCP, TCP_NODELAY, &v, sizeof(v)); break;
	case 1: v = 8000 + below(t, 400000); setsockopt(st->s, SOL_SOCKET, SO_SNDBUF, &v, sizeof(v)); break;
	case 2: v = 8000 + below(t, 400000); setsockopt(st->s, SOL_SOCKET, SO_RCVBUF, &v, sizeof(v)); break;
	case 3: v = 1 + below(t, 3000); setsockopt(st->s, SOL_SOCKET, SO_RCVLOWAT, &v, sizeof(v)); break;
	case 4: v = 1 + below(t, 3000); setsockopt(st->s, SOL_SOCKET, SO_SNDLOWAT, &v, sizeof(v)); break;
	case 5: v = below(t, 256) & ~3; setsockopt(st->s, IPPROTO_IP, IP_TOS, &v, sizeof(v)); break;
	case 6:
		name = algorithms[below(t, 3)];
		setsockopt(st->s, IPPROTO_TCP, TCP_CONGESTION, name, strlen(name));
		break;
	case 7: v = 300 + below(t, 1300); setsockopt(st->s, IPPROTO_TCP, TCP_MAXSEG, &v, sizeof(v)); break;
	default: getsockopt(st->s, IPPROTO_TCP, TCP_INFO, &info, &n); break;
	}
	done(t);
}

/* Until something can be done, or a moment has passed. */
static void
wait_for(struct stream *st, bool sending)
{
	struct thread *t = st->t;
	struct pollfd p = { st->s, (st->eof ? 0 : POLLIN) | (sending ? POLLOUT : 0), 0 };
	struct timespec moment = { 0, 200000000 };
	struct kevent ev[2];
	int kq;

	if (!one_in(t, 8) || (kq = kqueue()) < 0) {
		doing(t, "poll");
		poll(&p, 1, 200);
	} else {
		doing(t, "kevent");
		EV_SET(&ev[0], st->s, EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0, NULL);
		EV_SET(&ev[1], st->s, EVFILT_WRITE, EV_ADD | EV_ONESHOT, 0, 0, NULL);
		kevent(kq, ev, sending ? 2 : 1, ev, 1, &moment);
		close(kq);
	}
	done(t);
}

/* Returns true if everything arrived, and then its end. */
static bool
carry(struct stream *st)
{
	struct thread *t = st->t;
	int on = 1, idle = 10, every = 5, probes = 8;
	struct timeval moment = { 0, 300000 };
	int flags = fcntl(st->s, F_GETFL);

	/* What is lost with the other end is noticed. */
	setsockopt(st->s, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(st->s, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(st->s, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
	setsockopt(st->s, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	setsockopt(st->s, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment));
	setsockopt(st->s, SOL_SOCKET, SO_SNDTIMEO, &moment, sizeof(moment));
	/* A blocking call ends after its time. */
	fcntl(st->s, F_SETFL, one_in(t, 2) ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
	st->moved = now();
	while (!st->eof || !st->shut) {
		bool sending = st->sent < st->to_send;

		if (!over() && one_in(t, 50))
			set_something(st);
		if (one_in(t, 200))
			pause_ms(below(t, 300));
		wait_for(st, sending);
		if (sending && !one_in(t, 3) && !send_some(st))
			return (false);
		if (st->sent == st->to_send && !st->shut) {
			doing(t, "shutdown");
			if (shutdown(st->s, SHUT_WR) != 0 && errno != ENOTCONN && errno != ECONNRESET)
				wrong("shutdown");
			done(t);
			st->shut = true;
		}
		if (!st->eof && !one_in(t, 3) && !receive_some(st))
			return (false);
		if (now() - st->moved > STALL) {
			wrong("no byte for %d s", STALL);
			name(st);
			return (false);
		}
	}
	return (true);
}

static void
finish(struct stream *st, bool whole)
{
	struct linger at_once = { 1, 0 };

	if (!whole)
		setsockopt(st->s, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	doing(st->t, "close");
	close(st->s);
	done(st->t);
	if (whole)
		completed++;
}

/* Returns false if it does not come to a header. */
static bool
read_header(struct stream *st, struct header *h)
{
	size_t n = 0;
	double until = now() + 60;

	while (n < sizeof(*h)) {
		struct pollfd p = { st->s, POLLIN, 0 };
		ssize_t r;

		poll(&p, 1, 200);
		r = recv(st->s, (char *)h + n, sizeof(*h) - n, MSG_DONTWAIT);
		if (r == 0)
			wrong("ends after %zu bytes of the header", n);
		if (r == 0 || (r < 0 && failed(st, "header")) || now() > until)
			return (false);
		if (r > 0)
			n += r;
	}
	if (h->magic != MAGIC || h->up > LARGEST || h->down > LARGEST) {
		wrong("header %jx %jx %jx %jx", (uintmax_t)h->magic, (uintmax_t)h->seed, (uintmax_t)h->up,
		    (uintmax_t)h->down);
		return (false);
	}
	return (true);
}

void *
stream_server(void *arg)
{
	static __thread struct stream st;
	struct thread *t = arg;
	struct header h;

	while (now() < storm.end + LATE) {
		struct pollfd p = { listener, POLLIN, 0 };
		int s;

		poll(&p, 1, 300);
		s = accept(listener, NULL, NULL);
		if (s < 0)
			continue;
		st = (struct stream){ .t = t, .s = s };
		if (!read_header(&st, &h)) {
			finish(&st, false);
			continue;
		}
		st.send_seed = h.seed + 1;
		st.recv_seed = h.seed;
		st.to_send = h.down;
		st.to_recv = h.up;
		finish(&st, carry(&st));
	}
	t->gone = true;
	return (NULL);
}

static int
connected(struct thread *t)
{
	union address to, from;
	int family = one_in(t, 3) ? AF_INET6 : AF_INET, path = below(t, PATHS), error = 0;
	socklen_t n = address_of(&to, family, path, 3 - storm.host, STREAM_PORT), len = sizeof(error);
	int s = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct pollfd p = { s, POLLOUT, 0 };

	if (s < 0)
		return (-1);
	if (one_in(t, 3)) {
		socklen_t m = address_of(&from, family, path, storm.host, 0);

		bind(s, &from.sa, m);
	}
	doing(t, "connect");
	if (connect(s, &to.sa, n) != 0 && errno != EINPROGRESS)
		error = errno;
	else if (poll(&p, 1, 90000) <= 0)
		error = ETIMEDOUT;
	else
		getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &len);
	done(t);
	if (error == 0)
		return (s);
	close(s);
	refused++;
	errors[error < 128 ? error : 0]++;
	return (-1);
}

static uint64_t
length(struct thread *t)
{
	switch (below(t, 4)) {
	case 0: return (0);
	case 1: return (below(t, 10000));
	case 2: return (below(t, LARGEST / 8));
	default: return (below(t, LARGEST));
	}
}

void *
stream_client(void *arg)
{
	static __thread struct stream st;
	struct thread *t = arg;

	pause_ms(1000);
	while (!over()) {
		struct header h = { MAGIC, rnd(t), length(t), length(t) };
		int s = connected(t);

		if (s < 0) {
			pause_ms(below(t, 2000));
			continue;
		}
		opened++;
		st = (struct stream){ .t = t, .s = s, .client = true, .send_seed = h.seed, .recv_seed = h.seed + 1,
		    .to_send = h.up, .to_recv = h.down };
		if (write(s, &h, sizeof(h)) != sizeof(h)) {
			failed(&st, "header");
			finish(&st, false);
			continue;
		}
		finish(&st, carry(&st));
		if (one_in(t, 4))
			pause_ms(below(t, 1000));
	}
	t->gone = true;
	return (NULL);
}

/* The line is read by storm.sh. */
void
stream_report(void)
{
	printf("streams: %ju opened, %ju ends complete, %ju KB, %ju not connected\n", (uintmax_t)opened,
	    (uintmax_t)completed, (uintmax_t)bytes / 1000, (uintmax_t)refused);
	for (int e = 0; e < 128; e++)
		if (errors[e] != 0)
			printf("  %ju: %s\n", (uintmax_t)errors[e], strerror(e));
}
