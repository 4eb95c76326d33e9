/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Copyright (c) 2026 The FreeBSD MPTCP Project
 *
 * Redistribution and use in source and binary forms, with or without
 * modification, are permitted provided that the following conditions
 * are met:
 * 1. Redistributions of source code must retain the above copyright
 *    notice, this list of conditions and the following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright
 *    notice, this list of conditions and the following disclaimer in the
 *    documentation and/or other materials provided with the distribution.
 *
 * THIS SOFTWARE IS PROVIDED BY THE AUTHOR AND CONTRIBUTORS ``AS IS'' AND
 * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE
 * IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE
 * ARE DISCLAIMED.  IN NO EVENT SHALL THE AUTHOR OR CONTRIBUTORS BE LIABLE
 * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
 * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS
 * OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION)
 * HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT
 * LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY
 * OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF
 * SUCH DAMAGE.
 */

/*
 * net.inet.tcp.mptcp: settings of a VNET.
 *
 * Locks: MPP_LOCK while a setting is read or written.
 *
 * Failure: a bad value is refused whole with EINVAL, and the old one stays.
 */
#include <sys/cdefs.h>
#include "opt_inet.h"
#include "opt_inet6.h"

#include <netinet/mptcp_glue.h>

SYSCTL_NODE(_net_inet_tcp, OID_AUTO, mptcp, CTLFLAG_RW | CTLFLAG_MPSAFE, 0,
    "Multipath TCP");

#ifdef MPTCP_TESTING
SYSCTL_U32(_net_inet_tcp, OID_AUTO, override_isn, CTLFLAG_VNET | CTLFLAG_RW,
    &VNET_NAME(mptcp.mv_override_isn), 0,
    "Initial sequence number of every connection, for tests; 0 is off");

/*
 * tcp_subr.c: a fixed initial sequence number, for tests.  No lock.
 */
bool
mptcp_override_isn(uint32_t *isn)
{

	if (__predict_true(V_mptcp.mv_override_isn == 0))
		return (false);
	*isn = V_mptcp.mv_override_isn;
	return (true);
}
#endif /* MPTCP_TESTING */

/*
 * A number; arg2 is the core's knob.
 */
static int
mptcp_sysctl_knob(SYSCTL_HANDLER_ARGS)
{
	int64_t value;
	int error, n;

	MPP_RLOCK();
	error = mptcp_core_config_get(&V_mptcp.mv_config, arg2, &value);
	MPP_RUNLOCK();
	if (error != 0)
		return (error);
	n = (int)value;
	error = sysctl_handle_int(oidp, &n, 0, req);
	if (error != 0 || req->newptr == NULL)
		return (error);
	MPP_WLOCK();
	error = mptcp_core_config_set(&V_mptcp.mv_config, arg2, n);
	MPP_WUNLOCK();
	return (error);
}

#define	MPTCP_KNOB(name, knob, descr)					\
	SYSCTL_PROC(_net_inet_tcp_mptcp, OID_AUTO, name,		\
	    CTLFLAG_VNET | CTLTYPE_INT | CTLFLAG_RW | CTLFLAG_MPSAFE,	\
	    NULL, knob, mptcp_sysctl_knob, "I", descr)

MPTCP_KNOB(enable, MPTCP_KNOB_ENABLE, "Offer and accept Multipath TCP");
MPTCP_KNOB(version, MPTCP_KNOB_VERSION, "Highest version offered");
MPTCP_KNOB(v0, MPTCP_KNOB_V0, "Answer a peer that offers only version 0");
MPTCP_KNOB(max_subflows, MPTCP_KNOB_MAX_SUBFLOWS,
    "Subflows per connection, the first one included");
MPTCP_KNOB(join_on_add_addr, MPTCP_KNOB_JOIN_ON_ADD_ADDR,
    "Who answers an ADD_ADDR with a join: 0 nobody, 1 the active opener, "
    "2 both");
MPTCP_KNOB(single_packet_maps, MPTCP_KNOB_SINGLE_PACKET_MAPS,
    "Restrict a data-sequence map to one segment");
