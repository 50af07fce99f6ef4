// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the far end's counters say: those of table `inet far` in namespace f, which lib.sh makes.
 * nft and jq say the same for four times the instructions, and cases ask often.
 * Must never say 0 where there is no counter: that is an error.
 *
 * far-count reset                       from zero
 * far-count packets|bytes total|nd      of a counter by name: everything but neighbour discovery; that
 * far-count packets|bytes PROTO [PORT]  of protocol PROTO, a number, to PORT if it has ports
 *
 * Messages: linux/netfilter/nf_tables.h; several fields of a key are each filled up to 4 bytes.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TABLE	"far"

static char out[1024];
static size_t out_len;
static uint32_t seq;

static void fail(const char *what, int err)
{
	fprintf(stderr, "far-count: %s: %s\n", what, strerror(err));
	exit(1);
}

/* ---- requests ---- */

static struct nlmsghdr *begin(uint16_t type, uint16_t flags, uint16_t res_id)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(out + out_len);
	struct nfgenmsg *g = NLMSG_DATA(h);

	h->nlmsg_type = type;
	h->nlmsg_flags = NLM_F_REQUEST | flags;
	h->nlmsg_seq = ++seq;
	h->nlmsg_len = NLMSG_LENGTH(sizeof(*g));
	g->nfgen_family = NFPROTO_INET;
	g->res_id = htons(res_id);
	out_len += h->nlmsg_len;
	return h;
}

static struct nlmsghdr *begin_nft(uint16_t cmd, uint16_t flags)
{
	return begin(NFNL_SUBSYS_NFTABLES << 8 | cmd, flags, 0);
}

static void put_string(struct nlmsghdr *h, uint16_t type, const char *s)
{
	struct nlattr *a = (struct nlattr *)(out + out_len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + strlen(s) + 1;
	memcpy((char *)a + NLA_HDRLEN, s, strlen(s) + 1);
	out_len += NLA_ALIGN(a->nla_len);
	h->nlmsg_len += NLA_ALIGN(a->nla_len);
}

/* ---- answers ---- */

typedef void (*attr_fn)(uint16_t type, const void *data, size_t len, void *ctx);

static void each_attr(const void *data, size_t len, attr_fn fn, void *ctx)
{
	const char *p = data, *end = p + len;

	while (end - p >= NLA_HDRLEN) {
		const struct nlattr *a = (const struct nlattr *)p;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > end - p)
			fail("an attribute", EBADMSG);
		fn(a->nla_type & NLA_TYPE_MASK, p + NLA_HDRLEN, a->nla_len - NLA_HDRLEN, ctx);
		if (NLA_ALIGN(a->nla_len) >= end - p)
			return;
		p += NLA_ALIGN(a->nla_len);
	}
}

/* Sends what is there, and reads until the answer to the last message. */
static void call(const char *what, attr_fn fn, void *ctx)
{
	static char in[1 << 16];
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER), err = 1;

	if (fd < 0 || send(fd, out, out_len, 0) < 0)
		fail(what, errno);
	while (err > 0) {
		ssize_t n = recv(fd, in, sizeof(in), 0);
		const struct nlmsghdr *h = (const struct nlmsghdr *)in;

		if (n < 0)
			fail(what, errno);
		for (; err > 0 && NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_flags & NLM_F_DUMP_INTR)
				err = -EINTR;
			else if (h->nlmsg_type == NLMSG_ERROR)
				err = ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
			else if (h->nlmsg_type == NLMSG_DONE)
				err = 0;
			else if (fn)
				each_attr((const char *)NLMSG_DATA(h) + sizeof(struct nfgenmsg),
					  h->nlmsg_len - NLMSG_LENGTH(sizeof(struct nfgenmsg)), fn, ctx);
		}
	}
	close(fd);
	out_len = 0;
	if (err)
		fail(what, -err);
}

/*
 * struct wanted - what is looked for, and what was found
 * @field: NFTA_COUNTER_PACKETS or _BYTES
 * @name: of a counter; NULL: @key of a set
 * @is: the one looked at is it
 * @counted: and it has a counter
 * @value: of the one looked at
 */
struct wanted {
	uint16_t field;
	const char *name;
	uint8_t key[8];
	size_t key_len;
	int is;
	int counted;
	uint64_t value;
	uint64_t sum;
	int found;
};

static void take_counter(uint16_t type, const void *data, size_t len, void *ctx)
{
	struct wanted *w = ctx;
	uint64_t value;

	if (type != w->field || len != sizeof(value))
		return;
	memcpy(&value, data, len);
	w->value = be64toh(value);
	w->counted = 1;
}

