/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Copyright (c) 2026 The MPTCP for FreeBSD Project
 */

/*
 * Two hosts, each with its MPCB, joined by a TCP that loses nothing, through
 * the C face only: handshake, joins, data both ways, close.  Called from
 * tests/driver.rs.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

struct driver_result {
	const char	*failure;	/* NULL: none */
	long		requests;	/* for memory */
	long		blocks;		/* not freed */
	uint32_t	subflows;	/* most at a time */
	bool		plain;		/* not multipath */
	uint64_t	end;		/* virtual time, us */
};

struct driver_result driver_run(uint64_t seed, uint32_t bytes,
    uint32_t checksum, uint32_t version, long fail_at);

static void
address(struct mptcp_core_addr *a, int host, int link, uint16_t port)
{

	memset(a, 0, sizeof(*a));
	a->family = 4;
	a->ip[0] = 10;
	a->ip[1] = link + 1;
	a->ip[3] = host + 1;
	a->port = port;
}

static int
host_number(const struct host *h)
{

	return (h->name[0] == 'b');
}

static void
host_init(struct host *h, const char *name, struct host *peer,
    uint32_t checksum, uint32_t version)
{

	memset(h, 0, sizeof(*h));
	h->name = name;
	h->peer = peer;
	mptcp_core_config_init(&h->config);
	if (mptcp_core_config_set(&h->config, MPTCP_KNOB_CHECKSUM,
	    checksum) != 0 ||
	    mptcp_core_config_set(&h->config, MPTCP_KNOB_VERSION,
	    version) != 0)
		fail("%s: settings", name);
	mptcp_core_addresses_init(&h->addresses);
	h->tokens = mptcp_core_tokens_new();
	h->so_snd = malloc(SOCKBUF);
}

static void
flow_init(struct flow *f)
{

	memset(f, 0, sizeof(*f));
	f->snd_una = f->snd_nxt = f->rcv_nxt = 1;
	f->queue = malloc(CWND + 65536);
	f->rcvq = malloc(2 * SOCKBUF);
}

static void
become_plain(struct host *h)
{

	h->plain = true;
}

/* The handshake succeeded: the MPCB, and its first subflow. */
static void
promote(struct host *h, struct flow *f, const struct mptcp_core_agreed *agreed)
{
	struct mptcp_core_agreed_info info;
	struct mptcp_core_start start = {
		.snd_window = SOCKBUF, .rcv_space = SOCKBUF,
	};

	mptcp_core_agreed_info(agreed, &info);
	address(&start.local, host_number(h), 0, 1000 + host_number(h));
	address(&start.remote, !host_number(h), 0, 1000 + !host_number(h));
	h->mp = mptcp_core_mpcb_new(agreed, &h->config, &start);
	if (h->mp == NULL) {
		become_plain(h);
		return;
	}
	f->tx = mptcp_core_tx_new(h->mp, MPTCP_SF_MASTER);
	if (f->tx == NULL || mptcp_core_tokens_insert(h->tokens,
	    info.local_token, (uintptr_t)h) != 0) {
		uint64_t token;

		mptcp_core_tx_free(h->mp, f->tx);
		f->tx = NULL;
		while (mptcp_core_mpcb_teardown(h->mp, &token))
			fail("%s: a new MPCB holds a buffer", h->name);
		mptcp_core_mpcb_free(h->mp);
		h->mp = NULL;
		become_plain(h);
		return;
	}
	h->token = info.local_token;
	f->known = true;
	f->sf = MPTCP_SF_MASTER;
	mptcp_core_set_snd_hiwat(h->mp, SOCKBUF);
	/* Here only memory fails, and then the next change tells again. */
	(void)mptcp_core_addresses_changed(h->mp, &h->addresses, now);
}

