// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `snitch review`: rules out of what no rule decided. It must never write one that was not shown,
 * or named by its id.
 */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"
#include "../util/netname.h"
#include "past.h"
#include "review.h"

/* ---- gathering --------------------------------------------------------------------------------- */

struct gathering {
	struct review *review;
	bool no_memory;
};

/* What a rule of today decides needs no other one. */
static bool take_row(void *ctx, json_t *row)
{
	struct gathering *g = ctx;
	struct past_flow p;

	if (past_flow(row, &p))
		return false;
	if (proposal_wants(&p.flow) && !value_str(row, "today_rule", NULL) &&
	    proposals_add(&g->review->all, &p.flow))
		g->no_memory = true;
	past_flow_clear(&p);
	return g->no_memory;
}

static int gather(struct review *r, const struct past_filter *filter)
{
	struct gathering g = { .review = r };
	struct past_filter judged = *filter;
	int code;

	judged.judge = true;
	code = past_read(r->cli, &judged, take_row, &g);
	if (!code && (g.no_memory || proposals_finish(&r->all, r->own))) {
		out_error("no memory");
		code = CLI_FAILED;
	}
	return code;
}

/* ---- words --------------------------------------------------------------------------------------- */

char *review_sentence(const struct proposal *p, const char *action)
{
	return snitch_format("%s%s", action, strchr(p->rule, ' '));
}

void review_seen(const struct review *r, const struct proposal *p, char *buf, size_t size)
{
	unsigned long long times = p->allowed + p->refused;
	char first[24], last[24], refused[48] = "";

	past_time(p->first, r->now, first, sizeof(first));
	past_time(p->last, r->now, last, sizeof(last));
	if (p->refused && p->allowed)
		snprintf(refused, sizeof(refused), ", %llu of them refused",
			 (unsigned long long)p->refused);
	else if (p->refused)
		snprintf(refused, sizeof(refused), ", refused");
	if (strcmp(first, last))
		snprintf(buf, size, "%llu time%s%s; %s to %s", times, times == 1 ? "" : "s", refused,
			 first, last);
	else
		snprintf(buf, size, "%llu time%s%s; %s", times, times == 1 ? "" : "s", refused, last);
}

static void address_text(const struct proposal *p, unsigned int i, char buf[SNITCH_ADDR_TEXT])
{
	snitch_addr_format(p->addresses[i].family, p->addresses[i].addr, buf);
}

char *review_names(const struct proposal *p)
{
	char address[SNITCH_ADDR_TEXT], *out = NULL;
	unsigned int i;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	if (!f)
		return NULL;
	for (i = 0; i < p->n_names; i++)
		fprintf(f, "%s%s", i ? ", " : "", p->names[i]);
	for (i = 0; i < p->n_addresses; i++) {
		address_text(p, i, address);
		fprintf(f, "%s%s", i ? ", " : p->n_names ? " at " : "", address);
	}
	fclose(f);
	return out;
}

void review_user(const struct proposal *p, char *buf, size_t size)
{
	const struct passwd *pw = getpwuid(p->uid);

	if (pw)
		snprintf(buf, size, "%s", pw->pw_name);
	else
		snprintf(buf, size, "%u", p->uid);
}

/* ---- without a conversation ---------------------------------------------------------------------- */

static void print_one(const struct review *r, const struct proposal *p)
{
	_cleanup_free_ char *names = review_names(p);
	_cleanup_free_ char *program = snitch_escape_str(p->program);
	char seen[160], user[64];

	review_seen(r, p, seen, sizeof(seen));
	review_user(p, user, sizeof(user));
	if (p->rule) {
		out_printf("%s  ", p->id);
		out_colour(r->cli, 1, p->rule);
		out_printf("\n          %s, user %s\n          ", seen, user);
		out_wrapped(10, names ? names : "");
	} else {
		out_printf("not proposed: %s, user %s, %s\n          ", program ? program : "?", user,
			   seen);
		out_wrapped(10, p->why_not);
	}
}

static int print_list(const struct review *r)
{
	size_t i;

	for (i = 0; i < r->all.n; i++)
		print_one(r, r->all.list[i]);
	if (!r->all.n)
		out_printf("nothing to review: rules decided all that is in the history\n");
	if (r->all.left_out)
		out_printf("and %llu lines of the history more; review again with --program or --since\n",
			   (unsigned long long)r->all.left_out);
	return CLI_OK;
}

/* Rules are ASCII or UTF-8, mostly; what is not comes out escaped. */
static json_t *json_text(const char *text)
{
	_cleanup_free_ char *safe = NULL;
	json_t *value = json_string(text);

	if (value)
		return value;
	safe = snitch_escape_str(text);
	return json_string(safe ? safe : "?");
}

