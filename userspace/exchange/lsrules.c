// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reads .lsrules files, which people share for Little Snitch. It must never take a rule for wider
 * than it stands there: what is in doubt is disabled, what cannot be said is left.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../util/cleanup.h"
#include "../util/format.h"
#include "lsrules.h"

static const char *const rule_keys[] = {
	"action", "process", "via", "remote", "remote-domains", "remote-hosts", "remote-addresses",
	"direction", "ports", "protocol", "priority", "disabled", "owner", "notes", "profile", NULL,
};

/* What says nothing that a rule of ours could. */
static const char *const mute_keys[] = {
	"creationDate", "modificationDate", "codeSignature", "approved", "protected", "hidden",
	"useCount", "lastUsed", "origin", "factoryID", "factoryHelpText", "uid", "group", NULL,
};

static const char *const top_keys[] = {
	"name", "description", "rules", "denied-remote-domains", "denied-remote-hosts",
	"denied-remote-addresses", "denied-remote-notes", NULL,
};

static bool is_among(const char *key, const char *const *keys)
{
	for (; *keys; keys++) {
		if (!strcmp(*keys, key))
			return true;
	}
	return false;
}

/* Some member as a word; NULL where it is absent, or no word (then the rule is left). */
static char *member_word(struct draft *d, const json_t *obj, const char *key, bool lower)
{
	const json_t *value = json_object_get(obj, key);
	_cleanup_free_ char *text = NULL;
	char *word;

	if (!value || json_is_null(value) || d->r)
		return NULL;
	text = source_text(value);
	word = text ? draft_word(text, lower) : NULL;
	if (!word)
		d->r = -ENOMEM;
	if (!d->r && !json_is_string(value) && !json_is_number(value)) {
		draft_leave(d, key, text, "a word is expected here");
		free(word);
		return NULL;
	}
	return word;
}

/* A key that nobody knows may be a slip, and what it should have said narrows the rule. */
static void read_unknown(struct draft *d, const json_t *obj)
{
	const char *key, *near;
	json_t *value;

	json_object_foreach((json_t *)obj, key, value) {
		if (is_among(key, rule_keys) || is_among(key, mute_keys))
			continue;
		near = draft_near(key, rule_keys);
		if (near)
			draft_disable(d, key, NULL, "no such key; is '%s' meant?", near);
		else if (!strcmp(key, "lifetime") || !strcmp(key, "expiryDate"))
			draft_disable(d, key, NULL, "when the rule ends is not carried over");
		else
			draft_change(d, key, NULL, "a key without meaning here");
	}
}

static void read_action(struct draft *d, const json_t *obj)
{
	static const char *const words[] = { "allow", "deny", "ask", NULL };
	static const uint32_t actions[] = { SNITCH_ALLOW, SNITCH_DENY, SNITCH_ASK };
	_cleanup_free_ char *word = member_word(d, obj, "action", true);
	const char *near;
	unsigned int i;

	if (d->r || d->left)
		return;
	d->rule->action = SNITCH_ASK;
	if (!word)
		return;
	for (i = 0; words[i]; i++) {
		if (!strcmp(word, words[i])) {
			d->rule->action = actions[i];
			return;
		}
	}
	near = draft_near(word, words);
	draft_leave(d, "action", word, "no action%s%s%s", near ? "; is '" : "", near ? near : "",
		    near ? "' meant?" : "");
}

/* "A via B": A is responsible, B connects. */
static void read_program(struct draft *d, const json_t *obj)
{
	_cleanup_free_ char *process = member_word(d, obj, "process", false);
	_cleanup_free_ char *via = member_word(d, obj, "via", false);
	struct rule_program *program = d->r ? NULL : &d->rule->program;

	if (d->r || d->left)
		return;
	if (!process && !via) {
		draft_disable(d, "process", NULL, "no process is named: taken as any");
		return;
	}
	if (!via || !*via) {
		program_read(d, program, "process", process);
		return;
	}
	program_read(d, program, "via", via);
	if (!process || !strcasecmp(process, "any") || d->r || d->left)
		return;
	program->child_of = calloc(1, sizeof(*program));
	if (!program->child_of)
		d->r = -ENOMEM;
	else
		program_read(d, program->child_of, "process", process);
}