static void
open_flow(struct host *h, const struct mptcp_core_action *action)
{
	struct mptcp_core_addr local = action->local;
	struct flow *f;
	int link;

	/* The second byte of a 10.x address names the link. */
	link = action->local.ip[1] - 1;
	if (link < 1 || link >= MAXLINKS || h->flows[link].state != F_NONE ||
	    (f = &h->flows[link])->queue != NULL) {
		mptcp_core_subflow_closed(h->mp, action->sf,
		    MPTCP_SFEND_TIMEOUT, now);
		return;
	}
	flow_init(f);
	f->tx = mptcp_core_tx_new(h->mp, action->sf);
	if (f->tx == NULL) {
		mptcp_core_subflow_closed(h->mp, action->sf,
		    MPTCP_SFEND_TIMEOUT, now);
		f->state = F_DEAD;
		return;
	}
	local.port = 2000 + link;
	mptcp_core_join_bound(h->mp, action->sf, &local);
	f->known = true;
	f->sf = action->sf;
	f->state = F_SYN_SENT;
	send_ack(h, link, MPTCP_SEG_SYN);
}

static void
reset_flow(struct host *h, int link)
{

	send_ack(h, link, MPTCP_SEG_RST | MPTCP_SEG_ACK);
	flow_gone(h, link, MPTCP_SFEND_LOCAL);
}

/* The application: writes what fits, and shuts its side in the end. */
static void
application_writes(struct host *h)
{
	uint64_t space = mptcp_core_snd_space(h->mp);
	uint32_t n;

	n = SOCKBUF - h->so_snd_len;
	if (n > space)
		n = space;
	if (n > h->to_send_len)
		n = h->to_send_len;
	if (n > 0) {
		memcpy(h->so_snd + h->so_snd_len, h->to_send, n);
		h->so_snd_len += n;
		h->to_send += n;
		h->to_send_len -= n;
		mptcp_core_snd_append(h->mp, n, now);
		if (!mptcp_core_snd_pending(h->mp))
			fail("%s: new data, but none pending", h->name);
	}
	if (h->to_send_len == 0 && !h->shut) {
		h->shut = true;
		mptcp_core_snd_shutdown(h->mp, now);
	}
}

static void
release(struct host *h)
{
	uint32_t n = mptcp_core_snd_release(h->mp);

	if (n > h->so_snd_len) {
		fail("%s: releases more than so_snd has", h->name);
		return;
	}
	h->so_snd_len -= n;
	memmove(h->so_snd, h->so_snd + n, h->so_snd_len);
}

static void
act(struct host *h, const struct mptcp_core_action *action)
{
	int link = flow_of(h, action->sf);

	switch (action->kind) {
	case MPTCP_ACTION_OUTPUT:
		if (link >= 0)
			pull(h, link);
		break;
	case MPTCP_ACTION_SEND_ACK:
		if (link >= 0)
			send_ack(h, link, MPTCP_SEG_ACK);
		break;
	case MPTCP_ACTION_PROBE:
		/* Nothing gets lost here. */
		break;
	case MPTCP_ACTION_OPEN_SUBFLOW:
		open_flow(h, action);
		break;
	case MPTCP_ACTION_CLOSE:
		if (link >= 0) {
			h->flows[link].fin_wanted = true;
			send_data(h, link);
		}
		break;
	case MPTCP_ACTION_RESET:
		if (link >= 0)
			reset_flow(h, link);
		else
			mptcp_core_subflow_closed(h->mp, action->sf,
			    MPTCP_SFEND_LOCAL, now);
		break;
	case MPTCP_ACTION_WAKE_READER:
		mptcp_core_set_rcv_space(h->mp, SOCKBUF);
		break;
	case MPTCP_ACTION_WAKE_WRITER:
		release(h);
		break;
	case MPTCP_ACTION_PEER_CLOSED:
		h->peer_closed = true;
		break;
	case MPTCP_ACTION_CLOSED:
		h->closed = true;
		h->error = action->error;
		break;
	default:
		fail("%s: action %u", h->name, action->kind);
	}
}

/* What the glue does after every event. */
static void
run(struct host *h)
{
	struct mptcp_core_conn_info info;
	struct mptcp_core_action action;
	struct flow *f;
	uint32_t n;
	int i, turns;

	if (h->mp == NULL)
		return;
	for (turns = 0; turns < 10000; turns++) {
		for (i = 0; i < MAXLINKS; i++)
			drain(h, i);
		if (!h->closed)
			application_writes(h);
		if (!mptcp_core_poll_action(h->mp, now, &action))
			break;
		act(h, &action);
		if (failure != NULL)
			return;
	}
	if (turns == 10000)
		fail("%s: actions without end", h->name);
	for (i = 0; i < MAXLINKS; i++) {
		f = &h->flows[i];
		if (f->state == F_UP && f->fin_acked && f->fin_rcvd) {
			flow_gone(h, i, MPTCP_SFEND_FIN);
			run(h);
			return;
		}
	}
	mptcp_core_conn_info(h->mp, &info);
	for (n = 0, i = 0; i < MPTCP_CORE_MAX_SUBFLOWS; i++)
		if ((info.subflows >> i & 1) != 0 && mptcp_core_subflow_state(
		    h->mp, i) == MPTCP_SFS_ESTABLISHED)
			n++;
	if (n > h->joined)
		h->joined = n;
}