MPTCP_KNOB(checksum, MPTCP_KNOB_CHECKSUM, "Ask for DSS checksums");
MPTCP_KNOB(add_addr_timeout, MPTCP_KNOB_ADD_ADDR_TIMEOUT,
    "First wait for the echo of an ADD_ADDR, in milliseconds");
MPTCP_KNOB(add_addr_retries, MPTCP_KNOB_ADD_ADDR_RETRIES,
    "Repetitions of an ADD_ADDR without echo");
MPTCP_KNOB(close_timeout, MPTCP_KNOB_CLOSE_TIMEOUT,
    "How long a closed connection waits for its peer, in milliseconds");
MPTCP_KNOB(stale_loss_cnt, MPTCP_KNOB_STALE_LOSS_CNT,
    "Timeouts in a row before a stalled subflow may be reset");
MPTCP_KNOB(rejoin_timeout, MPTCP_KNOB_REJOIN_TIMEOUT,
    "First wait before a lost path is joined again, in milliseconds");
MPTCP_KNOB(rejoin_cap, MPTCP_KNOB_REJOIN_CAP,
    "Longest wait before a lost path is joined again, in milliseconds");
MPTCP_KNOB(rejoin_retries, MPTCP_KNOB_REJOIN_RETRIES,
    "How often a lost path is joined again");
MPTCP_KNOB(join_ack_timeout, MPTCP_KNOB_JOIN_ACK_TIMEOUT,
    "First wait for the fourth packet of a join, in milliseconds");
MPTCP_KNOB(join_ack_retries, MPTCP_KNOB_JOIN_ACK_RETRIES,
    "Repetitions of the third ACK of a join");
MPTCP_KNOB(deny_join_id0, MPTCP_KNOB_DENY_JOIN_ID0,
    "Ask peers to open no subflow to a connection's first address");
MPTCP_KNOB(short_dsn, MPTCP_KNOB_SHORT_DSN, "Send 32-bit DSNs");
MPTCP_KNOB(reass_maxqueuelen, MPTCP_KNOB_REASS_MAXQUEUELEN,
    "Pieces that a connection holds while data before them is missing");

SYSCTL_ULONG(_net_inet_tcp_mptcp, OID_AUTO, reass_maxmem,
    CTLFLAG_VNET | CTLFLAG_RW, &VNET_NAME(mptcp.mv_held_mpcb_max), 0,
    "Memory that a connection's held pieces may use, bytes; "
    "0: by its receive buffer");

/*
 * The VNET's limit; 0 sets the default again.
 */
static int
mptcp_sysctl_held_max(SYSCTL_HANDLER_ARGS)
{
	u_long most;
	int error;

	most = mptcp_held_most();
	error = sysctl_handle_long(oidp, &most, 0, req);
	if (error == 0 && req->newptr != NULL)
		V_mptcp.mv_held_max = most;
	return (error);
}
SYSCTL_PROC(_net_inet_tcp_mptcp, OID_AUTO, reass_maxmem_all,
    CTLFLAG_VNET | CTLTYPE_ULONG | CTLFLAG_RW | CTLFLAG_MPSAFE, NULL, 0,
    mptcp_sysctl_held_max, "LU",
    "Memory that the held pieces of all connections may use, bytes");

static int
mptcp_sysctl_scheduler(SYSCTL_HANDLER_ARGS)
{
	char name[32];
	int error;

	MPP_RLOCK();
	strlcpy(name, mptcp_core_config_scheduler(&V_mptcp.mv_config),
	    sizeof(name));
	MPP_RUNLOCK();
	error = sysctl_handle_string(oidp, name, sizeof(name), req);
	if (error != 0 || req->newptr == NULL)
		return (error);
	MPP_WLOCK();
	error = mptcp_core_config_set_scheduler(&V_mptcp.mv_config, name,
	    strlen(name));
	MPP_WUNLOCK();
	return (error);
}
SYSCTL_PROC(_net_inet_tcp_mptcp, OID_AUTO, scheduler,
    CTLFLAG_VNET | CTLTYPE_STRING | CTLFLAG_RW | CTLFLAG_MPSAFE, NULL, 0,
    mptcp_sysctl_scheduler, "A", "Scheduler of new connections");

