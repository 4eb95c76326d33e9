/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/*
 * Segments made from those that this host has just sent: sent again, with
 * other options, flags, numbers or payload, by bpf(4).  What is checked at its
 * end is only harmed in ways that TCP must bear from strangers on the path:
 * numbers far from the window, or an ACK of what was never sent.  Connections
 * of chaos's ports get everything.  Errors of ICMP come as well.
 */
#include <sys/types.h>
#include <sys/ioctl.h>
#include <net/bpf.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forge.h"
#include "storm.h"

#define KEPT	32
/*
 * The time to live of what is forged, by which it is known when bpf(4) shows it
 * as sent: harmless changes made twice may do harm.
 */
#define MARK	63

static int
open_bpf(int path, size_t *size)
{
	struct ifreq request = { 0 };
	unsigned on = 1, direction = BPF_D_OUT, length = 65536;
	int fd = open("/dev/bpf", O_RDWR | O_NONBLOCK);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "epair%d%c", path, storm.host == 1 ? 'a' : 'b');
	if (fd < 0 || ioctl(fd, BIOCSBLEN, &length) != 0 || ioctl(fd, BIOCSETIF, &request) != 0 ||
	    ioctl(fd, BIOCIMMEDIATE, &on) != 0 || ioctl(fd, BIOCSHDRCMPLT, &on) != 0 ||
	    ioctl(fd, BIOCSDIRECTION, &direction) != 0)
		err(1, "bpf on %s", request.ifr_name);
	*size = length;
	return (fd);
}

static bool
take_apart(struct frame *f, struct parts *p)
{
	const struct ether_header *ether = (void *)f->bytes;
	size_t header, total;

	p->ip = f->bytes + sizeof(*ether);
	if (f->length < sizeof(*ether) + sizeof(struct ip6_hdr))
		return (false);
	switch (ntohs(ether->ether_type)) {
	case ETHERTYPE_IP: {
		struct ip *ip = (void *)p->ip;

		p->ttl = &ip->ip_ttl;
		header = ip->ip_hl * 4;
		total = ntohs(ip->ip_len);
		p->six = false;
		if (ip->ip_p != IPPROTO_TCP)
			return (false);
		break;
	}
	case ETHERTYPE_IPV6: {
		struct ip6_hdr *ip6 = (void *)p->ip;

		p->ttl = &ip6->ip6_hlim;
		header = sizeof(*ip6);
		total = header + ntohs(ip6->ip6_plen);
		p->six = true;
		if (ip6->ip6_nxt != IPPROTO_TCP)
			return (false);
		break;
	}
	default:
		return (false);
	}
	p->tcp = (void *)(p->ip + header);
	if (sizeof(*ether) + total > f->length || header + sizeof(*p->tcp) > total)
		return (false);
	p->segment = total - header;
	if (p->tcp->th_off * 4u < sizeof(*p->tcp) || p->tcp->th_off * 4u > p->segment)
		return (false);
	p->options = p->tcp->th_off * 4 - sizeof(*p->tcp);
	p->payload = p->segment - p->tcp->th_off * 4;
	return (true);
}

uint32_t
forge_sum(const void *data, size_t n, uint32_t s)
{
	const unsigned char *b = data;

	for (size_t i = 0; i < n; i++)
		s += i % 2 == 0 ? b[i] << 8 : b[i];
	return (s);
}

uint16_t
forge_fold(uint32_t s)
{
	while (s >> 16 != 0)
		s = (s & 0xffff) + (s >> 16);
	return (htons(~s & 0xffff));
}

