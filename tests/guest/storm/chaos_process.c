/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/*
 * What crosses processes and threads: children that use their parent's
 * sockets, perhaps in another jail, descriptors in messages, aio(4).
 */
#include <sys/param.h>
#include <sys/jail.h>
#include <sys/socket.h>
#include <aio.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "storm.h"

#define REQUESTS	4

static __thread struct aiocb requests[REQUESTS];
static __thread char room[REQUESTS][4096];

/* Ends by itself, whatever it waits for. */
static void
child(struct thread *t)
{
	char b[1000] = "child";

	signal(SIGALRM, SIG_DFL);
	alarm(2);
	if (storm.jail != 0 && one_in(t, 2))
		jail_attach(storm.jail);
	for (int n = below(t, 12); n > 0; n--) {
		int fd = chaos_fd(t);

		switch (below(t, 7)) {
		case 0: close(fd); break;
		case 1: fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK); break;
		case 2: write(fd, b, sizeof(b)); break;
		case 3: recv(fd, b, sizeof(b), MSG_DONTWAIT); break;
		case 4: shutdown(fd, below(t, 3)); break;
		case 5: {
			union address a;
			socklen_t m = address_of(&a, AF_INET, below(t, PATHS), 3 - storm.host,
			    CHAOS_PORT + below(t, CHAOS_PORTS));

			fd = socket(AF_INET, SOCK_STREAM, 0);
			connect(fd, &a.sa, m);
			write(fd, b, sizeof(b));
			break;
		}
		default: chaos_option(t); break;
		}
	}
	_exit(0);
}

void
chaos_fork(struct thread *t)
{
	struct thread own = *t;

	own.state = rnd(t);
	doing(t, "fork");
	if (fork() == 0)
		child(&own);
	done(t);
}

void
chaos_aio(struct thread *t)
{
	int i = below(t, REQUESTS);
	struct aiocb *a = &requests[i];
	const struct aiocb *one[1] = { a };
	struct timespec moment = { 0, 20000000 };

	doing(t, "aio");
	if (a->aio_buf != NULL) {
		if (one_in(t, 3))
			aio_cancel(a->aio_fildes, one_in(t, 2) ? a : NULL);
		else if (one_in(t, 3))
			aio_suspend(one, 1, &moment);
		if (aio_error(a) == EINPROGRESS) {
			done(t);
			return;
		}
		aio_return(a);
	}
	memset(a, 0, sizeof(*a));
	a->aio_fildes = chaos_fd(t);
	a->aio_buf = room[i];
	a->aio_nbytes = rnd_size(t, sizeof(room[i]));
	a->aio_sigevent.sigev_notify = SIGEV_NONE;
	if ((one_in(t, 2) ? aio_read(a) : aio_write(a)) != 0)
		a->aio_buf = NULL;
	done(t);
}

/*
 * A request whose descriptor is closed already cannot be cancelled; the
 * process's end does that.
 */
void
chaos_aio_end(struct thread *t)
{
	for (int i = 0; i < REQUESTS; i++) {
		struct aiocb *a = &requests[i];
		double until = now() + 1;

		doing(t, "the end of aio");
		while (a->aio_buf != NULL && aio_error(a) == EINPROGRESS && now() < until) {
			aio_cancel(a->aio_fildes, a);
			pause_ms(20);
		}
		if (a->aio_buf != NULL && aio_error(a) != EINPROGRESS)
			aio_return(a);
		done(t);
	}
}

/* A descriptor goes through a local socket and comes out as another, or is lost there. */
void
chaos_pass(struct thread *t)
{
	int pair[2], fd = chaos_fd(t), got;
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	union {
		struct cmsghdr	header;
		char		room[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
	    .msg_controllen = sizeof(control) };

	if (fd < 0 || socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) != 0)
		return;
	control.header = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	doing(t, "SCM_RIGHTS");
	if (sendmsg(pair[0], &msg, 0) == 1 && !one_in(t, 3) && recvmsg(pair[1], &msg, 0) == 1 &&
	    msg.msg_controllen >= CMSG_LEN(sizeof(int)) && control.header.cmsg_type == SCM_RIGHTS) {
		memcpy(&got, CMSG_DATA(&control.header), sizeof(got));
		chaos_keep(t, got);
	}
	close(pair[0]);
	close(pair[1]);
	done(t);
}
