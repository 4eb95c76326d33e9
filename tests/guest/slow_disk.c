/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sendfile(2) from a disk that answers late, or not at all (FreeBSD):
 *
 *	slow_disk DISK MOUNTPOINT FILE...
 *
 * DISK holds a UFS.  It is shown again as ggate(4) and mounted read-only; what
 * is read from it waits until the case at hand has done its work, and is then
 * answered, or fails with EIO.  Until then the bytes of sendfile(2) lie in the
 * send buffer as not ready.  Each case takes the next FILE, a path of that UFS
 * whose first 64 KiB nobody has read from the mount point yet, and a connection
 * of its own through loopback.
 *
 * The exit status is 0 where all was as it must be.  What failed is printed.
 */
#include <sys/param.h>
#include <sys/bio.h>
#include <sys/disk.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <sys/uio.h>
#include <netinet/in.h>

#include <geom/gate/g_gate.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define	BYTES	65536		/* of each file */
#define	PATIENCE 10000		/* ms for what must come */

/* The disk. */
static int disk, control, unit;
static char **files;
static const char *mount_point;
static pthread_mutex_t held_mtx = PTHREAD_MUTEX_INITIALIZER;
static bool holding;
static u_int nheld;
static struct g_gate_ctl_io held[1024];
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

static void
answer(struct g_gate_ctl_io *io, int error)
{

	io->gctl_error = error;
	io->gctl_data = NULL;
	if (error == 0 && io->gctl_cmd == BIO_READ) {
		if ((io->gctl_data = malloc(io->gctl_length)) == NULL ||
		    pread(disk, io->gctl_data, io->gctl_length,
		    io->gctl_offset) != io->gctl_length)
			err(1, "disk");
	}
	if (ioctl(control, G_GATE_CMD_DONE, io) != 0)
		err(1, "G_GATE_CMD_DONE");
	free(io->gctl_data);
}

static void *
serve_disk(void *arg)
{
	static char buf[MAXPHYS];
	struct g_gate_ctl_io io;

	(void)arg;
	for (;;) {
		memset(&io, 0, sizeof(io));
		io.gctl_version = G_GATE_VERSION;
		io.gctl_unit = unit;
		io.gctl_data = buf;
		io.gctl_length = sizeof(buf);
		if (ioctl(control, G_GATE_CMD_START, &io) != 0) {
			if (errno == ENXIO)
				return (NULL);
			err(1, "G_GATE_CMD_START");
		}
		if (io.gctl_error == ECANCELED)
			return (NULL);
		if (io.gctl_error != 0)
			errx(1, "a request of error %d", io.gctl_error);
		pthread_mutex_lock(&held_mtx);
		if (holding && nheld < nitems(held))
			held[nheld++] = io;
		else
			answer(&io, io.gctl_cmd == BIO_READ ? 0 : EOPNOTSUPP);
		pthread_mutex_unlock(&held_mtx);
	}
}

static void
hold(void)
{

	pthread_mutex_lock(&held_mtx);
	holding = true;
	pthread_mutex_unlock(&held_mtx);
}

static u_int
count_held(void)
{
	u_int n;

	pthread_mutex_lock(&held_mtx);
	n = nheld;
	pthread_mutex_unlock(&held_mtx);
	return (n);
}

/* Answers the first n requests that wait; the disk works again after the last. */
static void
let_go(u_int n, int error)
{
	u_int i;

	pthread_mutex_lock(&held_mtx);
	n = MIN(n, nheld);
	for (i = 0; i < n; i++)
		answer(&held[i], error);
	memmove(held, held + n, (nheld - n) * sizeof(held[0]));
	nheld -= n;
	if (nheld == 0)
		holding = false;
	pthread_mutex_unlock(&held_mtx);
}

static void
make_disk(const char *path)
{
	static struct g_gate_ctl_create create;
	off_t size;

	if ((disk = open(path, O_RDONLY)) < 0)
		err(1, "%s", path);
	if (ioctl(disk, DIOCGMEDIASIZE, &size) != 0)
		err(1, "size of %s", path);
	if ((control = open("/dev/" G_GATE_CTL_NAME, O_RDWR)) < 0)
		err(1, "no ggate(4) in this kernel");
	create.gctl_version = G_GATE_VERSION;
	create.gctl_mediasize = size;
	create.gctl_sectorsize = 512;
	create.gctl_flags = G_GATE_FLAG_READONLY;
	create.gctl_maxcount = 1024;
	create.gctl_unit = G_GATE_UNIT_AUTO;
	if (ioctl(control, G_GATE_CMD_CREATE, &create) != 0)
		err(1, "G_GATE_CMD_CREATE");
	unit = create.gctl_unit;
}