/* Lengths and checksums, so that it is taken for a whole segment. */
static void
complete(struct frame *f, struct parts *p)
{
	size_t header = (unsigned char *)p->tcp - p->ip;
	uint32_t s = IPPROTO_TCP + p->segment;

	if (p->six) {
		struct ip6_hdr *ip6 = (void *)p->ip;

		ip6->ip6_plen = htons(p->segment);
		s = forge_sum(&ip6->ip6_src, 32, s);
	} else {
		struct ip *ip = (void *)p->ip;

		ip->ip_len = htons(header + p->segment);
		ip->ip_sum = 0;
		ip->ip_sum = forge_fold(forge_sum(ip, header, 0));
		s = forge_sum(&ip->ip_src, 8, s);
	}
	p->tcp->th_sum = 0;
	p->tcp->th_sum = forge_fold(forge_sum(p->tcp, p->segment, s));
	f->length = p->ip - f->bytes + header + p->segment;
}

static bool
is_chaos(const struct parts *p)
{
	int from = ntohs(p->tcp->th_sport), to = ntohs(p->tcp->th_dport);

	return ((from >= CHAOS_PORT && from < CHAOS_PORT + CHAOS_PORTS) ||
	    (to >= CHAOS_PORT && to < CHAOS_PORT + CHAOS_PORTS));
}

/* One option of Multipath TCP: a length it should have, as a rule. */
static size_t
an_option(struct thread *t, unsigned char *to)
{
	static const unsigned char lengths[][8] = {
		{ 4, 12, 20, 22, 24, 0 }, { 12, 16, 24, 0 }, { 8, 12, 16, 20, 18, 24, 26, 28 },
		{ 8, 10, 16, 18, 28, 30, 0 }, { 4, 5, 8, 0 }, { 3, 4, 0 }, { 12, 0 }, { 12, 0 }, { 4, 0 },
	};
	unsigned subtype = one_in(t, 8) ? below(t, 16) : below(t, 9), n, i = 0;

	if (subtype < 9) {
		while (i < 8 && lengths[subtype][i] != 0)
			i++;
		n = lengths[subtype][below(t, i)];
	} else
		n = 3 + below(t, 20);
	rnd_bytes(t, to, n);
	to[0] = 30;
	to[1] = one_in(t, 10) ? below(t, 41) : n;
	to[2] = subtype << 4 | (one_in(t, 2) ? to[2] & 15 : 0);
	if (subtype == 2 && one_in(t, 2))
		to[3] &= 31;
	return (n);
}

/* The time stamps of the original, if it has any and nothing is before them, then others. */
static void
new_options(struct thread *t, struct parts *p)
{
	unsigned char options[128], *old = (unsigned char *)(p->tcp + 1);
	size_t n = 0;

	if (p->options >= 12 && old[0] == TCPOPT_NOP && old[1] == TCPOPT_NOP && old[2] == TCPOPT_TIMESTAMP &&
	    !one_in(t, 5)) {
		memcpy(options, old, 12);
		n = 12;
	}
	do
		n += an_option(t, options + n);
	while (one_in(t, 3) && n < 40);
	if (n > 40)
		n = 40;
	while (n % 4 != 0)
		options[n++] = TCPOPT_NOP;
	if ((unsigned char *)p->tcp + sizeof(*p->tcp) + n + p->payload > p->ip + 1500)
		p->payload = 0;
	memmove(old + n, old + p->options, p->payload);
	memcpy(old, options, n);
	p->options = n;
	p->tcp->th_off = (sizeof(*p->tcp) + n) / 4;
	p->segment = sizeof(*p->tcp) + n + p->payload;
}

static void
move_numbers(struct tcphdr *th, int32_t sequence, int32_t ack)
{
	th->th_seq = htonl(ntohl(th->th_seq) + sequence);
	th->th_ack = htonl(ntohl(th->th_ack) + ack);
}

static void
change_fairly(struct thread *t, struct parts *p)
{
	/* Not 1 << 31: with a shut window FreeBSD takes that for new data. */
	static const int32_t far[] = { 1 << 27, 1 << 30, 0x7fffffff - 100000, -(1 << 27) };
	static const uint8_t flags[] = { TH_RST, TH_RST | TH_ACK, TH_SYN };

	new_options(t, p);
	switch (below(t, 4)) {
	case 0:
	case 1:
		p->tcp->th_flags = TH_ACK | (one_in(t, 2) ? TH_PUSH : 0);
		move_numbers(p->tcp, far[below(t, 4)], 0);
		break;
	case 2:
		p->tcp->th_flags = TH_ACK;
		move_numbers(p->tcp, one_in(t, 2) ? 0 : below(t, 1000), 1 << (one_in(t, 2) ? 28 : 30));
		break;
	default:
		p->tcp->th_flags = flags[below(t, 3)];
		move_numbers(p->tcp, -(int32_t)(5000 + below(t, 15000)), 1 << 28);
		p->payload = 0;
		p->segment = sizeof(*p->tcp) + p->options;
	}
}

