// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists that an import makes. It must never name one so that a file of it could lie elsewhere. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../policy/program.h"
#include "../util/format.h"
#include "draft.h"

#define LIST_NAME_MAX	64

/* Of a file's name without its folders and ending: letters, digits, '-', '_', '.'. */
static char *make_name(const struct exchange *x, const char *from)
{
	char name[LIST_NAME_MAX + 1], *made = NULL;
	const char *slash = strrchr(from, '/'), *dot;
	unsigned int again = 1;
	size_t n = 0, i;

	from = slash ? slash + 1 : from;
	dot = strstr(from, ".lsrules");
	for (; *from && n < LIST_NAME_MAX; from++) {
		unsigned char c = tolower((unsigned char)*from);

		if (from == dot) {
			from += strlen(".lsrules") - 1;
			continue;
		}

		if (c < 0x80 && (isalnum(c) || c == '_' || (n && (c == '.' || c == '-'))))
			name[n++] = c;
		else if (n && name[n - 1] != '-')
			name[n++] = '-';
	}
	while (n && strchr("-.", name[n - 1]))
		n--;
	name[n] = '\0';
	for (;;) {
		free(made);
		made = again == 1 ? strdup(n ? name : "imported") :
		       snitch_format("%s-%u", n ? name : "imported", again);
		if (!made)
			return NULL;
		for (i = 0; i < x->n_lists && strcmp(x->lists[i].name, made); i++)
			;
		if (i == x->n_lists)
			return made;
		again++;
	}
}

struct exchange_list *list_new(struct exchange *x, const char *name, const char *about)
{
	struct exchange_list *lists, *list;

	lists = reallocarray(x->lists, x->n_lists + 1, sizeof(*lists));
	if (!lists)
		return NULL;
	x->lists = lists;
	list = &lists[x->n_lists];
	*list = (struct exchange_list){ .name = make_name(x, name) };
	if (!list->name)
		return NULL;
	x->n_lists++;
	if (!about)
		return list;
	list->about = strdup(about);
	return list->about ? list : NULL;
}

int list_add(struct exchange_list *list, const struct rule_item *item)
{
	char text[RULE_NAME_MAX + 128];
	struct text t = { .buf = text, .size = sizeof(text) };

	if (list->n_entries == list->room) {
		size_t room = list->room ? 2 * list->room : 64;
		char **entries = reallocarray(list->entries, room, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		list->entries = entries;
		list->room = room;
	}
	text[0] = '\0';
	item_print(item, &t);
	list->entries[list->n_entries] = strdup(text);
	if (!list->entries[list->n_entries])
		return -ENOMEM;
	list->n_entries++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void list_finish(struct exchange_list *list)
{
	size_t i, n = 0;

	if (!list->n_entries)
		return;
	qsort(list->entries, list->n_entries, sizeof(*list->entries), compare);
	for (i = 1; i < list->n_entries; i++) {
		if (strcmp(list->entries[i], list->entries[n]))
			list->entries[++n] = list->entries[i];
		else
			free(list->entries[i]);
	}
	list->n_entries = n + 1;
}