static void
mount_disk(void)
{
	char from[32];
	struct iovec iov[8];
	const char *words[] = { "fstype", "ufs", "fspath", mount_point, "from",
	    from, "ro", NULL };
	u_int i;

	snprintf(from, sizeof(from), "/dev/ggate%d", unit);
	for (i = 0; i < PATIENCE && access(from, R_OK) != 0; i++)
		usleep(1000);
	for (i = 0; i < nitems(iov); i++) {
		iov[i].iov_base = __DECONST(char *, words[i]);
		iov[i].iov_len = words[i] == NULL ? 0 : strlen(words[i]) + 1;
	}
	if (nmount(iov, nitems(iov), MNT_RDONLY) != 0)
		err(1, "mount of %s", from);
}

static void
remove_disk(pthread_t server)
{
	struct g_gate_ctl_destroy destroy;

	if (unmount(mount_point, 0) != 0)
		warn("unmount");
	memset(&destroy, 0, sizeof(destroy));
	destroy.gctl_version = G_GATE_VERSION;
	destroy.gctl_unit = unit;
	destroy.gctl_force = 1;
	if (ioctl(control, G_GATE_CMD_DESTROY, &destroy) != 0)
		warn("G_GATE_CMD_DESTROY");
	pthread_join(server, NULL);
}

/* The connection: c is the client's end, which sends; p is the peer's. */
struct conn {
	int	c, p;
	int	file;
	char	want[BYTES];
	pthread_t reader;
	size_t	got;			/* by the peer */
	int	error;			/* that it got at last, or 0 at the end */
	bool	equal, ended;
};

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

static bool
is_enabled(void)
{
	uint32_t on = 0;
	size_t len = sizeof(on);

	if (sysctlbyname("net.inet.tcp.mptcp.enable", &on, &len, NULL, 0) != 0)
		err(1, "sysctl");
	return (on != 0);
}

static int
next_file(struct conn *k)
{
	char path[PATH_MAX];
	struct stat st;
	int direct, fd;

	for (;; files++) {
		if (*files == NULL)
			errx(1, "too few files");
		/* A second name of what an earlier case has read will not do. */
		if (lstat(*files, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_nlink == 1 && st.st_size >= BYTES)
			break;
	}
	if ((direct = open(*files, O_RDONLY)) < 0 ||
	    read(direct, k->want, BYTES) != BYTES)
		err(1, "%s", *files);
	close(direct);
	snprintf(path, sizeof(path), "%s/%s", mount_point, *files);
	if ((fd = open(path, O_RDONLY)) < 0)
		err(1, "%s", path);
	files++;
	return (fd);
}

/* The peer, until the end of what it gets. */
static void *
read_all(void *arg)
{
	struct conn *k = arg;
	char buf[8192];
	ssize_t n;

	k->equal = true;
	while ((n = read(k->p, buf, sizeof(buf))) > 0) {
		if (k->got + n > BYTES ||
		    memcmp(buf, k->want + k->got, n) != 0)
			k->equal = false;
		k->got += n;
	}
	k->error = n < 0 ? errno : 0;
	k->ended = true;
	return (NULL);
}

static struct conn *
begin(const char *name)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	struct conn *k;
	uint64_t before = established();
	int l, size = 4 * BYTES;
	char c = 'x';

	printf("== %s\n", name);
	if ((k = calloc(1, sizeof(*k))) == NULL)
		err(1, "memory");
	memset(&sin, 0, sizeof(sin));
	sin.sin_len = sizeof(sin);
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((l = socket(AF_INET, SOCK_STREAM, 0)) < 0 ||
	    bind(l, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    getsockname(l, (struct sockaddr *)&sin, &len) != 0 ||
	    listen(l, 4) != 0)
		err(1, "listen");
	if ((k->c = socket(AF_INET, SOCK_STREAM, 0)) < 0 ||
	    setsockopt(k->c, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) != 0 ||
	    connect(k->c, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    (k->p = accept(l, NULL, NULL)) < 0)
		err(1, "connection");
	close(l);
	if (write(k->c, &c, 1) != 1 || read(k->p, &c, 1) != 1)
		err(1, "first byte");
	check("it is multipath, or plain with enable=0",
	    established() - before == (is_enabled() ? 2 : 0));
	k->file = next_file(k);
	if (pthread_create(&k->reader, NULL, read_all, k) != 0)
		errx(1, "thread");
	hold();
	return (k);
}

static void
send_file(int fd, struct conn *k)
{
	off_t sent = 0;
	u_int before = count_held();
	int i;

	check("sendfile(2) does not wait for the disk",
	    sendfile(fd, k->c, 0, BYTES, NULL, &sent, 0) == 0 && sent == BYTES);
	for (i = 0; i < PATIENCE && count_held() == before; i++)
		usleep(1000);
	check("and its bytes are not there yet", count_held() > before);
}

static bool
peer_ended(struct conn *k)
{
	int i;

	for (i = 0; i < PATIENCE && !k->ended; i++)
		usleep(1000);
	return (k->ended);
}

static void
end(struct conn *k)
{

	if (k->c >= 0)
		check("the descriptor is closed", close(k->c) == 0);
	if (!peer_ended(k)) {
		check("the peer has come to an end", false);
		shutdown(k->p, SHUT_RDWR);
	}
	pthread_join(k->reader, NULL);
	close(k->p);
	close(k->file);
	free(k);
	/* Nothing that the next case could trip over is on its way. */
	usleep(500000);
}

static void
peer_is_reset(struct conn *k)
{

	check("the peer is told of a reset", peer_ended(k) &&
	    k->error == ECONNRESET && k->got == 0);
}

static void
peer_has_all(struct conn *k)
{

	check("the peer gets all, and the end", peer_ended(k) &&
	    k->error == 0 && k->got == BYTES && k->equal);
}

static int
so_error(int s)
{
	socklen_t len = sizeof(int);
	int error = -1;

	(void)getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &len);
	return (error);
}

/* What the application sees of a sendfile(2) that failed after it returned. */
static void
failed_is_seen(struct conn *k)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	char c = 'x';
	int i, error;

	for (i = 0, error = 0; i < PATIENCE && error == 0; i++) {
		if (i > 0)
			usleep(1000);
		error = so_error(k->c);
	}
	errno = error;
	check("the error is EIO", error == EIO);
	peer_is_reset(k);
	sleep(1);
	error = so_error(k->c);
	errno = error;
	check("and no other comes after it", error == 0);
	check("write(2) gives EPIPE", write(k->c, &c, 1) == -1 &&
	    errno == EPIPE);
	check("read(2) gives the end", read(k->c, &c, 1) == 0);
	check("getsockname(2) works",
	    getsockname(k->c, (struct sockaddr *)&sin, &len) == 0 &&
	    sin.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
}

static void *
blocked_reader(void *arg)
{
	struct conn *k = arg;
	char c;

	return ((void *)(intptr_t)(read(k->c, &c, 1) == 0 ? 0 : errno));
}

static void
set_linger(int s)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };

	if (setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof(l)) != 0)
		err(1, "SO_LINGER");
}

