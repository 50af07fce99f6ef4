/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other end of a netlink socket in memory: takes requests, hands out hand-made answers,
 * right or wrong. It must never open a socket.
 */
#ifndef SNITCH_TESTS_NLWIRE_H
#define SNITCH_TESTS_NLWIRE_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nl.h"

#define WIRE_FAMILY	0x1c
#define WIRE_GRAMS	128	/* datagrams, and requests, that a wire keeps */
#define WIRE_SIZE	32768	/* bytes of one */

struct wire_gram {
	size_t len;
	_Alignas(8) unsigned char bytes[WIRE_SIZE];
};

/**
 * struct wire - one socket's other end
 * @seq: that the next request will have, or the last one had
 * @last: number of the last request; counted here, so that each run is the same
 * @end: libnl's error when no datagram is left to be received
 * @in: what will be received, from @next on
 * @out: what was sent
 * @answer: called after each request, to make its answer; may be NULL
 */
struct wire {
	struct nl_sock *sock;
	uint32_t seq, last;
	int end;
	struct wire_gram in[WIRE_GRAMS], out[WIRE_GRAMS];
	unsigned int n_in, next, n_out;
	void (*answer)(struct wire *w, int cmd);
};

/* libnl gives its callbacks no context: one wire at a time. */
static struct wire *wire_now;

static inline void wire_check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "nlwire: %s\n", what);
	abort();
}

static int wire_send(struct nl_sock *sock, struct nl_msg *msg)
{
	struct nlmsghdr *h = nlmsg_hdr(msg);
	struct wire *w = wire_now;
	struct wire_gram *g = &w->out[w->n_out];

	wire_check(sock == w->sock && w->n_out < WIRE_GRAMS, "too many requests");
	wire_check(h->nlmsg_len <= WIRE_SIZE, "a request too long");
	h->nlmsg_seq = ++w->last;
	w->seq = w->last;
	memcpy(g->bytes, h, h->nlmsg_len);
	g->len = h->nlmsg_len;
	w->n_out++;
	if (w->answer)
		w->answer(w, genlmsg_hdr((struct nlmsghdr *)g->bytes)->cmd);
	return (int)g->len;
}

/* An exact copy on the heap, so that ASan sees one byte too much. */
static int wire_recv(struct nl_sock *sock, struct sockaddr_nl *from, unsigned char **buf,
		     struct ucred **creds)
{
	struct wire *w = wire_now;
	const struct wire_gram *g = &w->in[w->next];

	wire_check(sock == w->sock, "another socket");
	if (creds)
		*creds = NULL;
	if (w->next == w->n_in)
		return -w->end;
	w->next++;
	memset(from, 0, sizeof(*from));
	from->nl_family = AF_NETLINK;
	*buf = NULL;
	if (!g->len)
		return 0;
	*buf = malloc(g->len);
	wire_check(*buf, "no memory");
	memcpy(*buf, g->bytes, g->len);
	return (int)g->len;
}

/* Nothing sent, nothing to receive. */
static inline void wire_reset(struct wire *w)
{
	w->n_in = 0;
	w->next = 0;
	w->n_out = 0;
	w->seq = w->last + 1;
}

static inline struct wire *wire_new(void)
{
	struct wire *w = calloc(1, sizeof(*w));
	struct nl_cb *cb;

	wire_check(w, "no memory");
	w->sock = nl_socket_alloc();
	wire_check(w->sock, "no memory");
	cb = nl_socket_get_cb(w->sock);
	nl_cb_overwrite_send(cb, wire_send);
	nl_cb_overwrite_recv(cb, wire_recv);
	nl_cb_put(cb);
	w->end = NLE_AGAIN;
	wire_reset(w);
	wire_now = w;
	return w;
}

static inline void wire_free(struct wire *w)
{
	nl_socket_free(w->sock);
	free(w);
	wire_now = NULL;
}

/* ---- answers ---- */

static inline void wire_gram(struct wire *w)
{
	wire_check(w->n_in < WIRE_GRAMS, "too many datagrams");
	w->in[w->n_in++].len = 0;
}

static inline void *wire_bytes(struct wire *w, const void *data, size_t len)
{
	struct wire_gram *g = &w->in[w->n_in - 1];
	void *at = g->bytes + g->len;

	wire_check(w->n_in && g->len + NLMSG_ALIGN(len) <= WIRE_SIZE, "a datagram too long");
	memset(at, 0, NLMSG_ALIGN(len));
	if (data)
		memcpy(at, data, len);
	g->len += NLMSG_ALIGN(len);
	return at;
}

/* A header; its length is what follows up to wire_end(). */
static inline struct nlmsghdr *wire_msg(struct wire *w, int type, int flags)
{
	struct nlmsghdr *h = wire_bytes(w, NULL, NLMSG_HDRLEN);

	h->nlmsg_type = type;
	h->nlmsg_flags = flags;
	h->nlmsg_seq = w->seq;
	return h;
}

static inline void wire_end(struct wire *w, struct nlmsghdr *h)
{
	struct wire_gram *g = &w->in[w->n_in - 1];

	h->nlmsg_len = g->bytes + g->len - (unsigned char *)h;
}

static inline struct nlmsghdr *wire_genl(struct wire *w, int cmd, int flags)
{
	struct genlmsghdr g = { .cmd = cmd, .version = SNITCH_GENL_VERSION };
	struct nlmsghdr *h = wire_msg(w, WIRE_FAMILY, flags);

	wire_bytes(w, &g, sizeof(g));
	return h;
}

static inline void wire_attr(struct wire *w, int type, const void *data, size_t len)
{
	struct nlattr a = { .nla_type = type, .nla_len = NLA_HDRLEN + len };

	wire_bytes(w, &a, sizeof(a));
	wire_bytes(w, data, len);
}

/* A whole message with one attribute. */
static inline void wire_one(struct wire *w, int cmd, int flags, int type, const void *data,
			    size_t len)
{
	struct nlmsghdr *h = wire_genl(w, cmd, flags);

	wire_attr(w, type, data, len);
	wire_end(w, h);
}

/* An ack (@err 0) or an error, with the kernel's @text; the request is quoted without CAPPED. */
static inline void wire_ack(struct wire *w, int err, const char *text, int flags)
{
	struct nlmsghdr *h = wire_msg(w, NLMSG_ERROR, flags | (text ? NLM_F_ACK_TLVS : 0));
	struct nlmsgerr e = { .error = err, .msg = { .nlmsg_len = 84, .nlmsg_seq = w->seq } };

	wire_bytes(w, &e, sizeof(e));
	if (!(flags & NLM_F_CAPPED))
		wire_bytes(w, NULL, e.msg.nlmsg_len - sizeof(e.msg));
	if (text)
		wire_attr(w, NLMSGERR_ATTR_MSG, text, strlen(text) + 1);
	wire_end(w, h);
}

/* The end of a dump. */
static inline void wire_done(struct wire *w, int err, const char *text, int flags)
{
	struct nlmsghdr *h = wire_msg(w, NLMSG_DONE,
				      flags | NLM_F_MULTI | (text ? NLM_F_ACK_TLVS : 0));

	wire_bytes(w, &err, sizeof(err));
	if (text)
		wire_attr(w, NLMSGERR_ATTR_MSG, text, strlen(text) + 1);
	wire_end(w, h);
}

#endif
