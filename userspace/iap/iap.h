/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Internet Access Policies: what a program's maker says of its connections. A policy only tells:
 * it must never be asked for a verdict, a default or a rule. Its text is hostile: what is shown
 * went through iap_text() before.
 *
 * The format is that of snitch-iap(5). Everything is bounded. Functions returning int return 0 or
 * a negative errno; those with a struct iap_report say there what they disliked (NULL: nowhere).
 */
#ifndef SNITCH_IAP_IAP_H
#define SNITCH_IAP_IAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "../policy/policy.h"

#define IAP_BYTES_MAX		(256U << 10)	/* of a file */
#define IAP_DEPTH_MAX		16		/* containers in containers */
#define IAP_NODES_MAX		20000		/* values in a file */
#define IAP_TEXT_MAX		4096		/* bytes of one text */
#define IAP_CONNECTIONS_MAX	512		/* with the nested ones */
#define IAP_SERVICES_MAX	128
#define IAP_ITEMS_MAX		256		/* in one Host */
#define IAP_PORTS_MAX		64		/* ranges in one Port */
#define IAP_KEYS_MAX		32		/* programs that a policy is for */
#define IAP_FINDINGS_MAX	256
#define IAP_LANGS_MAX		8
#define IAP_TABLES_MAX		(2 * IAP_LANGS_MAX)

#define IAP_KEY_FOR	"X-Snitch-For"	/* our own key: programs the policy is for */
#define IAP_KEY_SOURCE	"X-Snitch-Source"	/* and how its content was established */

/* ---- report.c: faults ------------------------------------------------------------------- */

/**
 * struct iap_finding - one fault
 * @fatal: the file is not used; else the entry or value is left out or read as @why says
 * @line, @column: from 1; 0: not known, @where tells
 * @where: path of keys, "Connections[2].Host"; "": the whole
 * @why: what is wrong; both escaped
 */
struct iap_finding {
	bool fatal;
	unsigned int line;
	unsigned int column;
	char *where;
	char *why;
};

struct iap_report {
	struct iap_finding found[IAP_FINDINGS_MAX];
	unsigned int n;
	unsigned int more;		/* not kept */
	bool fatal;
};