static void
cases(void)
{
	struct conn *k;
	pthread_t reader;
	void *result;
	u_int first;
	int fd;
	struct conn other;

	k = begin("the disk answers");
	send_file(k->file, k);
	let_go(UINT_MAX, 0);
	shutdown(k->c, SHUT_WR);
	peer_has_all(k);
	end(k);

	k = begin("the disk fails");
	send_file(k->file, k);
	let_go(UINT_MAX, EIO);
	failed_is_seen(k);
	end(k);

	k = begin("the disk fails while a reader waits");
	pthread_create(&reader, NULL, blocked_reader, k);
	usleep(200000);
	send_file(k->file, k);
	let_go(UINT_MAX, EIO);
	pthread_join(reader, &result);
	errno = (int)(intptr_t)result;
	check("the reader gets EIO", errno == EIO);
	peer_is_reset(k);
	end(k);

	k = begin("the disk fails, and answers for a second file");
	fd = next_file(&other);
	send_file(k->file, k);
	first = count_held();
	send_file(fd, k);
	let_go(first, EIO);
	usleep(300000);
	let_go(UINT_MAX, 0);
	failed_is_seen(k);
	close(fd);
	end(k);

	k = begin("the disk answers, and fails for a second file");
	fd = next_file(&other);
	send_file(k->file, k);
	first = count_held();
	send_file(fd, k);
	pthread_mutex_lock(&held_mtx);
	for (u_int i = first; i < nheld; i++)
		answer(&held[i], EIO);
	nheld = first;
	pthread_mutex_unlock(&held_mtx);
	usleep(300000);
	let_go(UINT_MAX, 0);
	failed_is_seen(k);
	close(fd);
	end(k);

	k = begin("shutdown(2) before the disk answers");
	send_file(k->file, k);
	check("shutdown", shutdown(k->c, SHUT_WR) == 0);
	usleep(300000);
	check("the peer waits", !k->ended);
	let_go(UINT_MAX, 0);
	peer_has_all(k);
	end(k);

	k = begin("shutdown(2) before the disk fails");
	send_file(k->file, k);
	check("shutdown", shutdown(k->c, SHUT_WR) == 0);
	usleep(300000);
	let_go(UINT_MAX, EIO);
	peer_is_reset(k);
	check("the error is EIO", so_error(k->c) == EIO);
	end(k);

	k = begin("close(2) before the disk answers");
	send_file(k->file, k);
	check("close", close(k->c) == 0);
	k->c = -1;
	usleep(300000);
	check("the peer waits", !k->ended);
	let_go(UINT_MAX, 0);
	peer_has_all(k);
	end(k);

	k = begin("close(2) before the disk fails");
	send_file(k->file, k);
	check("close", close(k->c) == 0);
	k->c = -1;
	usleep(300000);
	let_go(UINT_MAX, EIO);
	peer_is_reset(k);
	end(k);

	k = begin("SO_LINGER 0 before the disk answers");
	set_linger(k->c);
	send_file(k->file, k);
	check("close", close(k->c) == 0);
	k->c = -1;
	peer_is_reset(k);
	let_go(UINT_MAX, 0);
	end(k);

	k = begin("SO_LINGER 0 before the disk fails");
	set_linger(k->c);
	send_file(k->file, k);
	check("close", close(k->c) == 0);
	k->c = -1;
	let_go(UINT_MAX, EIO);
	peer_is_reset(k);
	end(k);
}

