// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The commands that only ask the netlink family and print.
 * Must never hide an error: each ends as "netlink: TEXT" and status 1.
 */
#include <string.h>
#include <sys/socket.h>

#include "tool.h"

void open_family(struct nl *nl)
{
	int size = 1 << 20;
	int r = nl_open(nl);

	if (r)
		die(-r, "netlink family \"%s\" (is the module loaded?)", SNITCH_GENL_NAME);
	setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static int ask(struct nl *nl, uint8_t cmd, uint16_t flags, nl_attr_fn fn)
{
	int r;

	open_family(nl);
	nl_begin(nl, cmd, flags);
	r = nl_call_each(nl, fn);
	if (r)
		die(-r, "netlink");
	return 0;
}

static int dump(uint8_t cmd, nl_attr_fn fn)
{
	static struct nl nl;

	return ask(&nl, cmd, NLM_F_DUMP, fn);
}

static void print_status(const struct snitch_status *s)
{
	const uint32_t *limit = (const uint32_t *)&s->limits;
	unsigned int i;

	printf("generation %llu\ninstance %llx\ndecider_pid %u\ndecider_alive %u\nobservers %u\n",
	       s->generation, s->instance, s->decider_pid, s->decider_alive, s->observers);
	printf("parked %u\nheld %u\nparked_bytes %llu\nflows_tcp %u\nflows_other %u\nimages %u\n",
	       s->parked, s->held, s->parked_bytes, s->flows_tcp, s->flows_other, s->images);
	printf("cached %u\nrules %u\napps %u\narmed %u\nmode %u\nfail %s\n", s->cached, s->rules,
	       s->apps, s->armed, s->policy.mode, name_action(s->policy.fail));
	printf("kernel %s\nunmatched %s\nforward %s\n", name_action(s->policy.kernel),
	       name_action(s->policy.unmatched), name_forward(s->policy.forward));
	for (i = 0; i < ARRAY_SIZE(limit_names); i++)
		printf("%s %u\n", limit_names[i], limit[i]);
	for (i = 0; i < __SNITCH_C_MAX; i++)
		printf("%s %llu\n", counter_names[i], s->counter[i]);
}

static void print_flow(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	struct snitch_flow_info f;

	(void)nl;
	if (type != SNITCH_A_FLOW || len != sizeof(f))
		return;
	memcpy(&f, data, len);
	printf("cookie=%llu owner=%llu proto=%s local=%s:%u remote=%s:%u action=%s origin=%s",
	       f.cookie, f.owner, name_proto(f.proto), addr_text(f.family, f.saddr), f.sport,
	       addr_text(f.family, f.daddr), f.dport, name_action(f.action),
	       name_origin(f.origin));
	printf(" origin_id=%llu packets=%llu bytes=%llu netns=%u uid=%u pid=%u state=%u comm=",
	       f.origin_id, f.packets, f.bytes, f.netns, f.uid, f.pid, f.tcp_state);
	put_escaped(stdout, f.comm, strnlen(f.comm, sizeof(f.comm)));
	putchar('\n');
}

static void print_parked(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	struct snitch_parked_info p;

	(void)nl;
	if (type != SNITCH_A_PARKED || len != sizeof(p))
		return;
	memcpy(&p, data, len);
	printf("id=%llu owner=%llu proto=%s remote=%s:%u held=%u packets=%u bytes=%u until=%llu\n",
	       p.flow.hdr.id, p.flow.owner, name_proto(p.flow.proto),
	       addr_text(p.flow.family, p.flow.daddr), p.flow.dport, p.held, p.packets, p.bytes,
	       p.until);
}

static void print_rule(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	struct snitch_rule r;
	uint64_t hits;

	(void)nl;
	if (type == SNITCH_A_RULE && len == sizeof(r)) {
		memcpy(&r, data, len);
		printf("id=%llu rank=%u app=%u action=%s proto=%u ports=%u-%u flags=%x\n", r.id,
		       r.rank, r.app, name_action(r.action), r.proto, r.port_first, r.port_last,
		       r.flags);
	} else if (type == SNITCH_A_HITS && len == sizeof(hits)) {
		memcpy(&hits, data, len);
		printf("hits=%llu\n", (unsigned long long)hits);
	}
}

int cmd_status(int argc, char **argv)
{
	static struct nl nl;

	(void)argc;
	(void)argv;
	ask(&nl, SNITCH_CMD_GET_STATUS, 0, nl_take);
	if (nl.status_len != sizeof(nl.status))
		die(0, "status of %zu bytes, expected %zu", nl.status_len, sizeof(nl.status));
	print_status(&nl.status);
	return 0;
}

int cmd_flows(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return dump(SNITCH_CMD_GET_FLOWS, print_flow);
}

int cmd_parked(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return dump(SNITCH_CMD_GET_PARKED, print_parked);
}

int cmd_rules(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return dump(SNITCH_CMD_GET_RULES, print_rule);
}

static void print_cut(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	struct snitch_cut_done d;

	(void)nl;
	if (type != SNITCH_A_CUT_DONE || len != sizeof(d))
		return;
	memcpy(&d, data, len);
	printf("cut %u\nleft %u\n", d.cut, d.left);
}

int cmd_cut(int argc, char **argv)
{
	struct snitch_cut what = { .uid = SNITCH_UID_ANY };
	const char *program = NULL;
	static struct nl nl;
	int i, r;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "older"))
			what.flags |= SNITCH_CUT_OLDER;
		else if (i + 1 < argc && !strcmp(argv[i], "cookie"))
			what.cookie = number_of(argv[++i], UINT64_MAX);
		else if (i + 1 < argc && !strcmp(argv[i], "uid"))
			what.uid = number_of(argv[++i], UINT32_MAX);
		else if (i + 1 < argc && !strcmp(argv[i], "program"))
			program = argv[++i];
		else
			die(0, "unknown word '%s'", argv[i]);
	}
	open_family(&nl);
	nl_begin(&nl, SNITCH_CMD_CUT, 0);
	nl_put(&nl, SNITCH_A_CUT, &what, sizeof(what));
	if (program)
		nl_put(&nl, SNITCH_A_APP, program, strlen(program) + 1);
	r = nl_call_each(&nl, print_cut);
	if (r)
		die(-r, "cut: %s", nl.why);
	return 0;
}

int cmd_limits(int argc, char **argv)
{
	static struct nl nl;
	uint32_t limits[sizeof(struct snitch_limits) / sizeof(uint32_t)] = { 0 };
	int i, r;

	for (i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		size_t k;

		if (!value)
			die(0, "'%s' is not NAME=VALUE", argv[i]);
		*value++ = '\0';
		for (k = 0; k < LIMITS && strcmp(argv[i], limit_names[k]); k++)
			;
		if (k == LIMITS)
			die(0, "no limit '%s'", argv[i]);
		limits[k] = number_of(value, UINT32_MAX);
	}
	open_family(&nl);
	r = nl_with(&nl, SNITCH_CMD_SET_LIMITS, SNITCH_A_LIMITS, limits, sizeof(limits));
	if (r)
		die(-r, "limits");
	return 0;
}