static void
change_anything(struct thread *t, struct parts *p)
{
	static const int32_t near[] = { 0, 0, 0, 1, -1, 1000, -1000, 1 << 20 };

	if (!one_in(t, 5))
		new_options(t, p);
	if (p->payload > 0 && one_in(t, 4))
		rnd_bytes(t, (unsigned char *)(p->tcp + 1) + p->options, p->payload);
	if (p->payload > 0 && one_in(t, 6)) {
		p->payload = below(t, p->payload);
		p->segment = sizeof(*p->tcp) + p->options + p->payload;
	}
	if (one_in(t, 6))
		p->tcp->th_flags = rnd(t);
	if (one_in(t, 6))
		p->tcp->th_win = rnd(t);
	if (one_in(t, 3))
		move_numbers(p->tcp, near[below(t, 8)], near[below(t, 8)]);
}

/* A SYN of nobody. */
static void
new_connection(struct thread *t, struct parts *p)
{
	new_options(t, p);
	p->tcp->th_flags = one_in(t, 8) ? rnd(t) & ~TH_RST : TH_SYN;
	p->tcp->th_seq = rnd(t);
	p->tcp->th_ack = one_in(t, 2) ? 0 : rnd(t);
	p->tcp->th_sport = htons(20000 + below(t, 1000));
	p->tcp->th_dport = htons(one_in(t, 2) ? STREAM_PORT : CHAOS_PORT + below(t, CHAOS_PORTS));
	p->payload = 0;
	p->segment = sizeof(*p->tcp) + p->options;
}

static void
send_one(struct thread *t, int fd, const struct frame *kept)
{
	struct frame f = *kept;
	struct parts p;

	if (!take_apart(&f, &p) || *p.ttl == MARK)
		return;
	*p.ttl = MARK;
	/* What was just sent may well come twice. */
	if (one_in(t, 6))
		;
	else if (one_in(t, 6))
		new_connection(t, &p);
	else if (!p.six && one_in(t, 30)) {
		forge_icmp(t, &f, &p);
		doing(t, "write to bpf");
		write(fd, f.bytes, f.length);
		done(t);
		return;
	} else if (is_chaos(&p))
		change_anything(t, &p);
	else if ((p.tcp->th_flags & TH_SYN) == 0)
		change_fairly(t, &p);
	complete(&f, &p);
	doing(t, "write to bpf");
	write(fd, f.bytes, f.length);
	done(t);
}

void *
forge(void *arg)
{
	struct thread *t = arg;
	static __thread struct frame kept[KEPT];
	unsigned n = 0;
	size_t size;
	int fd = open_bpf(t->number % PATHS, &size);
	char *buffer = malloc(size);

	while (!over()) {
		ssize_t got = read(fd, buffer, size);
		char *at = buffer;

		while (got > 0 && at < buffer + got) {
			const struct bpf_hdr *h = (void *)at;
			struct frame *f = &kept[n++ % KEPT];

			f->length = h->bh_caplen < LARGEST ? h->bh_caplen : LARGEST;
			memcpy(f->bytes, at + h->bh_hdrlen, f->length);
			at += BPF_WORDALIGN(h->bh_hdrlen + h->bh_caplen);
		}
		for (unsigned i = below(t, 20); i > 0; i--)
			send_one(t, fd, &kept[below(t, KEPT)]);
		pause_ms(below(t, 40));
	}
	close(fd);
	t->gone = true;
	return (NULL);
}