/* A SYN: of a connection, or of a join. */
static void
on_syn(struct host *h, const struct segment *seg)
{
	struct mptcp_core_addr local, remote;
	uint8_t opts[MPTCP_OPT_MAX];
	struct flow *f = &h->flows[seg->link];
	struct host *found;
	uint64_t handle;
	uint32_t token;
	size_t len;
	int kind, why;

	flow_init(f);
	f->state = F_SYN_RCVD;
	kind = mptcp_core_syn_kind(seg->opts, seg->optlen, &token);
	if (kind == MPTCP_SYN_CAPABLE) {
		f->first = true;
		why = mptcp_core_responder_on_syn(&f->responder, &h->config,
		    h->tokens, seg->opts, seg->optlen, NULL);
		if (why != MPTCP_AGREED) {
			fail("%s: %s", h->name, mptcp_core_fallback_name(why));
			return;
		}
		len = mptcp_core_responder_syn_ack_option(&f->responder, opts,
		    sizeof(opts));
		send_plain(h, seg->link, MPTCP_SEG_SYN | MPTCP_SEG_ACK, opts,
		    len);
		return;
	}
	if (kind != MPTCP_SYN_JOIN) {
		fail("%s: a SYN of kind %d", h->name, kind);
		return;
	}
	address(&local, host_number(h), seg->link, 1000 + host_number(h));
	address(&remote, !host_number(h), seg->link, 2000 + seg->link);
	why = MPTCP_JOIN_UNKNOWN_TOKEN;
	if (mptcp_core_tokens_lookup(h->tokens, token, &handle)) {
		found = (struct host *)(uintptr_t)handle;
		if (found != h)
			fail("%s: the token of another", h->name);
		why = mptcp_core_join_syn(h->mp, seg->opts, seg->optlen,
		    &local, &remote, &f->request);
	}
	if (why != MPTCP_JOIN_OK) {
		len = mptcp_core_join_rst_option(why, opts, sizeof(opts));
		if (len != 4)
			fail("%s: MP_TCPRST of %zu bytes", h->name, len);
		send_plain(h, seg->link, MPTCP_SEG_RST | MPTCP_SEG_ACK, opts,
		    len);
		f->state = F_DEAD;
		return;
	}
	len = mptcp_core_join_syn_ack_option(&f->request, opts, sizeof(opts));
	send_plain(h, seg->link, MPTCP_SEG_SYN | MPTCP_SEG_ACK, opts, len);
}

/* The third ACK, or data in its place.  False: there is nothing more to do. */
static bool
on_third_ack(struct host *h, struct flow *f, const struct segment *seg)
{
	struct mptcp_core_agreed agreed;
	uint8_t sf;
	int why;

	if (f->first) {
		why = mptcp_core_responder_on_third_ack(&f->responder,
		    seg->opts, seg->optlen, &agreed);
		f->state = F_UP;
		if (why != MPTCP_AGREED) {
			/* The other side had no memory for its MPCB. */
			become_plain(h);
			return (false);
		}
		promote(h, f, &agreed);
		return (f->known);
	}
	why = mptcp_core_join_third_ack(h->mp, &f->request, seg->opts,
	    seg->optlen, &sf, now);
	if (why == MPTCP_JOIN_OK) {
		f->tx = mptcp_core_tx_new(h->mp, sf);
		if (f->tx != NULL) {
			f->known = true;
			f->sf = sf;
			f->state = F_UP;
			return (true);
		}
		mptcp_core_subflow_closed(h->mp, sf, MPTCP_SFEND_LOCAL, now);
	}
	f->state = F_DEAD;
	send_plain(h, seg->link, MPTCP_SEG_RST | MPTCP_SEG_ACK, NULL, 0);
	return (false);
}

