/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of policies share: policies out of JSON, selections, faults in one string. */
#ifndef SNITCH_TEST_IAP_LAB_H
#define SNITCH_TEST_IAP_LAB_H

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iap/iap.h"

/* A description per Host of the list; other keys behind a '|': "a.example|\"Port\":\"80\"". */
static inline struct iap_policy *lab_policy(const char *const *hosts, struct iap_report *report)
{
	static const struct iap_texts texts;
	struct iap_policy *policy = NULL;
	size_t size = 0, i;
	char *json = NULL;
	FILE *f = open_memstream(&json, &size);
	json_t *root;

	fputs("{\"ApplicationDescription\":\"lab\",\"Connections\":[", f);
	for (i = 0; hosts[i]; i++) {
		const char *bar = strchr(hosts[i], '|');
		int n = bar ? (int)(bar - hosts[i]) : (int)strlen(hosts[i]);

		fprintf(f, "%s{\"Host\":\"%.*s\",\"Purpose\":\"%c\"%s%s}", i ? "," : "", n,
			hosts[i], (char)('a' + i), bar ? "," : "", bar ? bar + 1 : "");
	}
	fputs("]}", f);
	fclose(f);
	root = iap_read(json, size, report);
	assert_non_null(root);
	assert_int_equal(iap_build(root, &texts, &policy, report), 0);
	json_decref(root);
	free(json);
	return policy;
}

/* "any", "domain d" or "host h", with " port N", " udp", " tcp", " icmp", " in", " at ADDRESS". */
static inline void lab_select(const char *text, struct iap_selection *sel, char **name)
{
	char copy[256], *word, *save = NULL;

	snprintf(copy, sizeof(copy), "%s", text);
	*sel = (struct iap_selection){ .proto = -1, .port = -1 };
	*name = NULL;
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (!strcmp(word, "port")) {
			sel->port = atoi(strtok_r(NULL, " ", &save));
		} else if (!strcmp(word, "tcp")) {
			sel->proto = 6;
		} else if (!strcmp(word, "udp")) {
			sel->proto = 17;
		} else if (!strcmp(word, "icmp")) {
			sel->proto = 1;
		} else if (!strcmp(word, "icmpv6")) {
			sel->proto = 58;
		} else if (!strcmp(word, "in")) {
			sel->incoming = true;
		} else if (iap_select_parse(word, &sel->kind)) {
			if (inet_pton(AF_INET, word, sel->addr) == 1)
				sel->family = AF_INET;
			else if (inet_pton(AF_INET6, word, sel->addr) == 1)
				sel->family = AF_INET6;
			else if (strcmp(word, "at"))
				*name = iap_name(word);
		}
	}
	sel->name = *name;
}

/* The purposes selected, "a c"; "" for none. */
static inline const char *lab_shown(const struct iap_policy *policy, const char *selection)
{
	static char out[256];
	const struct iap_connection *c[IAP_CONNECTIONS_MAX];
	struct iap_selection sel;
	size_t n, i;
	char *name;

	lab_select(selection, &sel, &name);
	n = iap_select(policy, &sel, c);
	*out = '\0';
	for (i = 0; i < n; i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", i ? " " : "",
			 c[i]->purpose);
	free(name);
	return out;
}

/* All faults, one a line: "fatal 3:7 Connections[0].Host: why". */
static inline const char *lab_faults(const struct iap_report *report)
{
	static char out[16384];
	unsigned int i;

	*out = '\0';
	for (i = 0; i < report->n; i++) {
		const struct iap_finding *f = &report->found[i];

		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%u:%u %s: %s\n",
			 f->fatal ? "fatal " : "", f->line, f->column, f->where, f->why);
	}
	return out;
}

static inline void lab_assert_fault(const struct iap_report *report, const char *text)
{
	if (!strstr(lab_faults(report), text))
		fail_msg("'%s' is not in:\n%s", text, lab_faults(report));
}

#endif
