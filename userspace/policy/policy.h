/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules: their language, their order, where they are kept, what they decide and how they
 * become the kernel's table. It must never speak to the kernel or the bus itself.
 *
 * Nothing here locks: one set is used by one thread. Functions returning int return 0 or a
 * negative errno unless said otherwise; those with a struct rule_error fill it when they fail.
 */
#ifndef SNITCH_POLICY_H
#define SNITCH_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/snitch.h>

#define RULE_LINE_MAX		4096		/* bytes of a line with its final NUL */
#define RULE_TEXT_MAX		(2 * RULE_LINE_MAX)	/* holds any rule printed */
#define RULE_FILE_MAX		(16U << 20)	/* bytes of a file of rules */
#define RULES_MAX		100000		/* rules of a set */
#define RULE_ITEMS_MAX		256		/* remotes, and ranges of ports, of a rule */
#define RULE_CHILD_MAX		8		/* child-of after child-of */
#define RULE_NAME_MAX		255		/* bytes of a name */
#define RULE_PROTO_PACKET	256		/* "packet": frames; ports are their ethertypes */

/* What the word before the remote may be; in the order of the grammar. */
enum rule_program_kind {
	RULE_P_ANY,
	RULE_P_PATH,
	RULE_P_PATTERN,
	RULE_P_UNIT,
	RULE_P_FLATPAK,
	RULE_P_SNAP,
	RULE_P_CONTAINER,
	RULE_P_SCRIPT,
	RULE_P_KERNEL,
};

/*
 * A program: name is the path (without the backslashes of the language), pattern, unit, id or
 * image; path only a container's.
 */
struct rule_program {
	char *name;			/* owned; NULL for any and kernel */
	char *path;			/* owned; a container's program */
	struct rule_program *child_of;	/* owned; NULL: whoever started it */
	uint32_t kernel;		/* SNITCH_K_*, of kind kernel */
	enum rule_program_kind kind : 8;
	bool and_children;
};

enum rule_who {
	RULE_W_ANYONE,
	RULE_W_USER,
	RULE_W_GROUP,
};

enum rule_item_kind {
	RULE_I_ANY,
	RULE_I_HOST,
	RULE_I_DOMAIN,
	RULE_I_LIST,
	RULE_I_ADDRESS,
	RULE_I_RANGE,
	RULE_I_PREFIX,
	RULE_I_LOCAL_NET,
	RULE_I_LOOPBACK,
	RULE_I_MULTICAST,
	RULE_I_BROADCAST,
	RULE_I_BONJOUR,
	RULE_I_DNS_SERVERS,
};

/* One remote. Addresses are in network order, an IPv4 address in the first 4 bytes. */
struct rule_item {
	enum rule_item_kind kind : 8;
	uint8_t family;			/* AF_INET or AF_INET6, of address, range and prefix */
	uint8_t len;			/* bits, of a prefix; first and last are set too */
	union {
		char *name;		/* owned; host, domain (without "*.") or list */
		struct {		/* all others; all zeroes where there is no address */
			uint8_t first[16];
			uint8_t last[16];
		};
	};
};

struct rule_ports {
	uint16_t first;			/* host order, first <= last */
	uint16_t last;
};

/*
 * One running image of a program: "until quit" holds for it alone, or, where the rule says "and
 * children", for the process and all it starts: exec_id does not count then, and of the start
 * only whole ticks, which is what /proc tells.
 */
#define RULE_TICK		10000000ULL	/* ns */

struct rule_image {
	uint32_t pid;			/* 0: none */
	uint64_t start;			/* boot time clock, ns */
	uint64_t exec_id;
};

enum rule_lifetime {
	RULE_L_FOREVER,
	RULE_L_FOR,
	RULE_L_QUIT,
	RULE_L_REBOOT,
	RULE_L_DATE,
};

/* Whose file a rule stands in. */
enum rule_scope {
	RULE_S_ADMIN,
	RULE_S_SYSTEM,
	RULE_S_USER,
	RULE_S_BUILTIN,
};

/* rule.flags */
#define RULE_F_HIGH		(1U << 0)
#define RULE_F_DISABLED		(1U << 1)
#define RULE_F_LOCKDOWN		(1U << 2)
#define RULE_F_NOLOG		(1U << 3)
#define RULE_F_IN		(1U << 4)

