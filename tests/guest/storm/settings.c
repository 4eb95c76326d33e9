/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */
/* The settings of net.inet.tcp.mptcp, which live connections see change. */
#include <sys/types.h>
#include <sys/sysctl.h>
#include <stdio.h>
#include <string.h>

#include "storm.h"

static const struct knob {
	const char	*name;
	unsigned	 least, most, usual;
} knobs[] = {
	{ "v0", 0, 1, 0 }, { "version", 0, 1, 1 }, { "max_subflows", 1, 32, 8 }, { "join_on_add_addr", 0, 2, 1 },
	{ "single_packet_maps", 0, 1, 0 }, { "checksum", 0, 1, 0 }, { "short_dsn", 0, 1, 0 },
	{ "deny_join_id0", 0, 1, 0 }, { "add_addr_timeout", 100, 2000, 1000 }, { "add_addr_retries", 1, 8, 5 },
	{ "join_ack_timeout", 100, 2000, 300 }, { "join_ack_retries", 1, 8, 5 }, { "rejoin_timeout", 100, 3000, 1000 },
	{ "rejoin_cap", 100, 10000, 64000 }, { "reass_maxqueuelen", 8, 2000, 1000 },
	{ "reass_maxmem", 100000, 4000000, 0 },
};
#define KNOBS	(sizeof(knobs) / sizeof(knobs[0]))

static void
set_text(const char *name, const char *value)
{
	char full[128];

	snprintf(full, sizeof(full), "net.inet.tcp.mptcp.%s", name);
	sysctlbyname(full, NULL, NULL, value, strlen(value) + 1);
}

static void
set_number(const char *name, unsigned long value)
{
	char full[128];
	size_t size;
	int narrow = value;

	snprintf(full, sizeof(full), "net.inet.tcp.mptcp.%s", name);
	if (sysctlbyname(full, NULL, &size, NULL, 0) != 0)
		return;
	if (size == sizeof(narrow))
		sysctlbyname(full, NULL, NULL, &narrow, sizeof(narrow));
	else
		sysctlbyname(full, NULL, NULL, &value, sizeof(value));
}

void
change_setting(struct thread *t)
{
	const struct knob *k = &knobs[below(t, KNOBS)];

	doing(t, "net.inet.tcp.mptcp");
	switch (below(t, 20)) {
	case 0:
		set_text("scheduler", "round_robin");
		break;
	case 1:
	case 2:
		set_text("scheduler", "min_rtt");
		break;
	case 3:
		if (!one_in(t, 4))
			break;
		set_text("mp_debug", "ALL:5");
		pause_ms(20);
		set_text("mp_debug", "ALL:0");
		break;
	case 4:
		if (storm.plain)
			break;
		set_number("enable", 0);
		pause_ms(below(t, 500));
		set_number("enable", 1);
		break;
	default:
		/* Half of the time as it is by itself. */
		if (one_in(t, 2) && k->usual != 0)
			set_number(k->name, k->usual);
		else
			set_number(k->name, k->least + below(t, k->most - k->least + 1));
	}
	done(t);
}

/* Which further addresses connections use. */
void
change_list(struct thread *t)
{
	char list[512] = "", *at = list;
	int h = storm.host;

	for (int path = 0; path < PATHS; path++) {
		if (!one_in(t, 3))
			at += sprintf(at, " 10.1%d.0.%d%s", path, h, one_in(t, 6) ? ",backup" : "");
		if (one_in(t, 2))
			at += sprintf(at, " fd01:%d::%d", path, h);
		if (one_in(t, 3))
			at += sprintf(at, " 10.1%d.0.%d", path, 10 * h + below(t, 4));
		if (one_in(t, 3))
			at += sprintf(at, " fd01:%d::%x", path, 16 * h + below(t, 4));
	}
	if (one_in(t, 10))
		at += sprintf(at, " 127.0.0.1 ::1");
	doing(t, "mp_addresses");
	set_text("mp_addresses", list);
	done(t);
}

void
settings_back(void)
{
	for (unsigned i = 0; i < KNOBS; i++)
		if (knobs[i].usual != 0)
			set_number(knobs[i].name, knobs[i].usual);
	set_text("mp_debug", "ALL:0");
	if (!storm.plain)
		set_number("enable", 1);
}
