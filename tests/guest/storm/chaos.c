/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/*
 * Random calls on descriptors of one table, which all threads share without a
 * lock: one closes what another reads.  Nothing that is carried here is checked.
 */
#include <sys/event.h>
#include <sys/ioctl.h>
#include <sys/filio.h>
#include <sys/select.h>
#include <sys/sockio.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "storm.h"

#define LARGEST	65536

static _Atomic int slots[SLOTS];
static int queue;		/* of all threads */
static int file;		/* is truncated while it is sent */
static unsigned char bytes[LARGEST];
static _Atomic uint64_t connects, accepts, moved;

void
chaos_init(void)
{
	char name[256];

	for (int i = 0; i < SLOTS; i++)
		slots[i] = -1;
	snprintf(name, sizeof(name), "%s/chaos.%d", storm.directory, storm.host);
	file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	queue = kqueue();
}

/* Of any slot, perhaps closed by now. */
int
chaos_fd(struct thread *t)
{
	for (int i = 0; i < 4; i++) {
		int fd = slots[below(t, SLOTS)];

		if (fd >= 0)
			return (fd);
	}
	return (-1);
}

int
chaos_take(struct thread *t)
{
	return (atomic_exchange(&slots[below(t, SLOTS)], -1));
}

/* In place of another, which is closed. */
void
chaos_keep(struct thread *t, int fd)
{
	int old = atomic_exchange(&slots[below(t, SLOTS)], fd);

	if (old >= 0) {
		doing(t, "close");
		close(old);
		done(t);
	}
}

static int
any_port(struct thread *t)
{
	return (one_in(t, 30) ? 9 : CHAOS_PORT + below(t, CHAOS_PORTS));
}

static socklen_t
any_address(struct thread *t, union address *a, bool own)
{
	int family = one_in(t, 3) ? AF_INET6 : AF_INET;
	int port = own && one_in(t, 3) ? 0 : any_port(t);
	socklen_t n;

	if (one_in(t, 8))
		return (loopback(a, family, port));
	n = address_of(a, family, below(t, PATHS), own || one_in(t, 6) ? storm.host : 3 - storm.host, port);
	if (own && one_in(t, 3)) {
		if (family == AF_INET6)
			((struct sockaddr_in6 *)&a->storage)->sin6_addr = in6addr_any;
		else
			((struct sockaddr_in *)&a->storage)->sin_addr.s_addr = INADDR_ANY;
	}
	if (one_in(t, 200))
		a->sa.sa_family = below(t, 40);
	return (n);
}

static int
new_socket(struct thread *t)
{
	doing(t, "socket");
	int fd = socket(one_in(t, 3) ? AF_INET6 : AF_INET,
	    SOCK_STREAM | (one_in(t, 8) ? 0 : SOCK_NONBLOCK), 0);
	done(t);
	return (fd);
}

static void
do_listen(struct thread *t)
{
	union address a;
	socklen_t n = any_address(t, &a, true);
	int s = new_socket(t), on = 1;

	if (s < 0)
		return;
	setsockopt(s, SOL_SOCKET, one_in(t, 3) ? SO_REUSEPORT_LB : one_in(t, 2) ? SO_REUSEPORT : SO_REUSEADDR, &on,
	    sizeof(on));
	while (one_in(t, 3))
		chaos_option_on(t, s);
	doing(t, "bind, listen");
	bind(s, &a.sa, n);
	listen(s, below(t, 20));
	done(t);
	chaos_keep(t, s);
}

static void
do_connect(struct thread *t)
{
	union address a, own;
	socklen_t n = any_address(t, &a, false), m;
	int s = one_in(t, 4) ? chaos_fd(t) : -1;
	bool fresh = s < 0;
	struct pollfd p = { .events = POLLOUT };

	if (fresh && (s = new_socket(t)) < 0)
		return;
	p.fd = s;
	while (one_in(t, 3))
		chaos_option_on(t, s);
	if (one_in(t, 4)) {
		m = any_address(t, &own, true);
		doing(t, "bind");
		bind(s, &own.sa, m);
	}
	doing(t, "connect");
	if (connect(s, &a.sa, n) == 0 || (errno == EINPROGRESS && one_in(t, 2) && poll(&p, 1, 200) == 1 &&
	    (p.revents & POLLHUP) == 0))
		connects++;
	done(t);
	if (fresh)
		chaos_keep(t, s);
}