static void take_object(uint16_t type, const void *data, size_t len, void *ctx)
{
	struct wanted *w = ctx;

	if (type == NFTA_OBJ_NAME)
		w->is = len == strlen(w->name) + 1 && !memcmp(data, w->name, len);
	else if (type == NFTA_OBJ_DATA && w->is) {
		each_attr(data, len, take_counter, w);
		w->sum = w->value;
		w->found = 1;
	}
}

static void take_expr(uint16_t type, const void *data, size_t len, void *ctx)
{
	if (type == NFTA_EXPR_DATA)
		each_attr(data, len, take_counter, ctx);
}

static void take_key(uint16_t type, const void *data, size_t len, void *ctx)
{
	struct wanted *w = ctx;

	if (type != NFTA_DATA_VALUE)
		return;
	if (len != w->key_len)
		fail("a key of another length", EBADMSG);
	w->is = !memcmp(data, w->key, len);
}

static void take_element(uint16_t type, const void *data, size_t len, void *ctx)
{
	if (type == NFTA_SET_ELEM_KEY)
		each_attr(data, len, take_key, ctx);
	else if (type == NFTA_SET_ELEM_EXPR)
		each_attr(data, len, take_expr, ctx);
}

static void take_list(uint16_t type, const void *data, size_t len, void *ctx)
{
	struct wanted *w = ctx;

	(void)type;
	w->is = 0;
	w->counted = 0;
	each_attr(data, len, take_element, w);
	if (!w->counted)
		fail("an element without a counter", EBADMSG);
	if (w->is)
		w->sum += w->value;
}

static void take_set(uint16_t type, const void *data, size_t len, void *ctx)
{
	if (type == NFTA_SET_ELEM_LIST_ELEMENTS)
		each_attr(data, len, take_list, ctx);
}

/* ---- what it does ---- */

static void reset(void)
{
	static const char * const sets[] = { "ports", "protos" };
	struct nlmsghdr *h = begin_nft(NFT_MSG_GETOBJ_RESET, NLM_F_DUMP);
	size_t i;

	put_string(h, NFTA_OBJ_TABLE, TABLE);
	call("resetting the counters", NULL, NULL);
	begin(NFNL_MSG_BATCH_BEGIN, 0, NFNL_SUBSYS_NFTABLES);
	for (i = 0; i < 2; i++) {
		h = begin_nft(NFT_MSG_DELSETELEM, i ? NLM_F_ACK : 0);
		put_string(h, NFTA_SET_ELEM_LIST_TABLE, TABLE);
		put_string(h, NFTA_SET_ELEM_LIST_SET, sets[i]);
	}
	begin(NFNL_MSG_BATCH_END, 0, NFNL_SUBSYS_NFTABLES);
	call("emptying the sets", NULL, NULL);
}

static void count(struct wanted *w, const char *set)
{
	struct nlmsghdr *h = begin_nft(set ? NFT_MSG_GETSETELEM : NFT_MSG_GETOBJ, NLM_F_DUMP);

	put_string(h, set ? NFTA_SET_ELEM_LIST_TABLE : NFTA_OBJ_TABLE, TABLE);
	if (set)
		put_string(h, NFTA_SET_ELEM_LIST_SET, set);
	call("reading the counters", set ? take_set : take_object, w);
	if (!set && !w->found)
		fail(w->name, ENOENT);
	printf("%llu\n", (unsigned long long)w->sum);
}

static unsigned long number(const char *s, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	if (*s < '0' || *s > '9' || *end || n > max)
		fail(s, EINVAL);
	return n;
}

int main(int argc, char **argv)
{
	struct wanted w = { .field = NFTA_COUNTER_PACKETS };
	int fd = open("/run/netns/f", O_RDONLY | O_CLOEXEC);
	uint16_t port;

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		fail("namespace f", errno);
	if (argc == 2 && !strcmp(argv[1], "reset")) {
		reset();
		return 0;
	}
	if (argc < 3 || argc > 4 || (strcmp(argv[1], "packets") && strcmp(argv[1], "bytes"))) {
		fprintf(stderr, "usage: far-count reset | packets|bytes total|nd|PROTO [PORT]\n");
		return 2;
	}
	if (argv[1][0] == 'b')
		w.field = NFTA_COUNTER_BYTES;
	if (!strcmp(argv[2], "total") || !strcmp(argv[2], "nd")) {
		w.name = argv[2][0] == 't' ? "everything" : "nd";
		count(&w, NULL);
		return 0;
	}
	w.key[0] = number(argv[2], UINT8_MAX);
	w.key_len = 1;
	if (argc == 4) {
		port = htons(number(argv[3], UINT16_MAX));
		memcpy(w.key + 4, &port, sizeof(port));
		w.key_len = 8;
	}
	count(&w, argc == 4 ? "ports" : "protos");
	return 0;
}
