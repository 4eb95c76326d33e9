/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Mounts an NFSv3 file system over TCP whose root's file handle is known, so
 * that no mountd(8) is asked: nfs_mount ADDRESS PORT HANDLE DIRECTORY.
 */
#include <sys/param.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <netinet/in.h>

#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct iovec iov[32];
static unsigned n;

static void
option(const char *name, const void *value, size_t len)
{

	if (n + 2 > nitems(iov))
		errx(1, "too many options");
	iov[n].iov_base = strdup(name);
	iov[n++].iov_len = strlen(name) + 1;
	iov[n].iov_base = __DECONST(void *, value);
	iov[n++].iov_len = len;
}

static void
word(const char *name, const char *value)
{

	option(name, value, value == NULL ? 0 : strlen(value) + 1);
}

int
main(int argc, char **argv)
{
	static char why[256];
	struct sockaddr_in sin = { .sin_len = sizeof(sin), .sin_family = AF_INET };

	if (argc != 5)
		errx(64, "usage: nfs_mount ADDRESS PORT HANDLE DIRECTORY");
	if (inet_pton(AF_INET, argv[1], &sin.sin_addr) != 1)
		errx(64, "%s: no IPv4 address", argv[1]);
	sin.sin_port = htons(atoi(argv[2]));
	word("fstype", "nfs");
	word("fspath", argv[4]);
	word("nfsv3", NULL);
	word("tcp", NULL);
	word("nolockd", NULL);
	word("hostname", argv[1]);
	word("rsize", "65536");
	word("readahead", "8");
	option("fh", argv[3], strlen(argv[3]));
	option("addr", &sin, sizeof(sin));
	option("errmsg", why, sizeof(why));
	if (nmount(iov, n, MNT_RDONLY) != 0)
		err(1, "nmount: %s", why);
	return (0);
}
