// SPDX-License-Identifier: GPL-2.0-or-later
/* The Host of a description: its items, read. It must never resolve a name. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <idn2.h>
#include <libpsl.h>

#include "../policy/program.h"
#include "../util/cleanup.h"
#include "iap.h"

#define NAME_MAX_LEN	253
#define SHOWN		"%.80s"		/* of a word in a fault */

struct reading {
	const char *where;
	struct iap_report *report;
};

/* ---- names ------------------------------------------------------------------------------- */

/* Letters, digits, '-', '_', '*' in labels of at most 63, ASCII by now. */
static bool is_name(const char *s)
{
	size_t label = 0, i;

	for (i = 0; s[i]; i++) {
		if (s[i] == '.') {
			if (!label)
				return false;
			label = 0;
		} else if (!(isalnum((unsigned char)s[i]) || strchr("-_*", s[i])) || ++label > 63) {
			return false;
		}
	}
	return label && i <= NAME_MAX_LEN;
}

static bool is_ascii(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s >= 0x80)
			return false;
	return true;
}

/* The A-labels of an international name, "*." in front kept. */
static char *to_ascii(const char *text)
{
	size_t stars = !strncmp(text, "*.", 2) ? 2 : 0;
	_cleanup_free_ char *out = malloc(stars + NAME_MAX_LEN + 1);
	char *labels = NULL;

	if (!out || idn2_to_ascii_8z(text + stars, &labels, IDN2_NONTRANSITIONAL) != IDN2_OK)
		return NULL;
	if (strlen(labels) <= NAME_MAX_LEN) {
		memcpy(out, text, stars);
		strcpy(out + stars, labels);
	} else {
		*out = '\0';
	}
	idn2_free(labels);
	return *out ? snitch_take_ptr(out) : NULL;
}

char *iap_name(const char *text)
{
	_cleanup_free_ char *name = is_ascii(text) ? strdup(text) : to_ascii(text);
	size_t len = name ? strlen(name) : 0, i;

	if (len && name[len - 1] == '.')
		name[--len] = '\0';
	for (i = 0; i < len; i++)
		name[i] = tolower((unsigned char)name[i]);
	return name && is_name(name) ? snitch_take_ptr(name) : NULL;
}

bool iap_in_domain(const char *name, const char *domain)
{
	size_t n = strlen(name), d = strlen(domain);

	return n >= d && !strcmp(name + n - d, domain) && (n == d || name[n - d - 1] == '.');
}