static void
on_syn_ack(struct host *h, struct flow *f, const struct segment *seg)
{
	struct mptcp_core_agreed agreed;
	int why;

	f->state = F_UP;
	if (!f->first)
		return;
	why = mptcp_core_opener_on_syn_ack(&f->opener, seg->opts, seg->optlen,
	    &agreed);
	if (why != MPTCP_AGREED) {
		fail("%s: %s", h->name, mptcp_core_fallback_name(why));
		return;
	}
	promote(h, f, &agreed);
	if (f->known)
		send_ack(h, seg->link, MPTCP_SEG_ACK);
	else
		send_plain(h, seg->link, MPTCP_SEG_ACK, NULL, 0);
}

/* TCP's half of a segment: acknowledgement, data, FIN. */
static void
tcp_input(struct flow *f, const struct segment *seg)
{
	uint32_t acked = seg->ack - f->snd_una;

	if ((seg->flags & MPTCP_SEG_ACK) != 0 && (int32_t)acked > 0) {
		if (acked > f->queued) {
			f->fin_acked = f->fin_sent;
			acked = f->queued;
		}
		f->queued -= acked;
		memmove(f->queue, f->queue + acked, f->queued);
		f->snd_una += acked;
		if (f->fin_acked)
			f->snd_una = f->snd_nxt;
	}
	if (seg->len > 0) {
		if (seg->ssn != f->rcv_nxt)
			fail("a segment out of order");
		memcpy(f->rcvq + f->rcvd, seg->data, seg->len);
		f->rcvd += seg->len;
		f->rcv_nxt += seg->len;
	}
	if ((seg->flags & MPTCP_SEG_FIN) != 0 && !f->fin_rcvd) {
		f->fin_rcvd = true;
		f->rcv_nxt++;
	}
}

static void
input(const struct segment *seg)
{
	struct mptcp_core_seg_in in = {
		.ssn = seg->ssn, .len = seg->len, .ack = seg->ack,
		.window = seg->window, .flags = seg->flags,
	};
	struct host *h = seg->to;
	struct flow *f = &h->flows[seg->link];
	bool answer;

	if (f->state == F_DEAD)
		return;
	if (f->state == F_NONE) {
		if ((seg->flags & MPTCP_SEG_SYN) != 0)
			on_syn(h, seg);
		return;
	}
	if (seg->flags & MPTCP_SEG_RST) {
		if (f->known)
			(void)mptcp_core_segment_in(h->mp, f->sf, &in,
			    seg->opts, seg->optlen, now);
		flow_gone(h, seg->link, MPTCP_SFEND_RESET);
		run(h);
		return;
	}
	if (f->state == F_SYN_RCVD && !on_third_ack(h, f, seg)) {
		run(h);
		return;
	}
	if (f->state == F_SYN_SENT && f->first) {
		on_syn_ack(h, f, seg);
		run(h);
		return;
	}
	if (!f->known)
		return;
	if (mptcp_core_segment_in(h->mp, f->sf, &in, seg->opts, seg->optlen,
	    now) == MPTCP_SEG_CONTINUE) {
		if (f->state == F_SYN_SENT)
			on_syn_ack(h, f, seg);
		tcp_input(f, seg);
		answer = seg->len > 0 || (seg->flags & MPTCP_SEG_FIN) != 0;
		drain(h, seg->link);
		if (answer && f->known)
			send_ack(h, seg->link, MPTCP_SEG_ACK);
	}
	run(h);
}

/* Nothing is on the wire: on to the next timer.  False: there is none. */
static bool
advance(struct host *a, struct host *b)
{
	uint64_t at = UINT64_MAX, t;
	struct host *hosts[2] = { a, b };
	int i;

	for (i = 0; i < 2; i++) {
		if (hosts[i]->mp == NULL)
			continue;
		t = mptcp_core_next_timer(hosts[i]->mp);
		if (t < at)
			at = t;
	}
	if (at == UINT64_MAX)
		return (false);
	now = at > now ? at : now + 1000;
	for (i = 0; i < 2; i++) {
		if (hosts[i]->mp == NULL)
			continue;
		mptcp_core_on_timer(hosts[i]->mp, now);
		run(hosts[i]);
	}
	return (true);
}