/* There may be 100 000 of them: no room between the members. */
struct rule {
	uint64_t id;			/* written as [id=], or a hash of the text */
	char *keys;			/* owned; other keys in the brackets, as they stood */
	struct rule_program program;
	char *who_name;			/* owned; as written */
	struct rule_item *items;	/* owned; at least one */
	union {
		struct rule_ports one;	/* nearly all have no more */
		struct rule_ports *many;	/* owned, of more than one */
	} ports;			/* see rule_ports(); none: any */
	char *interface;		/* owned; NULL: any */
	char *profile;			/* owned; NULL: every one */
	char *note;			/* owned; NULL: none */
	uint64_t seconds;		/* "for": how long; DATE: seconds since 1970 */
	uint64_t until;			/* "for": end, boot time clock in ns; 0: not begun */
	struct rule_image image;	/* "until quit" */
	uint32_t who_id;		/* uid or gid, if known */
	uint32_t n_items;
	uint16_t n_ports;
	int16_t proto;			/* IP protocol number, RULE_PROTO_PACKET, -1: any */
	uint8_t action;			/* SNITCH_ALLOW, DENY, DROP or ASK */
	uint8_t flags;			/* RULE_F_* */
	enum rule_who who : 8;
	enum rule_lifetime lifetime : 8;
	bool id_written : 1;
	bool who_known : 1;
	bool negated : 1;		/* "not" before the remotes */
	/* set when it joins a set */
	bool runtime : 1;		/* kept in the runtime folder */
	enum rule_scope scope : 8;
	uint32_t scope_uid;		/* of RULE_S_USER */
	uint32_t rank;			/* place in the set, 0 is looked at first */
	unsigned int line;		/* from 1 */
	const char *file;		/* the set's; NULL: none */
	uint64_t loan;			/* kept in no folder: ends with this loan; 0: none */
};

/* What is wrong, where, and what to do about it. */
struct rule_error {
	char file[256];			/* "": no file */
	unsigned int line;		/* 0: none */
	unsigned int column;		/* from 1; 0: none */
	char found[80];
	char expected[160];
	char next[160];
};

/*
 * rule_parse() - read one line.
 * @line: NUL ended, with or without its newline; @file, @lineno: for errors, may be NULL and 0
 * @out: the rule, the caller's (rule_free()); NULL for a blank line or a mere note
 * Return: 0, or -EINVAL or -ENOMEM with @err filled.
 */
int rule_parse(const char *line, const char *file, unsigned int lineno, struct rule **out,
	       struct rule_error *err);

/* Read "forever", "for SPAN" or "until quit", "until reboot", "until DATE"; 0 or -EINVAL. */
int rule_set_lifetime(struct rule *rule, const char *text);

/*
 * Write a rule as one line, so that rule_parse() makes the same rule of it.
 * rule_print_plain() leaves the brackets out. RULE_TEXT_MAX bytes suffice.
 * Return: the length, or -ENOSPC.
 */
int rule_print(const struct rule *rule, char *buf, size_t size);
int rule_print_plain(const struct rule *rule, char *buf, size_t size);

void rule_free(struct rule *rule);	/* NULL is allowed */

/* The ranges of a rule's ports, n_ports of them. */
static inline const struct rule_ports *rule_ports(const struct rule *rule)
{
	return rule->n_ports > 1 ? rule->ports.many : &rule->ports.one;
}

/* One range more, @first <= @last. Return: 0; -E2BIG (it has RULE_ITEMS_MAX); -ENOMEM. */
int rule_add_ports(struct rule *rule, uint16_t first, uint16_t last);
/* Any port again. */
void rule_clear_ports(struct rule *rule);

/* "file:1:2: found 'x', expected y; z", "character 2: found..." into @buf, which is returned. */
char *rule_error_print(const struct rule_error *err, char *buf, size_t size);

/*
 * What was found wrong only after reading: where in @line (shorter than RULE_LINE_MAX) it stands.
 * Its beginning, when that cannot be told.
 */
void rule_error_find(struct rule_error *err, const char *line);

/* Whether two rules say the same, bound to the same image and end; ids and places do not count. */
bool rule_equal(const struct rule *a, const struct rule *b);
/* The id of a rule that has none written: a hash of what it says; never 0. */
uint64_t rule_hash(const struct rule *rule);