/* The peer goes first: these have no reader there. */
static void
peer_resets(const char *name, int error, bool late)
{
	struct conn *k;
	int i, got;

	k = begin(name);
	send_file(k->file, k);
	pthread_cancel(k->reader);
	pthread_join(k->reader, NULL);
	set_linger(k->p);
	close(k->p);
	for (i = 0, got = 0; late && i < PATIENCE && got == 0; i++) {
		usleep(1000);
		got = so_error(k->c);
	}
	errno = got;
	if (late)
		check("the error is ECONNRESET", got == ECONNRESET);
	let_go(UINT_MAX, error);
	usleep(500000);
	got = so_error(k->c);
	errno = got;
	if (late)
		check("then EIO, or none", got == error);
	else
		check("an error is seen", got != 0);
	check("close", close(k->c) == 0);
	close(k->file);
	free(k);
	usleep(500000);
}

/*
 * The connection is over, and the disk answers before the socket is told: the
 * task that tells it is made to wait in between (fail(9)), 2 s for each end of
 * the connection.  In one of these waits an answer comes.
 */
static void
told_late(void)
{
	const char *point = "debug.fail_point.mptcp_tell_over";
	struct sockaddr_storage addrs[2];
	struct conn *k, other;
	socklen_t len;
	u_int first;
	int i, fd;

	if (!is_enabled())
		return;
	k = begin("the disk answers when the connection has just ended");
	fd = next_file(&other);
	send_file(k->file, k);
	first = count_held();
	send_file(fd, k);
	if (sysctlbyname(point, NULL, NULL, "sleep(2000)", 11) != 0)
		err(1, "%s", point);
	memset(addrs, 0, sizeof(addrs));
	len = sizeof(addrs[0]);
	getpeername(k->c, (struct sockaddr *)&addrs[0], &len);
	len = sizeof(addrs[1]);
	getsockname(k->c, (struct sockaddr *)&addrs[1], &len);
	check("tcpdrop", sysctlbyname("net.inet.tcp.drop", NULL, NULL, addrs,
	    sizeof(addrs)) == 0);
	/* It ends a second (close_timeout) after its last path. */
	usleep(2000000);
	let_go(first, 0);
	usleep(2000000);
	let_go(UINT_MAX, 0);
	for (i = 0; i < PATIENCE && so_error(k->c) == 0; i++)
		usleep(1000);
	check("an error is seen", i < PATIENCE);
	sysctlbyname(point, NULL, NULL, "off", 3);
	close(fd);
	end(k);
}

int
main(int argc, char **argv)
{
	pthread_t server;

	if (argc < 4)
		return (64);
	signal(SIGPIPE, SIG_IGN);
	mount_point = argv[2];
	files = argv + 3;
	make_disk(argv[1]);
	if (pthread_create(&server, NULL, serve_disk, NULL) != 0)
		errx(1, "thread");
	mount_disk();
	cases();
	peer_resets("the peer resets before the disk answers", 0, true);
	peer_resets("the peer resets before the disk fails", EIO, true);
	peer_resets("the peer resets while the disk fails", EIO, false);
	told_late();
	remove_disk(server);
	printf("slow_disk: %d failures\n", failures);
	return (failures != 0);
}
