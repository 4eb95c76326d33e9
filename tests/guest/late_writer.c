/*
 * late_writer PORT LINES: accepts one connection, prints what arrives until its
 * end, and only then writes so many lines, with 3 seconds before each.
 */
#include <sys/types.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct sockaddr_in sin;
	char buf[4096];
	ssize_t n;
	int i, l, len, s, one = 1;

	if (argc != 3)
		return (64);
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons(atoi(argv[1]));
	if ((l = socket(AF_INET, SOCK_STREAM, 0)) < 0 ||
	    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(l, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    listen(l, 1) != 0)
		err(1, "listen");
	if ((s = accept(l, NULL, NULL)) < 0)
		err(1, "accept");
	while ((n = read(s, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, n, stdout);
	if (n < 0)
		err(1, "read");
	fflush(stdout);
	for (i = 1; i <= atoi(argv[2]); i++) {
		sleep(3);
		len = snprintf(buf, sizeof(buf), "line %d\n", i);
		if (write(s, buf, len) != len)
			err(1, "write");
	}
	sleep(1);
	if (close(s) != 0)
		err(1, "close");
	return (0);
}