/* An id is 16 hexadecimal digits. parse: 0 or -EINVAL; print returns @buf (17 bytes). */
int rule_id_parse(const char *text, uint64_t *id);
char *rule_id_print(uint64_t id, char *buf, size_t size);

/* "admin", "system", "builtin", "runtime" or "user UID" into @buf, which is returned. */
char *rule_scope_name(const struct rule *rule, char *buf, size_t size);

/* 0 high, 1 regular, 2 built-in */
uint32_t rule_tier(const struct rule *rule);
/* Whether it refuses a named program everything, as "deny X to any" does. */
bool rule_is_whole(const struct rule *rule);
/* Whether the kernel alone cannot tell if it matches. */
bool rule_needs_daemon(const struct rule *rule);
/* Why it does not hold now, or NULL. @now: seconds since 1970; @boottime: ns */
const char *rule_why_inactive(const struct rule *rule, uint64_t now, uint64_t boottime);
/* What of it this version does not enforce, or NULL. */
const char *rule_why_not_enforced(const struct rule *rule);

/*
 * rule_for_flow() - the rule an answer makes.
 * @exe: path of the program, NULL: any; @uid: (uint32_t)-1: anyone
 * @family: AF_INET, AF_INET6, or 0: any address; @addr: network order; @port: 0: any
 * @proto: -1: any; RULE_PROTO_PACKET: @family does not count
 * Return: 0; -EINVAL if it could not be read back (a name that cannot be written); -ENOMEM.
 */
int rule_for_flow(uint32_t action, const char *exe, uint32_t uid, uint8_t family,
		  const uint8_t *addr, uint16_t port, int proto, struct rule **out);
/* The same about a host name, or about a domain (without "*.") and all in it. */
int rule_for_name(uint32_t action, const char *exe, uint32_t uid, const char *name, bool domain,
		  int proto, struct rule **out);
/* Start its clock ("for") or bind it to @image ("until quit"; may be NULL). */
void rule_begin(struct rule *rule, uint64_t boottime, const struct rule_image *image);

/* <0, 0, >0: which is looked at first; see snitch-rules(5), "Precedence". */
int rule_compare(const struct rule *a, const struct rule *b);
uint64_t rule_order_key(const struct rule *rule);

/* Where rules are kept; a folder that is NULL is the usual one. All below root (NULL: "/"). */
struct policy_paths {
	const char *root;
	const char *builtin;		/* /usr/lib/snitch/rules.d */
	const char *admin;		/* /etc/snitch/rules.d */
	const char *store;		/* /var/lib/snitch/rules */
	const char *runtime;		/* /run/snitch/rules */
};

struct ruleset {
	struct rule **rules;		/* owned, in order of precedence */
	size_t n_rules;
	size_t room;
	char **files;			/* owned; names the rules point to */
	size_t n_files;
	void *index;			/* struct set_index */
};

struct ruleset *ruleset_new(void);		/* NULL: no memory */
void ruleset_free(struct ruleset *set);		/* NULL is allowed */

#define RULES_SKIP_BAD	(1U << 0)	/* leave out files with errors; @err tells of the first */
#define RULES_USER_FILE_MAX	(1U << 20)	/* bytes of one user's file */
#define RULES_FILES_MAX		4096		/* files in one folder */

/**
 * ruleset_load() - read all folders
 * @paths: where; NULL: the defaults
 * @flags: RULES_*
 * @out: gets a new set, for ruleset_free(). On failure NULL: keep the set you have
 * @err: filled in on failure, and when a file was left out (err->expected is then not "")
 *
 * A folder that does not exist has no rules. A file is refused when it has an error, when
 * others than root, user snitch and the caller's user can write it or its folder, or when it is
 * a symbolic link (but one to /dev/null in the administrator's folder). A file of the same name there
 * stands for a built-in one; such a link switches it off: of its rules only those that allow the
 * kernel something are left, as rules that deny it.
 *
 * Return: 0; -EINVAL, -EPERM, -EFBIG, -ENOMEM, or from the file system.
 */
int ruleset_load(const struct policy_paths *paths, unsigned int flags, struct ruleset **out,
		 struct rule_error *err);

/* Put a rule into a set in memory only (tests, offline checks). Takes @rule, also on failure. */
int ruleset_insert(struct ruleset *set, struct rule *rule, enum rule_scope scope, uint32_t uid,
		   bool runtime, struct rule_error *err);