static void
do_accept(struct thread *t)
{
	union address a;
	socklen_t n = sizeof(a);
	int s = -1;

	doing(t, "accept");
	/* Most of them listen to nothing. */
	for (int i = 0; i < 8 && s < 0; i++) {
		s = accept4(chaos_fd(t), &a.sa, &n, one_in(t, 8) ? 0 : SOCK_NONBLOCK);
		if (s < 0 && errno == EINTR)
			break;
	}
	done(t);
	if (s < 0)
		return;
	accepts++;
	chaos_keep(t, s);
}

static int
send_flags(struct thread *t)
{
	static const int flags[] = { 0, 0, MSG_DONTWAIT, MSG_DONTWAIT, MSG_OOB, MSG_EOF, MSG_EOR, MSG_DONTROUTE };

	return (flags[below(t, 8)]);
}

static void
do_send(struct thread *t)
{
	int s = chaos_fd(t);
	size_t n = rnd_size(t, LARGEST);
	struct iovec iov[2] = { { bytes, n / 2 }, { bytes + n / 2, n - n / 2 } };
	union address a;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t r;

	doing(t, "send");
	switch (below(t, 4)) {
	case 0: r = write(s, bytes, n); break;
	case 1: r = sendmsg(s, &msg, send_flags(t)); break;
	case 2:
		if (one_in(t, 4)) {
			socklen_t m = any_address(t, &a, false);

			r = sendto(s, bytes, n, send_flags(t), &a.sa, m);
			break;
		}
		/* FALLTHROUGH */
	default: r = send(s, bytes, n, send_flags(t)); break;
	}
	done(t);
	if (r > 0)
		moved += r;
}

static void
do_receive(struct thread *t)
{
	static const int flags[] = { 0, MSG_DONTWAIT, MSG_DONTWAIT, MSG_PEEK, MSG_WAITALL, MSG_OOB,
	    MSG_PEEK | MSG_DONTWAIT, MSG_TRUNC };
	static __thread unsigned char to[LARGEST];
	int s = chaos_fd(t);
	size_t n = rnd_size(t, LARGEST);
	struct iovec iov[2] = { { to, n / 2 }, { to + n / 2, n - n / 2 } };
	char control[256];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2, .msg_control = control,
	    .msg_controllen = sizeof(control) };
	ssize_t r;

	doing(t, "recv");
	switch (below(t, 4)) {
	case 0: r = read(s, to, n); break;
	case 1: r = recvmsg(s, &msg, flags[below(t, 8)]); break;
	default: r = recv(s, to, n, flags[below(t, 8)]); break;
	}
	done(t);
	if (r > 0)
		moved += r;
}

static void
do_sendfile(struct thread *t)
{
	struct iovec head = { bytes, rnd_size(t, 2000) }, tail = { bytes, rnd_size(t, 2000) };
	struct sf_hdtr ends = { &head, 1, &tail, 1 };
	off_t sent = 0;

	switch (below(t, 4)) {
	case 0:
		doing(t, "ftruncate");
		ftruncate(file, below(t, 400000));
		break;
	case 1:
		doing(t, "pwrite");
		pwrite(file, bytes, rnd_size(t, LARGEST), below(t, 300000));
		break;
	default:
		doing(t, "sendfile");
		sendfile(file, chaos_fd(t), below(t, 300000), one_in(t, 4) ? 0 : rnd_size(t, 200000),
		    one_in(t, 4) ? &ends : NULL, &sent, one_in(t, 4) ? SF_NOCACHE : one_in(t, 4) ? SF_NODISKIO : 0);
		break;
	}
	done(t);
}

static void
do_shutdown(struct thread *t)
{
	static const int how[] = { SHUT_RD, SHUT_WR, SHUT_WR, SHUT_RDWR };

	doing(t, "shutdown");
	shutdown(chaos_fd(t), how[below(t, 4)]);
	done(t);
}

static void
do_close(struct thread *t)
{
	struct linger linger = { 1, one_in(t, 3) ? 1 : 0 };
	int fd = chaos_take(t);

	if (fd < 0)
		return;
	doing(t, "close");
	if (one_in(t, 3))
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
	done(t);
}