static void
host_free(struct host *h)
{
	uint64_t token;
	int i;

	for (i = 0; i < MAXLINKS; i++) {
		/* With the MPCB or without: both are allowed. */
		mptcp_core_tx_free(i % 2 == 0 ? h->mp : NULL, h->flows[i].tx);
		free(h->flows[i].queue);
		free(h->flows[i].rcvq);
	}
	if (h->mp != NULL) {
		if (!mptcp_core_tokens_remove(h->tokens, h->token))
			fail("%s: the token is gone", h->name);
		while (mptcp_core_mpcb_teardown(h->mp, &token))
			free((void *)(uintptr_t)token);
	}
	mptcp_core_mpcb_free(h->mp);
	mptcp_core_tokens_free(h->tokens);
	free(h->so_snd);
	free(h->got);
}

static void
converse(struct host *a, struct host *b)
{
	uint8_t opts[MPTCP_OPT_MAX];
	struct flow *f = &a->flows[0];
	struct segment seg;
	size_t len;
	long steps;
	int why;

	flow_init(f);
	f->first = true;
	f->state = F_SYN_SENT;
	why = mptcp_core_opener_init(&f->opener, &a->config, a->tokens, 2);
	if (why != MPTCP_AGREED) {
		fail("%s: %s", a->name, mptcp_core_fallback_name(why));
		return;
	}
	len = mptcp_core_opener_syn_option(&f->opener, opts, sizeof(opts));
	send_plain(a, 0, MPTCP_SEG_SYN, opts, len);
	for (steps = 0; failure == NULL; steps++) {
		if (a->plain || b->plain || (a->closed && b->closed))
			break;
		if (steps > 2000000) {
			fail("no end");
			break;
		}
		if (next_segment(&seg)) {
			now += 10;
			input(&seg);
		} else if (!advance(a, b)) {
			fail("stuck: nothing on the wire and no timer");
			break;
		}
	}
	while (next_segment(&seg))
		continue;
}

static void
judge(struct host *h, const uint8_t *data, uint32_t bytes)
{

	if (h->error != MPTCP_END_DONE)
		fail("%s: ended with %s", h->name,
		    mptcp_core_end_name(h->error));
	if (!h->peer_closed)
		fail("%s: no end of file", h->name);
	if (h->got_len != bytes || memcmp(h->got, data, bytes) != 0)
		fail("%s: got %u of %u bytes, or others", h->name, h->got_len,
		    bytes);
}

struct driver_result
driver_run(uint64_t seed, uint32_t bytes, uint32_t checksum, uint32_t version,
    long fail_at)
{
	static const char extra[] = "10.2.0.1 10.3.0.1,backup";
	struct driver_result result;
	struct host a, b;
	uint8_t *data;
	uint32_t i;

	failure = NULL;
	now = 1000000;
	os_seed = seed;
	os_requests = os_blocks = 0;
	os_fail_at = fail_at;
	data = malloc(2 * bytes + 1);
	for (i = 0; i < 2 * bytes; i++)
		data[i] = (i * 2654435761u + (uint32_t)seed) >> 13;
	os_armed = true;
	host_init(&a, "a", &b, checksum, version);
	host_init(&b, "b", &a, 0, version);
	if (mptcp_core_addresses_parse(&a.addresses, extra, strlen(extra),
	    NULL) != 0)
		fail("addresses");
	a.to_send = data;
	b.to_send = data + bytes;
	a.to_send_len = b.to_send_len = a.got_max = b.got_max = bytes;
	a.got = malloc(bytes + 1);
	b.got = malloc(bytes + 1);
	if (a.tokens != NULL && b.tokens != NULL)
		converse(&a, &b);
	else
		a.plain = true;
	result.plain = a.plain || b.plain;
	if (!result.plain && failure == NULL) {
		judge(&a, data + bytes, bytes);
		judge(&b, data, bytes);
	}
	result.subflows = a.joined;
	host_free(&a);
	host_free(&b);
	os_armed = false;
	free(data);
	result.failure = failure;
	result.requests = os_requests;
	result.blocks = os_blocks;
	result.end = now;
	return (result);
}