static json_t *json_one(const struct proposal *p)
{
	_cleanup_free_ char *program = snitch_escape_str(p->program);
	json_t *names = json_array(), *addresses = json_array(), *ports = json_array(), *o;
	char address[SNITCH_ADDR_TEXT], user[64], number[8];
	unsigned int i;

	for (i = 0; i < p->n_names; i++)
		json_array_append_new(names, json_text(p->names[i]));
	for (i = 0; i < p->n_addresses; i++) {
		address_text(p, i, address);
		json_array_append_new(addresses, json_string(address));
	}
	for (i = 0; i < p->n_ports; i++)
		json_array_append_new(ports, json_integer(p->ports[i]));
	review_user(p, user, sizeof(user));
	o = json_pack("{s:s,s:I,s:s,s:s,s:o,s:o,s:o,s:I,s:I,s:I,s:I}", "program",
		      program ? program : "?", "uid", (json_int_t)p->uid, "user", user, "proto",
		      snitch_proto_name(p->addresses[0].family, p->proto, number, sizeof(number)),
		      "names", names, "addresses", addresses, "ports", ports, "allowed",
		      (json_int_t)p->allowed, "refused", (json_int_t)p->refused, "first",
		      (json_int_t)p->first, "last", (json_int_t)p->last);
	if (p->rule) {
		json_object_set_new(o, "id", json_string(p->id));
		json_object_set_new(o, "rule", json_text(p->rule));
	} else {
		json_object_set_new(o, "why_not", json_string(p->why_not));
	}
	return o;
}

static int print_json(const struct review *r)
{
	json_t *proposals = json_array(), *others = json_array();
	size_t i;

	for (i = 0; i < r->all.n; i++)
		json_array_append_new(r->all.list[i]->rule ? proposals : others,
				      json_one(r->all.list[i]));
	return out_json(json_pack("{s:i,s:o,s:o,s:I}", "schema", 1, "proposals", proposals,
				  "not_proposed", others, "left_out", (json_int_t)r->all.left_out));
}

/* ---- accepting ------------------------------------------------------------------------------------ */

int review_accept(struct review *r, const struct proposal *p, const char *text, json_t **id)
{
	return cli_call_json(r->cli, "AddRule", id, "ss", text, p->uid == r->own ? "user" : "system");
}

static const struct proposal *find(const struct review *r, const char *id)
{
	size_t i;

	for (i = 0; i < r->all.n; i++) {
		if (r->all.list[i]->rule && !strcmp(r->all.list[i]->id, id))
			return r->all.list[i];
	}
	return NULL;
}

static int accept_one(struct review *r, const char *id, const char *action, json_t *done)
{
	const struct proposal *p = find(r, id);
	_cleanup_free_ char *text = p ? review_sentence(p, action) : NULL;
	json_t *rule = NULL;
	int code;

	if (!p) {
		out_error("there is no proposal '%s' (any more): it changes when something new was seen; "
			  "see `snitch review`", id);
		return CLI_NOT_FOUND;
	}
	code = text ? review_accept(r, p, text, &rule) : CLI_FAILED;
	if (code)
		return code;
	if (!r->cli->json)
		out_printf("%s  %s\n", json_string_value(rule) ? json_string_value(rule) : "?", text);
	json_array_append_new(done, json_pack("{s:s,s:o,s:o}", "proposal", id, "rule_id", rule,
					      "rule", json_text(text)));
	return CLI_OK;
}

/* ---- the command ---------------------------------------------------------------------------------- */

struct wishes {
	struct past_filter filter;
	json_t *ids;		/* id -> "allow" or "deny" */
};

static int take_ids(struct wishes *w, int argc, char **argv, int *taken)
{
	const char *action = strcmp(argv[0], "--accept") ? "deny" : "allow";

	for (*taken = 1; *taken < argc && argv[*taken][0] != '-'; (*taken)++) {
		if (strlen(argv[*taken]) != 8)
			return out_usage("'%s' is no id of a proposal; `snitch review --json` shows them",
					 argv[*taken]);
		if (json_object_set_new(w->ids, argv[*taken], json_string(action)))
			return CLI_USAGE;
	}
	return *taken > 1 ? CLI_OK : out_usage("%s wants ids of proposals", argv[0]);
}

static int take_options(struct wishes *w, int argc, char **argv)
{
	int code, taken;

	for (; argc; argc -= taken, argv += taken) {
		taken = 2;
		if (!strcmp(argv[0], "--accept") || !strcmp(argv[0], "--deny"))
			code = take_ids(w, argc, argv, &taken);
		else
			code = past_option(&w->filter, argv[0], argc > 1 ? argv[1] : NULL);
		if (code < 0)
			return out_usage("review takes --since, --program, --verdict, --user, --accept ID... and --deny ID..., not '%s'",
					 argv[0]);
		if (code)
			return code;
	}
	return CLI_OK;
}

static int accept_all(struct review *r, json_t *ids)
{
	json_t *done = json_array(), *action;
	const char *id;
	int code = CLI_OK;

	json_object_foreach(ids, id, action) {
		int rc = accept_one(r, id, json_string_value(action), done);

		code = rc ? rc : code;
	}
	if (r->cli->json)
		out_json(json_pack("{s:O}", "accepted", done));
	json_decref(done);
	return code;
}

static int show(struct review *r, json_t *ids)
{
	int code;

	if (json_object_size(ids))
		return accept_all(r, ids);
	if (r->cli->json)
		return print_json(r);
	code = r->all.n && r->all.list[0]->rule ? review_ask(r) : -1;
	return code < 0 ? print_list(r) : code;
}

int cmd_review(struct cli *cli, int argc, char **argv)
{
	struct review r = { .cli = cli, .own = geteuid() ? geteuid() : HISTORY_ANY_UID,
			    .now = time(NULL) };
	struct wishes w = { .filter = PAST_ALL, .ids = json_object() };
	int code = take_options(&w, argc, argv);

	if (!code)
		code = gather(&r, &w.filter);
	if (!code)
		code = show(&r, w.ids);
	proposals_free(&r.all);
	json_decref(w.ids);
	return code;
}