static void
do_poll(struct thread *t)
{
	struct pollfd p[16];
	fd_set in, out, other;
	struct timeval moment = { 0, below(t, 20000) };
	unsigned n = 1 + below(t, 16);
	int highest = -1;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&other);
	for (unsigned i = 0; i < n; i++) {
		p[i] = (struct pollfd){ chaos_fd(t), rnd(t) & 0x7fff, 0 };
		if (p[i].fd < 0 || p[i].fd >= (int)FD_SETSIZE)
			continue;
		FD_SET(p[i].fd, &in);
		FD_SET(p[i].fd, &out);
		FD_SET(p[i].fd, &other);
		if (p[i].fd > highest)
			highest = p[i].fd;
	}
	doing(t, "poll, select");
	if (one_in(t, 3))
		select(highest + 1, &in, one_in(t, 2) ? &out : NULL, &other, &moment);
	else
		poll(p, n, below(t, 20));
	done(t);
}

static void
do_kqueue(struct thread *t)
{
	static const short filters[] = { EVFILT_READ, EVFILT_WRITE, EVFILT_EMPTY };
	static const short flags[] = { EV_ADD, EV_ADD, EV_ADD | EV_CLEAR, EV_ADD | EV_ONESHOT, EV_DELETE, EV_ENABLE,
	    EV_DISABLE, EV_ADD | EV_DISPATCH };
	struct timespec moment = { 0, below(t, 20000000) };
	struct kevent change, events[8];

	EV_SET(&change, chaos_fd(t), filters[below(t, 3)], flags[below(t, 8)], one_in(t, 4) ? NOTE_LOWAT : 0,
	    below(t, 4000), NULL);
	doing(t, "kevent");
	kevent(queue, &change, 1, events, 8, &moment);
	done(t);
}

static void
do_dup(struct thread *t)
{
	int fd = chaos_fd(t), other = chaos_fd(t);

	doing(t, "dup");
	/* Over another, which is closed by that, or beside it. */
	if (one_in(t, 3) && fd >= 0 && other > 2 && other != file && other != queue)
		dup2(fd, other);
	else if ((fd = dup(fd)) >= 0)
		chaos_keep(t, fd);
	done(t);
}

static void
do_control(struct thread *t)
{
	static const unsigned long requests[] = { FIONREAD, FIONWRITE, FIONSPACE, SIOCATMARK, FIOASYNC, FIONBIO };
	union address a;
	socklen_t n = sizeof(a);
	int fd = chaos_fd(t), v = below(t, 2);

	doing(t, "ioctl, fcntl, getsockname");
	switch (below(t, 6)) {
	case 0: getsockname(fd, &a.sa, &n); break;
	case 1: getpeername(fd, &a.sa, &n); break;
	case 2: fcntl(fd, F_SETFL, one_in(t, 8) ? 0 : O_NONBLOCK); break;
	case 3: fcntl(fd, F_SETOWN, getpid()); break;
	case 4: {
		struct sockaddr none = { .sa_len = sizeof(none), .sa_family = AF_UNSPEC };

		connect(fd, &none, sizeof(none));
		break;
	}
	default: ioctl(fd, requests[below(t, 6)], &v); break;
	}
	done(t);
}

static void
one_call(struct thread *t)
{
	unsigned n = below(t, 1000);

	if (n < 60)
		do_listen(t);
	else if (n < 160)
		do_connect(t);
	else if (n < 250)
		do_accept(t);
	else if (n < 400)
		do_send(t);
	else if (n < 550)
		do_receive(t);
	else if (n < 620)
		do_sendfile(t);
	else if (n < 650)
		do_shutdown(t);
	else if (n < 690)
		do_close(t);
	else if (n < 760)
		chaos_option(t);
	else if (n < 810)
		do_poll(t);
	else if (n < 860)
		do_kqueue(t);
	else if (n < 890)
		do_dup(t);
	else if (n < 930)
		do_control(t);
	else if (n < 960)
		chaos_aio(t);
	else if (n < 970)
		chaos_pass(t);
	else if (n < 978)
		chaos_fork(t);
	else if (n < 982)
		drop_one(t, false);
	else
		pause_ms(below(t, 30));
}

void *
chaos(void *arg)
{
	struct thread *t = arg;

	while (!over())
		one_call(t);
	chaos_aio_end(t);
	t->gone = true;
	return (NULL);
}

void
chaos_report(void)
{
	for (int i = 0; i < SLOTS; i++)
		if (slots[i] >= 0)
			close(slots[i]);
	printf("chaos: %ju connects, %ju accepts, %ju KB\n", (uintmax_t)connects, (uintmax_t)accepts,
	    (uintmax_t)moved / 1000);
}
