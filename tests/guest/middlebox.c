/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * A bridge of two Ethernet interfaces in userland, through bpf(4), that spoils
 * TCP segments on the way:
 *
 *	middlebox [-s SAD] [-d ab|ba] [-n BYTES] [-c BYTES] [-r] IFA IFB
 *
 *  -s	replaces MPTCP options by NOPs in: S SYNs, A SYN/ACKs, D all others
 *  -c	changes one byte of payload, behind BYTES of payload of that direction;
 *	a payload byte b becomes b ^ 0x20
 *  -d	does either in one direction only: from IFA to IFB, or back
 *  -n	strips D only behind BYTES of payload (both directions together)
 *  -r	keeps on changing, one byte in BYTES
 *
 * The interfaces need no address.  SIGTERM and SIGINT end it; it then prints
 * what it did.  No IPv4 options, no fragments and no IPv6 extension headers.
 */
#include <sys/types.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <net/bpf.h>
#include <net/if.h>
#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define	ETHER_LEN	14
#define	TCP_LEN		20
#define	OPT_MPTCP	30

struct port {
	int	fd;
	u_int	buflen;
	uint8_t	*buf;
};

/* From IFA to IFB is direction 0. */
static struct port ports[2];
static uint64_t passed[2], payload[2], stripped[2], changed[2], refused;
static uint64_t strip_from, change_at, change_step;
static bool strip_syn, strip_synack, strip_data, change, repeat;
static bool active[2] = { true, true };
static volatile sig_atomic_t ended;

static void
on_signal(int sig)
{

	(void)sig;
	ended = 1;
}

static void
open_port(struct port *p, const char *ifname)
{
	struct ifreq ifr;
	u_int on = 1, off = 0;

	if ((p->fd = open("/dev/bpf", O_RDWR | O_NONBLOCK)) < 0)
		err(1, "/dev/bpf");
	p->buflen = 512 * 1024;
	if (ioctl(p->fd, BIOCSBLEN, &p->buflen) < 0)
		err(1, "BIOCSBLEN");
	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, ifname, sizeof(ifr.ifr_name));
	if (ioctl(p->fd, BIOCSETIF, &ifr) < 0)
		err(1, "BIOCSETIF %s", ifname);
	if (ioctl(p->fd, BIOCIMMEDIATE, &on) < 0 ||
	    ioctl(p->fd, BIOCSSEESENT, &off) < 0 ||
	    ioctl(p->fd, BIOCSHDRCMPLT, &on) < 0 ||
	    ioctl(p->fd, BIOCPROMISC, NULL) < 0)
		err(1, "bpf on %s", ifname);
	if (ioctl(p->fd, BIOCGBLEN, &p->buflen) < 0)
		err(1, "BIOCGBLEN");
	if ((p->buf = malloc(p->buflen)) == NULL)
		err(1, NULL);
}

/* The one's complement sum of an odd or even number of bytes. */
static uint32_t
sum(const uint8_t *p, size_t n, uint32_t s)
{
	size_t i;

	for (i = 0; i + 1 < n; i += 2)
		s += (uint32_t)p[i] << 8 | p[i + 1];
	if (i < n)
		s += (uint32_t)p[i] << 8;
	return (s);
}

static void
set_checksum(uint8_t *tcp, size_t n, const uint8_t *addrs, size_t addrslen)
{
	uint32_t s;

	tcp[16] = tcp[17] = 0;
	s = sum(addrs, addrslen, 6 + (uint32_t)n);
	s = sum(tcp, n, s);
	while (s > 0xffff)
		s = (s >> 16) + (s & 0xffff);
	s = ~s & 0xffff;
	tcp[16] = s >> 8;
	tcp[17] = s & 0xff;
}

static bool
strip(uint8_t *opt, size_t n)
{
	size_t i, len;
	bool hit = false;

	for (i = 0; i < n && opt[i] != 0; i += len) {
		if (opt[i] == 1) {
			len = 1;
			continue;
		}
		if (i + 1 >= n || (len = opt[i + 1]) < 2 || i + len > n)
			break;
		if (opt[i] == OPT_MPTCP) {
			memset(opt + i, 1, len);
			hit = true;
		}
	}
	return (hit);
}

