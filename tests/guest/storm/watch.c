/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/*
 * Somebody who looks and administers: reads what netstat(1) and its like read,
 * changes settings and addresses, drops connections.
 */
#include <sys/types.h>
#include <sys/sysctl.h>
#include <ifaddrs.h>
#include <stdlib.h>

#include "storm.h"

static const char *lists[] = { "net.inet.tcp.pcblist", "net.inet.tcp.stats", "net.inet.raw.pcblist", "kern.file",
    "net.inet.tcp.mptcp.mp_addresses", "net.inet.tcp.mptcp.available_schedulers", "vm.uma.tcp_inpcb.size",
    "kern.malloc_stats", "net.inet.tcp.hostcache.list", "net.inet.tcp.states", "net.inet.tcp.function_info",
    "net.inet.tcp.mptcp.stats.established", "net.inet.tcp.mptcp.stats.reass_memory" };

static void
look(struct thread *t)
{
	const char *name = lists[below(t, sizeof(lists) / sizeof(lists[0]))];
	struct ifaddrs *all;
	size_t size = 0;
	void *to;

	if (one_in(t, 10)) {
		doing(t, "getifaddrs");
		if (getifaddrs(&all) == 0)
			freeifaddrs(all);
		done(t);
		return;
	}
	doing(t, name);
	if (sysctlbyname(name, NULL, &size, NULL, 0) == 0 && (to = malloc(size + 1)) != NULL) {
		sysctlbyname(name, to, &size, NULL, 0);
		free(to);
	}
	done(t);
}

static char
side(void)
{
	return (storm.host == 1 ? 'a' : 'b');
}

/* A further address comes or goes; or that of the second path goes for a while. */
static void
change_addresses(struct thread *t)
{
	int path = below(t, PATHS), h = storm.host, n = below(t, 4);
	bool comes = one_in(t, 2);

	switch (below(t, 5)) {
	case 0:
		run(t, "ifconfig epair1%c inet 10.11.0.%d delete", side(), h);
		pause_ms(below(t, 3000));
		run(t, "ifconfig epair1%c inet 10.11.0.%d/24", side(), h);
		break;
	case 1:
	case 2:
		if (comes)
			run(t, "ifconfig epair%d%c inet6 fd01:%d::%x/128 no_dad alias", path, side(), path,
			    16 * h + n);
		else
			run(t, "ifconfig epair%d%c inet6 fd01:%d::%x -alias", path, side(), path, 16 * h + n);
		break;
	default:
		if (comes)
			run(t, "ifconfig epair%d%c inet 10.1%d.0.%d/32 alias", path, side(), path, 10 * h + n);
		else
			run(t, "ifconfig epair%d%c inet 10.1%d.0.%d -alias", path, side(), path, 10 * h + n);
	}
}

void *
watch(void *arg)
{
	struct thread *t = arg;

	while (!over()) {
		unsigned n = below(t, 100);

		if (n < 50)
			look(t);
		else if (n < 60)
			change_addresses(t);
		else if (n < 75)
			change_list(t);
		else if (n < 90)
			change_setting(t);
		else if (n < 95)
			drop_one(t, true);
		pause_ms(below(t, 400));
	}
	settings_back();
	t->gone = true;
	return (NULL);
}