bool iap_glob(const char *pattern, const char *name)
{
	const char *star = NULL, *again = NULL;

	if (!strncmp(pattern, "*.", 2) && !strchr(pattern + 2, '*'))
		return iap_in_domain(name, pattern + 2);
	while (*name) {
		if (*pattern == '*') {
			star = ++pattern;
			again = name;
		} else if (*pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star;
			name = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* ---- items ------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	enum iap_item_kind kind;
	enum rule_item_kind net;
	const char *fault;
} words[] = {
	{ "*", IAP_FALLBACK, 0, NULL },
	{ "=*", IAP_EXACT_ANY, 0, NULL },
	{ "any", IAP_FALLBACK, 0, "'any' is read as '*'" },
	{ "bpf", IAP_NEVER, 0, "'bpf' matches nothing here" },
	{ "local-net", IAP_NETS, RULE_I_LOCAL_NET, NULL },
	{ "multicast", IAP_NETS, RULE_I_MULTICAST, NULL },
	{ "broadcast", IAP_NETS, RULE_I_BROADCAST, NULL },
	{ "bonjour", IAP_NETS, RULE_I_BONJOUR, NULL },
	{ "dns-servers", IAP_NETS, RULE_I_DNS_SERVERS, NULL },
};

static bool read_word(const struct reading *r, const char *text, struct iap_item *item)
{
	size_t i;

	for (i = 0; i < SNITCH_ARRAY_SIZE(words); i++) {
		if (strcasecmp(text, words[i].word))
			continue;
		if (words[i].fault)
			iap_fault(r->report, false, r->where, "%s", words[i].fault);
		item->kind = words[i].kind;
		item->net.kind = words[i].net;
		return true;
	}
	return false;
}

static bool looks_like_address(const char *s)
{
	return strchr(s, ':') || (isdigit((unsigned char)*s) && !s[strspn(s, "0123456789./- ")]);
}

/* Return: 1: an address or addresses; 0: no such thing; -EINVAL: meant as one and wrong. */
static int read_address(const struct reading *r, const char *text, struct iap_item *item)
{
	char plain[2 * INET6_ADDRSTRLEN + 4];
	size_t n = 0, i;
	const char *why;

	if (!looks_like_address(text))
		return 0;
	/* "a - b" as well as "a-b" */
	for (i = 0; text[i] && n + 1 < sizeof(plain); i++)
		if (text[i] != ' ')
			plain[n++] = text[i];
	plain[n] = '\0';
	if (!text[i] && !item_parse(plain, false, &item->net, &why) &&
	    item_is_address(&item->net)) {
		item->kind = item->net.kind == RULE_I_ADDRESS ? IAP_ADDRESS : IAP_NETS;
		return 1;
	}
	free(item->net.name);
	item->net.name = NULL;
	if (strstr(text, "://"))
		return 0;
	iap_fault(r->report, false, r->where, "'" SHOWN "' is no address, range or prefix%s: "
		  "left out", text, strchr(text, ':') ? " (a port belongs into Port)" : "");
	return -EINVAL;
}

/* Somebody wrote a whole domain as if it were one host. */
static void mind_bare_domain(const struct reading *r, const char *name)
{
	const psl_ctx_t *psl = psl_builtin();
	const char *dot = strchr(name, '.');

	/* what stands right below "com": also where others have hosts in it (githubusercontent) */
	if (psl && dot && psl_is_public_suffix2(psl, dot + 1, PSL_TYPE_ICANN |
						PSL_TYPE_NO_STAR_RULE))
		iap_fault(r->report, false, r->where, "'%s' is one host only; the domain with all "
			  "its hosts is '*.%s'", name, name);
}

static int read_name(const struct reading *r, const char *text, struct iap_item *item)
{
	bool exact = *text == '=', domain = exact && !strncmp(text, "=*.", 3);

	if (exact && !domain)
		iap_fault(r->report, false, r->where, "'=' has a meaning only in '=*' and "
			  "'=*.domain': '" SHOWN "' is read without it", text);
	text += domain ? 3 : exact;
	if (strchr(text, '/')) {
		iap_fault(r->report, false, r->where, "'" SHOWN "' is a URL or path, no host: "
			  "left out", text);
		return -EINVAL;
	}
	item->name = iap_name(text);
	if (!item->name || (domain && strchr(item->name, '*'))) {
		iap_fault(r->report, false, r->where, "'" SHOWN "' is no host name: left out",
			  text);
		return -EINVAL;
	}
	if (domain)
		item->kind = IAP_EXACT_DOMAIN;
	else
		item->kind = strchr(item->name, '*') ? IAP_PATTERN : IAP_HOST;
	return 0;
}

static int read_item(const struct reading *r, const char *text, struct iap_item *item)
{
	int n;

	memset(item, 0, sizeof(*item));
	if (!*text) {
		iap_fault(r->report, false, r->where, "an empty item");
		return -EINVAL;
	}
	if (read_word(r, text, item))
		return 0;
	n = read_address(r, text, item);
	if (n < 0 || (!n && read_name(r, text, item))) {
		free(item->name);
		memset(item, 0, sizeof(*item));
		return -EINVAL;
	}
	return 0;
}

/* A bare domain is a slip only where no other item takes care of what is in it. */
static void mind_bare_domains(const struct reading *r, const struct iap_item *items, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		if (items[i].kind != IAP_HOST)
			continue;
		for (k = 0; k < n; k++) {
			if (items[k].kind == IAP_HOST ? k != i && iap_in_domain(items[k].name,
										items[i].name) :
			    items[k].kind == IAP_PATTERN && iap_glob(items[k].name, items[i].name))
				break;
		}
		if (k == n)
			mind_bare_domain(r, items[i].name);
	}
}

int iap_host_parse(const char *text, const char *where, struct iap_item **items, size_t *n,
		   struct iap_report *report)
{
	struct reading r = { .where = where, .report = report };
	_cleanup_free_ char *copy = strdup(text);
	struct iap_item *list = calloc(IAP_ITEMS_MAX, sizeof(*list));
	char *rest = copy, *word;
	size_t count = 0, len;

	*items = NULL;
	*n = 0;
	if (!copy || !list) {
		free(list);
		return -ENOMEM;
	}
	while ((word = strsep(&rest, ","))) {
		word += strspn(word, " \t\r\n");
		for (len = strlen(word); len && strchr(" \t\r\n", word[len - 1]); len--)
			word[len - 1] = '\0';
		if (count == IAP_ITEMS_MAX) {
			iap_fault(report, false, where, "more than %u items: the rest is left out",
				  IAP_ITEMS_MAX);
			break;
		}
		count += !read_item(&r, word, &list[count]);
	}
	if (!count) {
		free(list);
		return -EINVAL;
	}
	mind_bare_domains(&r, list, count);
	*items = reallocarray(list, count, sizeof(*list));
	if (!*items)
		*items = list;
	*n = count;
	return 0;
}

void iap_items_free(struct iap_item *items, size_t n)
{
	while (n)
		free(items[--n].name);
	free(items);
}