static void
segment(int dir, uint8_t *tcp, size_t n, const uint8_t *addrs, size_t addrslen)
{
	uint64_t at;
	size_t off, len;
	bool syn, ack, want, touched = false;

	if (n < TCP_LEN || (off = (size_t)(tcp[12] >> 4) * 4) < TCP_LEN ||
	    off > n)
		return;
	len = n - off;
	syn = (tcp[13] & 0x02) != 0;
	ack = (tcp[13] & 0x10) != 0;
	want = syn ? (ack ? strip_synack : strip_syn) :
	    (strip_data && payload[0] + payload[1] >= strip_from);
	if (active[dir] && want && strip(tcp + TCP_LEN, off - TCP_LEN)) {
		stripped[dir]++;
		touched = true;
	}
	at = payload[dir];
	payload[dir] += len;
	if (active[dir] && change && payload[dir] > change_at) {
		tcp[off + (change_at > at ? change_at - at : 0)] ^= 0x20;
		changed[dir]++;
		touched = true;
		if (repeat)
			change_at = payload[dir] + change_step;
		else
			change = false;
	}
	if (touched)
		set_checksum(tcp, n, addrs, addrslen);
}

static void
frame(int dir, uint8_t *f, size_t n)
{
	uint8_t *ip = f + ETHER_LEN;
	size_t len;

	if (n >= ETHER_LEN + 20 && f[12] == 0x08 && f[13] == 0x00 &&
	    ip[0] == 0x45 && ip[9] == IPPROTO_TCP) {
		len = (size_t)ip[2] << 8 | ip[3];
		if (len >= 20 && len <= n - ETHER_LEN)
			segment(dir, ip + 20, len - 20, ip + 12, 8);
	} else if (n >= ETHER_LEN + 40 && f[12] == 0x86 && f[13] == 0xdd &&
	    ip[6] == IPPROTO_TCP) {
		len = (size_t)ip[4] << 8 | ip[5];
		if (len <= n - ETHER_LEN - 40)
			segment(dir, ip + 40, len, ip + 8, 32);
	}
	if (write(ports[!dir].fd, f, n) < 0)
		refused++;
	else
		passed[dir]++;
}

static void
carry(int dir)
{
	struct port *p = &ports[dir];
	const struct bpf_hdr *h;
	ssize_t n;
	uint8_t *at;

	if ((n = read(p->fd, p->buf, p->buflen)) < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return;
		err(1, "read");
	}
	for (at = p->buf; at < p->buf + n;
	    at += BPF_WORDALIGN(h->bh_hdrlen + h->bh_caplen)) {
		h = (const struct bpf_hdr *)(void *)at;
		frame(dir, at + h->bh_hdrlen, h->bh_caplen);
	}
}

static uint64_t
number(const char *s)
{
	unsigned long long v;
	char *end;

	v = strtoull(s, &end, 10);
	if (*s == '\0' || *end != '\0')
		errx(64, "not a number: %s", s);
	return (v);
}

int
main(int argc, char **argv)
{
	struct pollfd pfd[2];
	int c, dir;

	while ((c = getopt(argc, argv, "s:d:n:c:r")) != -1) {
		switch (c) {
		case 's':
			strip_syn = strchr(optarg, 'S') != NULL;
			strip_synack = strchr(optarg, 'A') != NULL;
			strip_data = strchr(optarg, 'D') != NULL;
			break;
		case 'd':
			active[strcmp(optarg, "ab") == 0 ? 1 : 0] = false;
			break;
		case 'n':
			strip_from = number(optarg);
			break;
		case 'c':
			change_at = change_step = number(optarg);
			change = true;
			break;
		case 'r':
			repeat = true;
			break;
		default:
			return (64);
		}
	}
	if (argc - optind != 2)
		errx(64, "two interfaces");
	for (dir = 0; dir < 2; dir++) {
		open_port(&ports[dir], argv[optind + dir]);
		pfd[dir].fd = ports[dir].fd;
		pfd[dir].events = POLLIN;
	}
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	while (!ended) {
		if (poll(pfd, 2, 1000) < 0)
			continue;
		for (dir = 0; dir < 2; dir++)
			if (pfd[dir].revents != 0)
				carry(dir);
	}
	for (dir = 0; dir < 2; dir++)
		printf("middlebox %s: %ju passed, %ju stripped, %ju changed\n",
		    dir == 0 ? "ab" : "ba", (uintmax_t)passed[dir],
		    (uintmax_t)stripped[dir], (uintmax_t)changed[dir]);
	if (refused != 0)
		printf("middlebox: %ju not sent\n", (uintmax_t)refused);
	return (0);
}