/*
 * The same for many rules, at a cost that does not grow with the set: it is out of order, and good
 * for nothing but more of this, until ruleset_sort().
 */
int ruleset_append(struct ruleset *set, struct rule *rule, enum rule_scope scope, uint32_t uid,
		   bool runtime, struct rule_error *err);
void ruleset_sort(struct ruleset *set);

/**
 * ruleset_add() - put a rule into the set and into its file
 * @set: the set
 * @paths: as for ruleset_load()
 * @rule: taken, also on failure; gets a random id when it has none
 * @scope: ADMIN (prompts.rules in the administrator's folder), SYSTEM or USER
 * @uid: for USER
 * @runtime: keep it in /run; rules "for", "until quit", "until reboot" always are
 * @id: gets the rule's id; may be NULL
 * @err: filled in on failure
 *
 * The file is written beside, fsynced and renamed; the version before stays as FILE.last. An
 * equal rule of the same scope is replaced, also one that was disabled by one that is not.
 *
 * Return: 0; -EPERM (a user's rule for another user), -E2BIG (bounds), or from the file system.
 * On failure the set is as before.
 */
int ruleset_add(struct ruleset *set, const struct policy_paths *paths, struct rule *rule,
		enum rule_scope scope, uint32_t uid, bool runtime, uint64_t *id,
		struct rule_error *err);

/**
 * ruleset_add_all() - put many rules into the set and into one file, with one write
 * @rules: @n rules, each taken, also on failure
 * @ids: gets their ids; a rule that the file has already keeps the id it has there, also where
 *	the new one is disabled and the old one is not
 * @bad: gets the place in @rules of the one that failed; @n: none of them did
 *
 * As ruleset_add(), but all or nothing. Rules that end by themselves are kept elsewhere than
 * lasting ones: they cannot be mixed, unless @runtime is set (-EINVAL).
 */
int ruleset_add_all(struct ruleset *set, const struct policy_paths *paths, struct rule **rules,
		    size_t n, enum rule_scope scope, uint32_t uid, bool runtime, uint64_t *ids,
		    size_t *bad, struct rule_error *err);

/*
 * Takes rules out of the set and leaves their files alone: those that @which says yes to. Return:
 * how many.
 */
size_t ruleset_drop(struct ruleset *set, bool (*which)(const struct rule *rule, const void *ctx),
		    const void *ctx);

/* Take a rule out of the set and its file. -ENOENT; -EPERM for built-ins (mask their file). */
int ruleset_remove(struct ruleset *set, const struct policy_paths *paths, uint64_t id,
		   struct rule_error *err);

/* Remove expired rules of /run from the set and the files. Returns how many, or an errno. */
int ruleset_expire(struct ruleset *set, const struct policy_paths *paths, uint64_t now,
		   uint64_t boottime);

const struct rule *ruleset_find(const struct ruleset *set, uint64_t id);	/* or NULL */
/* True when a rule in force names this executable by its path. */
bool ruleset_names(const struct ruleset *set, const char *exe);
/* CLOCK_BOOTTIME ns at which rules end next by themselves: compile again then; 0: never. */
uint64_t ruleset_next_change(const struct ruleset *set, uint64_t now, uint64_t boottime);

struct policy_net {
	uint8_t family;			/* AF_INET or AF_INET6 */
	uint8_t len;			/* bits */
	uint8_t addr[16];		/* network order */
};

struct lists;

/* A network interface of the initial network namespace. */
struct policy_link {
	char name[16];
	uint32_t index;
};

/* Where a frame leaves, as the kernel writes it for AF_PACKET; @netns: inode number. */
void policy_frame_addr(uint32_t ifindex, uint32_t netns, uint8_t addr[16]);

/* What rules are judged in: the mode, the networks around us, the time. All borrowed. */
struct policy_env {
	uint32_t mode;			/* SNITCH_MODE_* */
	uint32_t fail;			/* as struct snitch_policy has it */
	uint32_t kernel;
	uint32_t forward;
	const struct policy_net *local;	/* connected networks */
	size_t n_local;
	const struct policy_net *dns;	/* configured resolvers */
	size_t n_dns;
	const struct policy_net *broadcast;
	size_t n_broadcast;
	const struct policy_link *links;
	size_t n_links;
	uint32_t netns;			/* inode number, of the initial network namespace */
	const struct lists *lists;	/* NULL: none */
	size_t max_ranges;		/* of all sets of a policy; 0: POLICY_RANGES_MAX */
	const char *profile;		/* the active one; NULL: none */
	uint64_t now;			/* seconds since 1970 */
	uint64_t boottime;		/* ns */
};

