/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/* What tcpdrop(8) does, to a connection of the list. */
#include <sys/param.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/sysctl.h>
#include <sys/socketvar.h>
#include <netinet/in.h>
#include <netinet/in_pcb.h>
#include <netinet/tcp.h>
#define TCPSTATES
#include <netinet/tcp_fsm.h>
#include <netinet/tcp_seq.h>
#include <netinet/tcp_var.h>
#include <stdlib.h>
#include <string.h>

#include "storm.h"

static bool
of_chaos(const struct xtcpcb *x)
{
	int own = ntohs(x->xt_inp.inp_inc.inc_lport), other = ntohs(x->xt_inp.inp_inc.inc_fport);

	return ((own >= CHAOS_PORT && own < CHAOS_PORT + CHAOS_PORTS) ||
	    (other >= CHAOS_PORT && other < CHAOS_PORT + CHAOS_PORTS));
}

static void
name_of(struct sockaddr_storage *to, const struct xtcpcb *x, bool own)
{
	const struct in_conninfo *inc = &x->xt_inp.inp_inc;

	memset(to, 0, sizeof(*to));
	if ((x->xt_inp.inp_vflag & INP_IPV6) != 0) {
		struct sockaddr_in6 *in6 = (void *)to;

		in6->sin6_len = sizeof(*in6);
		in6->sin6_family = AF_INET6;
		in6->sin6_addr = own ? inc->inc6_laddr : inc->inc6_faddr;
		in6->sin6_port = own ? inc->inc_lport : inc->inc_fport;
		return;
	}
	struct sockaddr_in *in = (void *)to;

	in->sin_len = sizeof(*in);
	in->sin_family = AF_INET;
	in->sin_addr = own ? inc->inc_laddr : inc->inc_faddr;
	in->sin_port = own ? inc->inc_lport : inc->inc_fport;
}

/* Any connection, or one of those that are not checked. */
void
drop_one(struct thread *t, bool any)
{
	struct sockaddr_storage names[2];
	size_t size = 0;
	char *list, *at;
	unsigned seen = 0;

	doing(t, "net.inet.tcp.pcblist");
	if (sysctlbyname("net.inet.tcp.pcblist", NULL, &size, NULL, 0) != 0 || (list = malloc(size)) == NULL) {
		done(t);
		return;
	}
	if (sysctlbyname("net.inet.tcp.pcblist", list, &size, NULL, 0) != 0)
		size = 0;
	at = list + sizeof(struct xinpgen);
	while (at + sizeof(struct xtcpcb) <= list + size) {
		const struct xtcpcb *x = (void *)at;

		if (x->xt_len != sizeof(*x))
			break;
		/* Each is as likely as any other. */
		if (x->xt_inp.inp_inc.inc_fport != 0 && (any || of_chaos(x)) && one_in(t, ++seen)) {
			name_of(&names[0], x, false);
			name_of(&names[1], x, true);
		}
		at += sizeof(*x);
	}
	free(list);
	doing(t, "net.inet.tcp.drop");
	if (seen > 0)
		sysctlbyname("net.inet.tcp.drop", NULL, NULL, names, sizeof(names));
	done(t);
}
