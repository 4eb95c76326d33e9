/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * buffers shut_rd PORT: a connection over lo0 whose receiver has called
 * shutdown(SHUT_RD); status 0 if the sender got rid of 4 MiB all the same.
 *
 * buffers two PORT: two connections at once, 1 MiB over each.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define	SEND	(4 << 20)

static struct sockaddr_in addr;

static int
listening(void)
{
	int on = 1, s;

	if ((s = socket(AF_INET, SOCK_STREAM, 0)) == -1)
		err(2, "socket");
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(s, (struct sockaddr *)&addr, sizeof(addr)) == -1 ||
	    listen(s, 5) == -1)
		err(2, "bind, listen");
	return (s);
}

static int
dial(void)
{
	struct timeval limit = { .tv_sec = 15 };
	int s;

	if ((s = socket(AF_INET, SOCK_STREAM, 0)) == -1)
		err(2, "socket of a client");
	setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(s, (struct sockaddr *)&addr, sizeof(addr)) == -1)
		err(2, "connect");
	return (s);
}

static size_t
push(int s, size_t len)
{
	static char block[32768];
	ssize_t n;
	size_t sent;

	for (sent = 0; sent < len; sent += n)
		if ((n = send(s, block, sizeof(block), 0)) == -1) {
			warn("send, after %zu bytes", sent);
			break;
		}
	return (sent);
}

static int
shut_rd(int l)
{
	pid_t child;
	size_t sent;
	char c;
	int s;

	if ((child = fork()) == 0) {
		if ((s = accept(l, NULL, NULL)) == -1)
			err(2, "accept");
		if (read(s, &c, 1) != 1 || shutdown(s, SHUT_RD) == -1)
			err(2, "shutdown");
		/* Its own direction stays open. */
		write(s, "x", 1);
		pause();
		_exit(0);
	}
	s = dial();
	write(s, "x", 1);
	read(s, &c, 1);
	sent = push(s, SEND);
	printf("%zu of %d bytes\n", sent, SEND);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return (sent < SEND);
}

static int
two(int l)
{
	char block[32768];
	pid_t child;
	size_t a, b;
	int i, s[2], t[2];

	s[0] = dial();
	t[0] = accept(l, NULL, NULL);
	write(s[0], "x", 1);
	sleep(1);
	s[1] = dial();
	t[1] = accept(l, NULL, NULL);
	if ((child = fork()) == 0) {
		for (i = 0; i < 2; i++)
			if (fork() == 0) {
				while (read(t[i], block, sizeof(block)) > 0)
					;
				_exit(0);
			}
		_exit(0);
	}
	waitpid(child, NULL, 0);
	a = push(s[0], 1 << 20);
	b = push(s[1], 1 << 20);
	printf("%zu and %zu bytes\n", a, b);
	return (a < 1 << 20 || b < 1 << 20);
}

int
main(int argc, char *argv[])
{

	if (argc != 3)
		errx(64, "usage: buffers shut_rd|two PORT");
	signal(SIGPIPE, SIG_IGN);
	addr.sin_family = AF_INET;
	addr.sin_len = sizeof(addr);
	addr.sin_port = htons(atoi(argv[2]));
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (strcmp(argv[1], "two") == 0)
		return (two(listening()));
	return (shut_rd(listening()));
}
