/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/*
 * Errors of ICMP about what the peer sent last, as a router would tell them:
 * too large for the next link, unreachable, too old.  They may end a connection
 * that is not established yet; others they only slow down.
 */
#include <sys/types.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/in_systm.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "forge.h"
#include "storm.h"

/* In place of the segment in the frame, which is this host's own. */
void
forge_icmp(struct thread *t, struct frame *f, struct parts *p)
{
	static const uint8_t types[] = { ICMP_UNREACH, ICMP_UNREACH, ICMP_SOURCEQUENCH, ICMP_TIMXCEED, ICMP_PARAMPROB };
	struct ip *ip = (void *)p->ip, quoted = *ip;
	struct tcphdr segment = *p->tcp;
	struct icmp *icmp = (void *)(ip + 1);
	size_t n = ICMP_MINLEN + sizeof(quoted) + sizeof(segment);

	quoted.ip_hl = ip->ip_hl = sizeof(*ip) / 4;
	quoted.ip_src = ip->ip_dst;
	quoted.ip_dst = ip->ip_src;
	segment.th_sport = p->tcp->th_dport;
	segment.th_dport = p->tcp->th_sport;
	segment.th_seq = p->tcp->th_ack;
	segment.th_ack = p->tcp->th_seq;
	memset(icmp, 0, ICMP_MINLEN);
	icmp->icmp_type = types[below(t, sizeof(types))];
	icmp->icmp_code = icmp->icmp_type != ICMP_UNREACH ? 0 : one_in(t, 2) ? ICMP_UNREACH_NEEDFRAG : below(t, 14);
	/* Once believed, it holds for all later connections. */
	if (icmp->icmp_type == ICMP_UNREACH)
		icmp->icmp_nextmtu = htons(one_in(t, 10) ? below(t, 1600) : 1200 + below(t, 300));
	memcpy((char *)icmp + ICMP_MINLEN, &quoted, sizeof(quoted));
	memcpy((char *)icmp + ICMP_MINLEN + sizeof(quoted), &segment, sizeof(segment));
	icmp->icmp_cksum = forge_fold(forge_sum(icmp, n, 0));
	ip->ip_p = IPPROTO_ICMP;
	ip->ip_len = htons(sizeof(*ip) + n);
	ip->ip_sum = 0;
	ip->ip_sum = forge_fold(forge_sum(ip, sizeof(*ip), 0));
	f->length = sizeof(struct ether_header) + sizeof(*ip) + n;
}
