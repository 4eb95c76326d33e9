/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Copyright (c) 2026 The MPTCP for FreeBSD Project
 */

/*
 * A TCP that loses nothing: what the glue does around each call, in small.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define	MAXSEGMENTS	4096

_Thread_local uint64_t now;
_Thread_local const char *failure;

static _Thread_local struct segment *wire;
static _Thread_local unsigned int wire_head, wire_tail;

void
fail(const char *fmt, ...)
{
	static _Thread_local char text[200];
	va_list ap;

	if (failure != NULL)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	failure = text;
}

void
post(const struct segment *seg)
{

	if (wire == NULL)
		wire = calloc(MAXSEGMENTS, sizeof(*wire));
	if (wire_tail - wire_head == MAXSEGMENTS) {
		fail("the wire is full: an endless exchange");
		return;
	}
	wire[wire_tail++ % MAXSEGMENTS] = *seg;
}

bool
next_segment(struct segment *seg)
{

	if (wire_head == wire_tail)
		return (false);
	*seg = wire[wire_head++ % MAXSEGMENTS];
	return (true);
}

int
flow_of(const struct host *h, uint8_t sf)
{
	int i;

	for (i = 0; i < MAXLINKS; i++)
		if (h->flows[i].known && h->flows[i].sf == sf)
			return (i);
	return (-1);
}

static void
begin(struct segment *seg, struct host *h, int link, uint32_t flags)
{
	struct flow *f = &h->flows[link];

	memset(seg, 0, sizeof(*seg));
	seg->to = h->peer;
	seg->link = link;
	seg->flags = flags;
	seg->ssn = f->snd_nxt;
	seg->ack = f->rcv_nxt;
	seg->window = h->mp != NULL ? mptcp_core_rcv_window(h->mp) : SOCKBUF;
}

/* A segment whose options do not come from a mptcp_core_tx. */
void
send_plain(struct host *h, int link, uint32_t flags, const uint8_t *opts,
    size_t optlen)
{
	struct segment seg;

	begin(&seg, h, link, flags);
	if (flags & MPTCP_SEG_SYN)
		seg.ssn = 0;
	if (optlen > 0)
		memcpy(seg.opts, opts, optlen);
	seg.optlen = optlen;
	post(&seg);
}

static void
dress(struct flow *f, struct segment *seg)
{
	struct mptcp_core_seg_out out = {
		.ssn = seg->ssn, .len = seg->len, .flags = seg->flags,
	};

	/* TCP's own timestamps take 12 of the 40 bytes. */
	if (f->tx != NULL)
		seg->optlen = mptcp_core_tx_options(f->tx, &out, 28, seg->opts,
		    sizeof(seg->opts));
}

/* A segment without payload. */
void
send_ack(struct host *h, int link, uint32_t flags)
{
	struct flow *f = &h->flows[link];
	struct segment seg;

	if (f->known && h->mp != NULL)
		mptcp_core_sync_tx(h->mp, f->sf, f->tx);
	begin(&seg, h, link, flags);
	if (flags & MPTCP_SEG_SYN)
		seg.ssn = 0;
	dress(f, &seg);
	post(&seg);
}

/* Everything that is queued and was not sent; then the FIN. */
void
send_data(struct host *h, int link)
{
	struct flow *f = &h->flows[link];
	struct segment seg;
	uint32_t off, len;

	if (f->state != F_UP || !f->known || mptcp_core_tx_holds_data(f->tx))
		return;
	mptcp_core_sync_tx(h->mp, f->sf, f->tx);
	for (;;) {
		off = f->snd_nxt - f->snd_una;
		if (off >= f->queued)
			break;
		len = f->queued - off;
		if (len > MSS)
			len = MSS;
		len = mptcp_core_tx_clip(f->tx, f->snd_nxt, len);
		if (len == 0) {
			fail("%s: clip of nothing", h->name);
			return;
		}
		begin(&seg, h, link, MPTCP_SEG_ACK);
		seg.len = len;
		memcpy(seg.data, f->queue + off, len);
		dress(f, &seg);
		f->snd_nxt += len;
		post(&seg);
	}
	if (f->fin_wanted && !f->fin_sent) {
		f->fin_sent = true;
		send_ack(h, link, MPTCP_SEG_ACK | MPTCP_SEG_FIN);
		f->snd_nxt++;
	}
}