static void read_keyword(struct draft *d, const json_t *obj)
{
	static const char *const words[] = {
		"any", "local-net", "multicast", "broadcast", "bonjour", "dns-servers", NULL,
	};
	static const enum rule_item_kind kinds[] = {
		RULE_I_ANY, RULE_I_LOCAL_NET, RULE_I_MULTICAST, RULE_I_BROADCAST, RULE_I_BONJOUR,
		RULE_I_DNS_SERVERS,
	};
	_cleanup_free_ char *word = member_word(d, obj, "remote", true);
	const char *near;
	unsigned int i;

	if (!word || d->r || d->left)
		return;
	for (i = 0; words[i]; i++) {
		if (!strcmp(word, words[i])) {
			draft_keyword(d, kinds[i]);
			return;
		}
	}
	if (!strcmp(word, "bpf")) {
		draft_leave(d, "remote", word,
			    "reading packets off a device is not judged here");
		return;
	}
	near = draft_near(word, words);
	draft_leave(d, "remote", word, "no such remote%s%s%s", near ? "; is '" : "",
		    near ? near : "", near ? "' meant?" : "");
}

static void read_remotes(struct draft *d, const json_t *obj)
{
	unsigned int i, keys = 0;
	size_t bad = 0;

	read_keyword(d, obj);
	keys += json_object_get(obj, "remote") ? 1 : 0;
	for (i = 0; i < REMOTE_KEYS && !d->r && !d->left; i++) {
		const json_t *value = json_object_get(obj, remote_keys[i]);

		if (!value || json_is_null(value))
			continue;
		keys++;
		bad += remotes_read(d, i, remote_keys[i], value,
				    place_member(d->at, remote_keys[i]));
	}
	if (d->r || d->left)
		return;
	if (!keys) {
		draft_disable(d, "remote", NULL, "no remote is named: taken as any");
		draft_keyword(d, RULE_I_ANY);
		return;
	}
	if (keys > 1)
		draft_disable(d, "remote", NULL,
			      "remotes under several keys: all of them are taken");
	if (!d->rule->n_items)
		draft_leave(d, NULL, NULL, "none of its remotes can be carried over");
	else
		d->src->x->n_left += bad;
}

static void read_ports(struct draft *d, const json_t *obj)
{
	const json_t *value = json_object_get(obj, "ports"), *one;
	_cleanup_free_ char *word = NULL;
	size_t i;

	if (!json_is_array(value)) {
		word = member_word(d, obj, "ports", true);
		if (word)
			draft_ports(d, "ports", word);
		return;
	}
	json_array_foreach(value, i, one) {
		_cleanup_free_ char *text = source_text(one);

		if (!text)
			d->r = -ENOMEM;
		else if (!json_is_string(one) && !json_is_number(one))
			draft_leave(d, "ports", text, "ports are numbers");
		else
			draft_ports(d, "ports", text);
	}
}

static void read_proto(struct draft *d, const json_t *obj)
{
	_cleanup_free_ char *word = member_word(d, obj, "protocol", true);

	if (word)
		draft_proto(d, "protocol", word);
}

/* Whose programs: ours have no "the system's", so that the nearest is taken and looked at. */
static void read_owner(struct draft *d, const json_t *obj)
{
	_cleanup_free_ char *word = member_word(d, obj, "owner", true);

	if (!word || d->r || d->left || !strcmp(word, "any") || !strcmp(word, "anyone"))
		return;
	if (!strcmp(word, "me")) {
		if (!d->src->x->options.one_user)
			draft_disable(d, "owner", word,
				      "about one user, and now for all: try --scope user");
		return;
	}
	if (strcmp(word, "system")) {
		draft_disable(d, "owner", word, "no owner is called so: taken as any");
		return;
	}
	if (d->src->x->options.one_user) {
		draft_leave(d, "owner", word,
			    "it is the administrator's: try --scope system");
		return;
	}
	d->rule->who = RULE_W_USER;
	d->rule->who_known = true;
	d->rule->who_name = strdup("root");
	if (!d->rule->who_name)
		d->r = -ENOMEM;
	draft_disable(d, "owner", word,
		      "the system's programs run as several users: taken as root");
}

