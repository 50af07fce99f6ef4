// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A list that is built: what is on it. It must never change.
 */
#include "list.h"

#include <stdlib.h>
#include <string.h>

#include "../util/netname.h"

bool list_name_valid(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n && !name[n] && n <= LIST_NAME_MAX && name[0] != '.' && name[0] != '-';
}

const struct list_facts *list_facts(const struct list *list)
{
	return &list->facts;
}

bool list_same(const struct list *a, const struct list *b)
{
	return a && b ? a->data == b->data : a == b;
}

size_t list_ranges(const struct list *list, const struct list_range **out)
{
	*out = list->data->addrs.range;
	return list->data->addrs.n;
}

bool list_match_name(const struct list *list, const char *host, const char **entry)
{
	const char *found = nameset_find(&list->data->names, host);

	if (!found || nameset_find(&list->data->excepted, host))
		return false;
	if (entry)
		*entry = found;
	return true;
}

bool list_match_addr(const struct list *list, uint8_t family, const uint8_t *addr,
		     const struct list_range **entry)
{
	const struct list_range *found = addrset_find(&list->data->addrs, family, addr);

	if (found && entry)
		*entry = found;
	return found != NULL;
}

const char *list_why_not_name(const struct list *list, const char *host, char *buf, size_t size)
{
	const char *found = nameset_find(&list->data->excepted, host);

	if (!found)
		return NULL;
	snprintf(buf, size, "%s", found);
	return buf;
}

const char *list_why_not_addr(const struct list *list, uint8_t family, const uint8_t *addr,
			      char *buf, size_t size)
{
	const struct list_range *found = addrset_find(&list->data->holes, family, addr);

	return found ? list_range_print(found, buf, size) : NULL;
}

char *list_range_print(const struct list_range *range, char *buf, size_t size)
{
	char first[SNITCH_ADDR_TEXT], last[SNITCH_ADDR_TEXT];

	snitch_addr_format(range->family, range->first, first);
	snitch_addr_format(range->family, range->last, last);
	if (memcmp(range->first, range->last, sizeof(range->first)))
		snprintf(buf, size, "%s-%s", first, last);
	else
		snprintf(buf, size, "%s", first);
	return buf;
}

struct list *list_make(const char *name, const struct list *like)
{
	struct list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	if (like)
		list->facts = like->facts;
	list->data = like ? like->data : calloc(1, sizeof(*list->data));
	if (!list->data) {
		free(list);
		return NULL;
	}
	list->data->refs++;
	snprintf(list->facts.name, sizeof(list->facts.name), "%s", name);
	return list;
}

void list_free(struct list *list)
{
	struct list_data *data = list ? list->data : NULL;

	free(list);
	if (!data || --data->refs)
		return;
	nameset_clear(&data->names);
	nameset_clear(&data->excepted);
	addrset_clear(&data->addrs);
	addrset_clear(&data->holes);
	free(data);
}