/** iap_fault - note a fault; @where NULL: "" */
void iap_fault(struct iap_report *report, bool fatal, const char *where, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** iap_fault_at - the same, at a line and column */
void iap_fault_at(struct iap_report *report, bool fatal, unsigned int line, unsigned int column,
		  const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/** iap_report_clear - forget all */
void iap_report_clear(struct iap_report *report);

/* ---- read.c, json.c, plist.c, bplist.c, strings.c: bytes to values ---------------------- */

/**
 * iap_read - read a file's bytes, whichever of the formats they are in
 *
 * Return: an object for json_decref(), or NULL with a fatal fault.
 */
json_t *iap_read(const void *bytes, size_t len, struct iap_report *report);

json_t *iap_read_json(const char *text, size_t len, struct iap_report *report);
json_t *iap_read_plist(const char *bytes, size_t len, struct iap_report *report);

/** iap_bplist_bounded - is a binary property list within our bounds when all is unfolded? */
bool iap_bplist_bounded(const uint8_t *bytes, size_t len);

/**
 * iap_read_strings - read translations (.strings, UTF-8 or UTF-16)
 *
 * Return: an object of strings for json_decref(), or NULL with a fault.
 */
json_t *iap_read_strings(const char *bytes, size_t len, struct iap_report *report);

/* ---- host.c ------------------------------------------------------------------------------ */

enum iap_item_kind {
	IAP_HOST,		/* one name */
	IAP_ADDRESS,		/* one address */
	IAP_PATTERN,		/* a name with "*" in it */
	IAP_NETS,		/* range, prefix, placeholder */
	IAP_FALLBACK,		/* "*" */
	IAP_EXACT_DOMAIN,	/* "=*.domain" */
	IAP_EXACT_ANY,		/* "=*" */
	IAP_NEVER,		/* "bpf": known, and no flow */
};

/**
 * struct iap_item - one item of a Host
 * @name: owned; lower case, A-labels, without final dot; of EXACT_DOMAIN without "=*."
 * @net: of ADDRESS and NETS
 */
struct iap_item {
	enum iap_item_kind kind;
	char *name;
	struct rule_item net;
};

/**
 * iap_host_parse - read a Host
 * @where: for faults
 * @items: gets them, for iap_items_free(); those that are none are left out with a fault
 *
 * Return: 0, -EINVAL (no item is left), -ENOMEM.
 */
int iap_host_parse(const char *text, const char *where, struct iap_item **items, size_t *n,
		   struct iap_report *report);
void iap_items_free(struct iap_item *items, size_t n);

/** iap_name - a name as it is compared; for free(3); NULL: no name, or no memory */
char *iap_name(const char *text);

/** iap_in_domain - is @name @domain or in it? */
bool iap_in_domain(const char *name, const char *domain);

/** iap_glob - does @name match @pattern? "*" is any run of characters; "*.x" matches x, too */
bool iap_glob(const char *pattern, const char *name);

/* ---- build.c: values to a policy --------------------------------------------------------- */

/**
 * struct iap_connection - a connection description
 * @host, @port: as written; @port NULL: none written
 * @any_port: else only @ports, of which there may be none
 * @proto: IPPROTO_TCP, UDP, ICMP (v6 too), or -1: any
 * @purpose, @consequences: in the language chosen, as written; @consequences may be NULL
 */
struct iap_connection {
	char *host;
	char *port;
	struct iap_item *items;
	size_t n_items;
	struct rule_ports ports[IAP_PORTS_MAX];
	size_t n_ports;
	bool any_port;
	int proto;
	bool incoming;
	bool essential;
	bool nested;
	char *purpose;
	char *consequences;
};

struct iap_service {
	char *name;
	char *purpose;
	char *identifier;		/* or NULL */
};

/* A policy, with those nested in it. Strings but the first may be NULL. All owned. */
struct iap_policy {
	char *description;
	char *developer;
	char *website;
	char *established;		/* X-Snitch-Source */
	char *keys[IAP_KEYS_MAX];	/* X-Snitch-For */
	size_t n_keys;
	struct iap_connection *connections;
	size_t n_connections;
	struct iap_service *services;
	size_t n_services;
};

/**
 * struct iap_texts - where texts come from
 * @tables: translations, objects of strings, the preferred first; borrowed
 * @app: of a nested policy: the name for %APPNAME%; NULL: not nested
 */
struct iap_texts {
	const json_t *tables[IAP_TABLES_MAX];
	size_t n;
	const char *app;
};

/**
 * iap_build - make a policy of what was read
 * @root: of iap_read()
 * @texts: translations
 * @out: gets it, for iap_free()
 *
 * Return: 0, -EINVAL with a fatal fault, -ENOMEM.
 */
int iap_build(const json_t *root, const struct iap_texts *texts, struct iap_policy **out,
	      struct iap_report *report);

/** iap_merge - append the connections and services of @nested, which is freed, to @policy */
int iap_merge(struct iap_policy *policy, struct iap_policy *nested);

/** iap_free - NULL is fine */
void iap_free(struct iap_policy *policy);

/* ---- ports.c ----------------------------------------------------------------------------- */

/** iap_ports_parse - read a Port into @c; what is no port is left out with a fault */
void iap_ports_parse(const char *text, const char *where, struct iap_connection *c,
		     struct iap_report *report);

/** iap_ports_fit - is there a port for this choice? @port -1: any will do */
bool iap_ports_fit(const struct iap_connection *c, int port);

/** iap_ports_width - how many ports it speaks of */
unsigned int iap_ports_width(const struct iap_connection *c);

/* ---- select.c ---------------------------------------------------------------------------- */

enum iap_selected {
	IAP_SELECT_HOST,
	IAP_SELECT_DOMAIN,
	IAP_SELECT_ANY,
};

/**
 * struct iap_selection - what a person has selected
 * @name: the host's or domain's, of iap_name(); NULL: only the address is known
 * @family: of @addr (network order, v4 first); 0: only the name is known
 * @proto: IP protocol, or -1: any
 * @port: or -1: any
 * @env: what local-net and the like are
 */
struct iap_selection {
	enum iap_selected kind;
	const char *name;
	uint8_t family;
	uint8_t addr[16];
	int proto;
	int port;
	bool incoming;
	const struct policy_env *env;
};

/**
 * iap_select - the descriptions for a selection, in the order to show them
 * @out: room for policy->n_connections
 *
 * Return: their number.
 */
size_t iap_select(const struct iap_policy *policy, const struct iap_selection *sel,
		  const struct iap_connection **out);

/** iap_select_parse - "host", "domain" or "any"; 0 or -EINVAL */
int iap_select_parse(const char *word, enum iap_selected *kind);

/* ---- text.c ------------------------------------------------------------------------------ */

/**
 * iap_text - a text as it may be shown: one line, links as "text (url)", all else as it stands,
 * with control characters, bidi overrides and the like escaped
 *
 * Return: a new string for free(); NULL without memory. NULL gives NULL.
 */
char *iap_text(const char *raw);

/** iap_is_link - an address on the web: http or https, printable ASCII without blanks */
bool iap_is_link(const char *url, size_t len);

/* ---- lang.c ------------------------------------------------------------------------------ */

/* Languages, the preferred first: "de-DE", "de", "en". */
struct iap_langs {
	char lang[IAP_LANGS_MAX][24];
	size_t n;
};

/** iap_langs_init - of a list with ':' or ',' between ("de_AT:fr"), or NULL: of the environment */
void iap_langs_init(struct iap_langs *langs, const char *list);

/** iap_lang_same - do both name one language? Case, '-' and '_' do not count. */
bool iap_lang_same(const char *a, const char *b);

/* ---- elf.c ------------------------------------------------------------------------------- */

#define IAP_NOTE_NAME	"IAP"	/* owner of the note */
#define IAP_NOTE_TYPE	1

/**
 * iap_elf_note - the policy in an ELF file
 * @fd: the file
 * @out: gets the bytes, for free()
 *
 * Return: 0, -ENOENT (no such note), -EINVAL (no or a broken ELF file), or from reading.
 */
int iap_elf_note(int fd, char **out, size_t *len);

#endif