/* mp_get_map(), until there is nothing more for this flow. */
void
pull(struct host *h, int link)
{
	struct flow *f = &h->flows[link];
	struct mptcp_core_metrics metrics = {
		.srtt_us = 10000 * (link + 1), .rttvar_us = 1000, .cwnd = CWND,
		.in_flight = f->snd_nxt - f->snd_una, .mss = MSS,
	};
	struct mptcp_core_want want = { .mss = MSS };
	struct mptcp_core_grant grant;
	struct mptcp_core_sum sum;
	bool pending;

	if (f->state != F_UP || f->fin_wanted)
		return;
	mptcp_core_sync_tx(h->mp, f->sf, f->tx);
	while (!mptcp_core_tx_holds_data(f->tx) && f->queued < CWND) {
		want.room = CWND - f->queued;
		metrics.in_flight = f->queued;
		mptcp_core_subflow_metrics(h->mp, f->sf, &metrics);
		pending = mptcp_core_snd_pending(h->mp);
		if (mptcp_core_mp_get_map(h->mp, f->sf, f->tx, &want, &grant) !=
		    MPTCP_MAP_GRANTED)
			break;
		if (!pending) {
			fail("%s: granted, but nothing was pending", h->name);
			return;
		}
		if (grant.off + grant.len > h->so_snd_len ||
		    grant.len > want.room) {
			fail("%s: granted what is not there", h->name);
			return;
		}
		memset(&sum, 0, sizeof(sum));
		if (grant.need_sum) {
			/* In pieces, as mbufs have them. */
			uint32_t cut = grant.len / 3;

			mptcp_core_sum_add(&sum, h->so_snd + grant.off, cut);
			mptcp_core_sum_add(&sum, h->so_snd + grant.off + cut,
			    grant.len - cut);
		}
		if (!mptcp_core_map_commit(h->mp, f->sf, f->tx, &grant,
		    grant.need_sum ? &sum : NULL, now)) {
			fail("%s: a fresh grant is stale", h->name);
			return;
		}
		memcpy(f->queue + f->queued, h->so_snd + grant.off, grant.len);
		f->queued += grant.len;
	}
	send_data(h, link);
}

static void
application_reads(struct host *h, const uint8_t *data, uint32_t len)
{

	if (h->got_len + len > h->got_max) {
		fail("%s: more data than was sent", h->name);
		return;
	}
	memcpy(h->got + h->got_len, data, len);
	h->got_len += len;
}

static void
cut(struct flow *f, uint32_t len)
{

	if (len > f->rcvd) {
		fail("cuts off more than there is");
		len = f->rcvd;
	}
	f->rcvd -= len;
	memmove(f->rcvq, f->rcvq + len, f->rcvd);
}

/* A held buffer: its length is in front. */
static uint64_t
hold(const uint8_t *data, uint32_t len)
{
	uint8_t *buf = malloc(len + sizeof(len));

	memcpy(buf, &len, sizeof(len));
	memcpy(buf + sizeof(len), data, len);
	return ((uintptr_t)buf);
}

/* mp_do_reass(), until it says wait. */
void
drain(struct host *h, int link)
{
	struct flow *f = &h->flows[link];
	struct mptcp_core_step step;
	struct mptcp_core_sum sum;
	uint64_t token;

	while (f->known && mptcp_core_mp_do_reass(h->mp, f->sf, f->rcvd, now,
	    &step) != MPTCP_STEP_WAIT && failure == NULL) {
		switch (step.kind) {
		case MPTCP_STEP_SUM:
			memset(&sum, 0, sizeof(sum));
			mptcp_core_sum_add(&sum, f->rcvq, step.len);
			mptcp_core_rx_sum(h->mp, f->sf, &sum, now);
			break;
		case MPTCP_STEP_DISCARD:
			cut(f, step.len);
			break;
		case MPTCP_STEP_DELIVER:
			application_reads(h, f->rcvq + step.skip, step.len);
			cut(f, step.skip + step.len + step.cut);
			break;
		case MPTCP_STEP_HOLD:
			token = hold(f->rcvq + step.skip, step.len);
			cut(f, step.skip + step.len + step.cut);
			if (mptcp_core_rx_hold(h->mp, token) != 0)
				free((void *)(uintptr_t)token);
			break;
		case MPTCP_STEP_DELIVER_HELD:
			application_reads(h, (uint8_t *)(uintptr_t)step.token +
			    sizeof(uint32_t) + step.skip, step.len);
			/* FALLTHROUGH */
		case MPTCP_STEP_FREE_HELD:
			free((void *)(uintptr_t)step.token);
			break;
		default:
			fail("step %u", step.kind);
		}
	}
	if (f->known && f->fin_rcvd && f->rcvd == 0 && !f->fin_told) {
		f->fin_told = true;
		mptcp_core_subflow_fin(h->mp, f->sf, now);
	}
}

/* The flow's TCP is gone. */
void
flow_gone(struct host *h, int link, int how)
{
	struct flow *f = &h->flows[link];

	if (f->known) {
		mptcp_core_subflow_closed(h->mp, f->sf, how, now);
		mptcp_core_tx_free(h->mp, f->tx);
		f->tx = NULL;
		f->known = false;
	}
	f->state = F_DEAD;
}