static int
mptcp_sysctl_schedulers(SYSCTL_HANDLER_ARGS)
{
	const char *list = mptcp_core_scheduler_list();

	return (SYSCTL_OUT(req, list, strlen(list) + 1));
}
SYSCTL_PROC(_net_inet_tcp_mptcp, OID_AUTO, available_schedulers,
    CTLTYPE_STRING | CTLFLAG_RD | CTLFLAG_MPSAFE, NULL, 0,
    mptcp_sysctl_schedulers, "A", "Schedulers that there are");

/* Room for 32 IPv6 addresses with flags. */
#define	MPTCP_ADDRESSES_LEN	2048

static int
mptcp_sysctl_addresses(SYSCTL_HANDLER_ARGS)
{
	char *text;
	int error;

	text = malloc(MPTCP_ADDRESSES_LEN, M_TEMP, M_WAITOK | M_ZERO);
	MPP_RLOCK();
	(void)mptcp_core_addresses_print(&V_mptcp.mv_addresses, text,
	    MPTCP_ADDRESSES_LEN);
	MPP_RUNLOCK();
	error = sysctl_handle_string(oidp, text, MPTCP_ADDRESSES_LEN, req);
	if (error == 0 && req->newptr != NULL) {
		MPP_WLOCK();
		error = mptcp_core_addresses_parse(&V_mptcp.mv_addresses, text,
		    strlen(text), NULL);
		MPP_WUNLOCK();
		if (error == 0)
			mptcp_addresses_changed();
	}
	free(text, M_TEMP);
	return (error);
}
SYSCTL_PROC(_net_inet_tcp_mptcp, OID_AUTO, mp_addresses,
    CTLFLAG_VNET | CTLTYPE_STRING | CTLFLAG_RW | CTLFLAG_MPSAFE, NULL, 0,
    mptcp_sysctl_addresses, "A",
    "Additional local addresses, separated by blanks; 0 clears");

static int
mptcp_sysctl_debug(SYSCTL_HANDLER_ARGS)
{
	char text[128];
	uint32_t mask;
	int error;

	mask = V_mptcp.mv_debug;
	bzero(text, sizeof(text));
	(void)mptcp_core_debug_print(mask, text, sizeof(text));
	error = sysctl_handle_string(oidp, text, sizeof(text), req);
	if (error != 0 || req->newptr == NULL)
		return (error);
	error = mptcp_core_debug_apply(&mask, text, strlen(text), NULL);
	if (error == 0)
		V_mptcp.mv_debug = mask;
	return (error);
}
SYSCTL_PROC(_net_inet_tcp_mptcp, OID_AUTO, mp_debug,
    CTLFLAG_VNET | CTLTYPE_STRING | CTLFLAG_RW | CTLFLAG_MPSAFE, NULL, 0,
    mptcp_sysctl_debug, "A",
    "Debugging: CLASS:n or CLASS:=n of MPSESSION DSMAP SBSTATUS REASS ALL");

static int
mptcp_sysctl_debug_rate(SYSCTL_HANDLER_ARGS)
{
	int error, rate;

	rate = V_mptcp.mv_debug_rate;
	error = sysctl_handle_int(oidp, &rate, 0, req);
	if (error != 0 || req->newptr == NULL)
		return (error);
	if (rate < -1)
		return (EINVAL);
	V_mptcp.mv_debug_rate = rate;
	return (0);
}
SYSCTL_PROC(_net_inet_tcp_mptcp, OID_AUTO, mp_debug_rate,
    CTLFLAG_VNET | CTLTYPE_INT | CTLFLAG_RW | CTLFLAG_MPSAFE, NULL, 0,
    mptcp_sysctl_debug_rate, "I",
    "Debugging messages that are logged in a second, at most; -1: no limit");