struct app;

/* A flow to be judged. All borrowed. */
struct flow_query {
	const char *exe;		/* NULL: not known, or the kernel */
	bool strange;			/* @exe may be another file in another place */
	const struct app *app;		/* what it belongs to; NULL: nothing known; see app.h */
	bool no_allow;			/* disguised or deleted: no allow rule counts */
	bool suspended;			/* changed: no allow rule that names it counts */
	bool served;			/* a program says what @exe is: nor here, but for a process */
	uint32_t kernel;		/* SNITCH_K_*, 0: a program */
	uint32_t uid;
	const uint32_t *gids;
	size_t n_gids;
	struct rule_image image;
	const char *const *parents;	/* paths, the nearest first */
	const struct rule_image *parent_images;	/* theirs; NULL: not known */
	size_t n_parents;
	const bool *strangers;		/* as @strange, of each parent; NULL: none is */
	const char *interface;		/* NULL: not known */
	const char *const *names;	/* verified names of the remote */
	size_t n_names;
	const char *const *claims;	/* names that nobody vouches for: they only refuse */
	size_t n_claims;
	uint8_t family;			/* AF_INET, AF_INET6, AF_PACKET; 0: address not known */
	uint8_t proto;
	bool loopback;			/* leaves by a loopback device */
	uint16_t port;			/* host order */
	uint8_t addr[16];		/* network order */
};

struct policy_decision {
	uint32_t action;		/* SNITCH_ALLOW, DENY, DROP or ASK */
	const struct rule *rule;	/* the set's; NULL: the mode decided */
	const struct rule *beaten;	/* an allow that lost to a whole deny, or NULL */
	const char *reason;		/* constant text */
};

struct list;
struct list_range;

/* What of a list a flow is. @entry or @range tells the entry. */
struct policy_list_hit {
	const struct list *list;
	const char *entry;		/* the list's; NULL: it was a range */
	const struct list_range *range;	/* the list's; NULL: it was a name */
};

/* The first list of @rule that the flow is on. Return: false: none, or "not" stands before it. */
bool policy_list_hit(const struct rule *rule, const struct policy_env *env,
		     const struct flow_query *q, struct policy_list_hit *hit);

/* The same answer the compiled table gives, and for what only user space can tell. */
void policy_decide(const struct ruleset *set, const struct policy_env *env,
		   const struct flow_query *q, struct policy_decision *d);

/*
 * Could the remote of @q, by a name that is not known of it, be refused in spite of @d, which is what
 * policy_decide() said?
 */
bool policy_name_may_refuse(const struct ruleset *set, const struct policy_env *env,
			    const struct flow_query *q, const struct policy_decision *d);

/*
 * Would the rule @id allow the remote of @q, which @d refuses, by a name that is not known of it any
 * more?
 */
bool policy_name_may_allow(const struct ruleset *set, const struct policy_env *env,
			   const struct flow_query *q, const struct policy_decision *d, uint64_t id);

/*
 * Rules with more ranges than POLICY_SET_FROM name a set instead, as long as there may be more sets
 * and ranges; without one, those with more than POLICY_LINES_MAX are the daemon's.
 */
#define POLICY_SET_FROM		16
#define POLICY_LINES_MAX	4096
#define POLICY_RANGES_MAX	2097152		/* what the kernel takes unless it was told otherwise */

/* The kernel's table. Zero it before first use; apps are sorted paths, numbered from 1. */
struct policy_compiled {
	struct snitch_policy policy;
	char **apps;			/* owned */
	size_t n_apps;
	struct snitch_rule *rules;	/* owned */
	size_t n_rules;
	struct snitch_set_data *sets;	/* owned, and their ranges */
	size_t n_sets;
};

int policy_compile(const struct ruleset *set, const struct policy_env *env,
		   struct policy_compiled *out);
void policy_compiled_free(struct policy_compiled *c);
/* Frees all but what policy_app() needs. */
void policy_compiled_keep_apps(struct policy_compiled *c);
/* The number of @exe in the table, 0: no rule names it. */
uint32_t policy_app(const struct policy_compiled *c, const char *exe);

#endif
