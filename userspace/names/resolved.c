// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names out of systemd-resolved's messages. Records are put into a DNS message and read as one, so
 * that there is one way from a question to its addresses. It must never make a verified name.
 */
#include "resolved.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <jansson.h>
#include <resolv.h>
#include <string.h>

#define MESSAGE_MAX	16384

struct message {
	uint8_t b[MESSAGE_MAX];
	size_t n;
};

static int put(struct message *m, const void *bytes, size_t n)
{
	if (n > sizeof(m->b) - m->n)
		return -EMSGSIZE;
	memcpy(m->b + m->n, bytes, n);
	m->n += n;
	return 0;
}

/* A header, and one question about @name. */
static int put_question(struct message *m, const char *name, uint16_t type)
{
	const uint8_t head[NS_HFIXEDSZ] = { 0, 0, 0x81, 0x80, 0, 1 };
	const uint8_t tail[] = { type >> 8, type, 0, ns_c_in };
	uint8_t labels[NS_MAXCDNAME];
	int n;

	n = ns_name_compress(name, labels, sizeof(labels), NULL, NULL);
	m->n = 0;
	if (n < 0 || put(m, head, sizeof(head)) || put(m, labels, n) || put(m, tail, sizeof(tail)))
		return -EBADMSG;
	return 0;
}

/* A record as it is on the wire, which resolved gives as well as in words. */
static int put_record(struct message *m, const json_t *entry)
{
	const char *raw = json_string_value(json_object_get(entry, "raw"));
	uint8_t bytes[2048];
	int n;

	n = raw ? b64_pton(raw, bytes, sizeof(bytes)) : -1;
	/* what is no whole record would spoil those behind it: dns_parse() gives up there */
	if (n <= 0 || put(m, bytes, n))
		return -EBADMSG;
	m->b[7]++;
	return 0;
}

static const char *key_of(const json_t *question, json_int_t *type)
{
	const json_t *class = json_object_get(question, "class");

	*type = json_integer_value(json_object_get(question, "type"));
	if (!json_is_integer(class) || json_integer_value(class) != ns_c_in ||
	    (*type != ns_t_a && *type != ns_t_aaaa))
		return NULL;
	return json_string_value(json_object_get(question, "name"));
}

/* The addresses that the records of @answer give for @question. */
static int read_answer(const json_t *question, const json_t *answer, struct dns_message *out)
{
	static struct message m;
	const char *name;
	json_int_t type;
	size_t i;

	name = key_of(question, &type);
	if (!name || put_question(&m, name, type))
		return -EBADMSG;
	for (i = 0; i < json_array_size(answer) && i < RESOLVED_RECORDS_MAX; i++)
		put_record(&m, json_array_get(answer, i));
	return dns_parse(m.b, m.n, out);
}

static int learn(struct names *names, const char *name, const struct dns_message *m,
		 uint32_t netns, uint64_t now)
{
	char clean[DNS_NAME_SIZE];
	struct name_fact fact = {
		.scope = NAMES_SCOPE_RESOLVED, .netns = netns, .source = NAME_BY_RESOLVED, .name = clean, .now = now,
		.until = names_until(now, m->ttl),
	};
	unsigned int i, n = 0;

	if (!name || !dns_name_clean(name, clean))
		return 0;
	for (i = 0; i < m->n_addrs; i++) {
		fact.addr = m->addrs[i];
		n += names_learn(names, &fact) >= 0;
	}
	return n;
}

/* @asked: what led to the question, if the first name was another one's alias. */
static int learn_question(struct names *names, const json_t *question, const json_t *asked,
			  const json_t *answer, uint32_t netns, uint64_t now)
{
	static struct dns_message m;
	json_int_t type;
	int n = 0;
	size_t i;

	if (read_answer(question, answer, &m))
		return 0;
	if (!json_array_size(asked))
		return learn(names, m.name, &m, netns, now);
	for (i = 0; i < json_array_size(asked) && i < RESOLVED_NAMES_MAX; i++)
		n += learn(names, key_of(json_array_get(asked, i), &type), &m, netns, now);
	return n;
}

static int learn_reply(struct names *names, const json_t *reply, uint32_t netns, uint64_t now)
{
	const json_t *parameters = json_object_get(reply, "parameters"), *questions;
	const char *state;
	int n = 0;
	size_t i;

	if (json_object_get(reply, "error"))
		return -EPERM;
	if (!json_is_object(parameters))
		return -EBADMSG;
	state = json_string_value(json_object_get(parameters, "state"));
	questions = json_object_get(parameters, "question");
	if (!state || strcmp(state, "success"))
		return 0;
	for (i = 0; i < json_array_size(questions) && i < RESOLVED_NAMES_MAX; i++)
		n += learn_question(names, json_array_get(questions, i),
				    json_object_get(parameters, "collectedQuestions"),
				    json_object_get(parameters, "answer"), netns, now);
	return n;
}

int resolved_learn(struct names *names, const char *text, size_t len, uint32_t netns, uint64_t now)
{
	json_t *reply = len > RESOLVED_TEXT_MAX ? NULL : json_loadb(text, len, 0, NULL);
	int r;

	if (!reply)
		return -EBADMSG;
	r = learn_reply(names, reply, netns, now);
	json_decref(reply);
	return r;
}