static void read_priority(struct draft *d, const json_t *obj)
{
	_cleanup_free_ char *word = member_word(d, obj, "priority", true);

	if (!word || d->r || d->left || !strcmp(word, "regular") || !strcmp(word, "default"))
		return;
	d->rule->flags |= RULE_F_HIGH;
	if (strcmp(word, "high"))
		draft_disable(d, "priority", word, "no such priority: taken as high");
}

static void read_disabled(struct draft *d, const json_t *obj)
{
	const json_t *value = json_object_get(obj, "disabled");
	_cleanup_free_ char *text = NULL;

	if (!value || json_is_false(value) || json_is_null(value) || d->r)
		return;
	d->rule->flags |= RULE_F_DISABLED;
	if (json_is_true(value))
		return;
	text = source_text(value);
	draft_disable(d, "disabled", text, "true or false is expected here");
}

static void read_note(struct draft *d, const json_t *obj)
{
	const json_t *note = json_object_get(obj, "notes");
	_cleanup_free_ char *text = NULL;

	if (!note || json_is_null(note) || d->r)
		return;
	text = source_text(note);
	if (!text)
		d->r = -ENOMEM;
	else
		draft_note(d, text);
}

static void read_profile(struct draft *d, const json_t *obj)
{
	_cleanup_free_ char *word = member_word(d, obj, "profile", false);

	if (word && *word && !d->r)
		d->rule->profile = snitch_take_ptr(word);
}

/* Which ways: bit 0 outgoing, bit 1 incoming. */
static unsigned int read_direction(struct draft *d, const json_t *obj)
{
	_cleanup_free_ char *word = member_word(d, obj, "direction", true);

	if (!word || !strcmp(word, "outgoing") || !strcmp(word, "out"))
		return 1;
	if (!strcmp(word, "incoming") || !strcmp(word, "in"))
		return 2;
	if (!strcmp(word, "both") || !strcmp(word, "any"))
		return 3;
	draft_disable(d, "direction", word, "no direction: taken as outgoing");
	return 1;
}

static int read_rule(struct source *src, struct place at, const json_t *obj)
{
	unsigned int ways;
	struct draft d;
	int r;

	draft_begin(&d, src, at);
	if (!d.r && !json_is_object(obj)) {
		draft_leave(&d, NULL, NULL, "a rule is an object");
	} else if (!d.r) {
		read_action(&d, obj);
		read_unknown(&d, obj);
		read_program(&d, obj);
		read_remotes(&d, obj);
		read_proto(&d, obj);
		read_ports(&d, obj);
		read_owner(&d, obj);
		read_priority(&d, obj);
		read_note(&d, obj);
		read_profile(&d, obj);
		read_disabled(&d, obj);
		ways = read_direction(&d, obj);
		if (ways & 1)
			draft_finish(&d);
		if (ways & 2 && !d.r) {
			d.rule->flags |= RULE_F_IN;
			draft_finish(&d);
		}
	}
	r = d.r;
	draft_clear(&d);
	return r;
}

static int read_rules(struct source *src, const json_t *rules)
{
	struct place p = place_member(src->start, "rules");
	const json_t *one;
	size_t i;
	int r = 0;

	if (!json_is_array(rules))
		return source_leave(src, p, "rules", NULL, "an array is expected here");
	p = place_first(p);
	json_array_foreach(rules, i, one) {
		src->rule = i + 1;
		r = read_rule(src, p, one);
		if (r)
			break;
		p = place_next(p);
	}
	src->rule = 0;
	return r;
}

int lsrules_read(struct source *src, const json_t *root)
{
	const char *key;
	json_t *value;
	int r = 0;

	if (!json_is_object(root)) {
		r = source_leave(src, src->start, NULL, NULL, "an .lsrules file is a JSON object");
		return r ? r : -EINVAL;
	}
	json_object_foreach((json_t *)root, key, value) {
		const char *near = is_among(key, top_keys) ? NULL : draft_near(key, top_keys);

		if (r || is_among(key, top_keys))
			continue;
		if (near)
			r = source_leave(src, place_member(src->start, key), key, NULL,
					 "no such key; is '%s' meant?", near);
		else
			r = source_say(src, EXCHANGE_CHANGED, place_member(src->start, key), key,
				       NULL, "a key without meaning here");
	}
	value = json_object_get(root, "rules");
	if (!r && value)
		r = read_rules(src, value);
	return r ? r : denied_read(src, root);
}
