/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the subcommands of `snitch` share: the context, exit codes, the bus,
 * and output. It must never print a string of another program unescaped.
 */
#ifndef SNITCH_CLI_H
#define SNITCH_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

enum cli_exit {			/* documented in snitch(1) */
	CLI_OK		= 0,
	CLI_FAILED	= 1,	/* refused, or it did not work */
	CLI_USAGE	= 2,
	CLI_NO_DAEMON	= 3,	/* snitchd, or for netlink the module, is not there */
	CLI_DENIED	= 4,	/* not permitted */
	CLI_NOT_FOUND	= 5,
	CLI_FINDINGS	= 6,	/* rules check: rules that say nothing; rules test: something
				 * would have been judged otherwise */
	CLI_INVALID	= 7,	/* a rule, mode, scope or lifetime that is none */
	CLI_TIMEOUT	= 8,
	CLI_ABI		= 9,	/* module and program of different versions */
	CLI_OBSERVING	= 10,	/* status -q */
	CLI_OFF		= 11,
	CLI_DEGRADED	= 12,
	CLI_INTERRUPTED	= 130,
};

#define SNITCH_BUS_NAME		"org.snitch.Snitch1"
#define SNITCH_BUS_PATH		"/org/snitch/Snitch1"
#define SNITCH_BUS_IFACE	"org.snitch.Snitch1.Manager"
#define SNITCH_BUS_SOCKET	"/run/snitch/bus"
#define SNITCH_BUS_ENV		"SNITCH_BUS"
#define SNITCH_ROOT_ENV		"SNITCH_ROOT"	/* what stands for / where policies are read */

/**
 * struct cli - the one context of a run
 * @json: print JSON
 * @colour: standard output takes colours
 * @bus: connection to snitchd, or NULL before cli_bus_open()
 * @direct: @bus is the private socket, without a message bus in between
 * @no_password: nobody is asked for a password
 * @no_terminal: not at this terminal, which is used for something else
 * @password_agent: the process that asks there; 0: none
 */
struct cli {
	bool json;
	bool colour;
	sd_bus *bus;
	bool direct;
	bool no_password;
	bool no_terminal;
	pid_t password_agent;
};

/**
 * struct cli_command - one subcommand
 * @name: the word
 * @run: called with the words after @name; returns enum cli_exit
 * @args: what they may be, for help
 * @help: one line
 * @words: words that complete the first argument, separated by blanks; may be NULL
 */
struct cli_command {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
	const char *args;
	const char *help;
	const char *words;
};

extern const struct cli_command cli_commands[];	/* ends with a NULL name */

int cmd_status(struct cli *cli, int argc, char **argv);
int cmd_mode(struct cli *cli, int argc, char **argv);
int cmd_pending(struct cli *cli, int argc, char **argv);
int cmd_answer(struct cli *cli, int argc, char **argv);
int cmd_rules(struct cli *cli, int argc, char **argv);
int cmd_explain(struct cli *cli, int argc, char **argv);
int cmd_lists(struct cli *cli, int argc, char **argv);
int cmd_flows(struct cli *cli, int argc, char **argv);
int cmd_cut(struct cli *cli, int argc, char **argv);
int cmd_ask(struct cli *cli, int argc, char **argv);
int cmd_doctor(struct cli *cli, int argc, char **argv);
int cmd_panic(struct cli *cli, int argc, char **argv);
int cmd_release(struct cli *cli, int argc, char **argv);
int cmd_monitor(struct cli *cli, int argc, char **argv);
int cmd_log(struct cli *cli, int argc, char **argv);
int cmd_review(struct cli *cli, int argc, char **argv);
int cmd_top(struct cli *cli, int argc, char **argv);
int cmd_iap(struct cli *cli, int argc, char **argv);
int cmd_iap_lint(struct cli *cli, int argc, char **argv);
int cmd_profile(struct cli *cli, int argc, char **argv);
int cmd_apply(struct cli *cli, int argc, char **argv);
int cmd_confirm(struct cli *cli, int argc, char **argv);
int cmd_run(struct cli *cli, int argc, char **argv);
int cmd_watch(struct cli *cli, int argc, char **argv);
int cmd_complete(struct cli *cli, int argc, char **argv);

/* ---- bus.c ---------------------------------------------------------------- */

/**
 * cli_bus_open - connect to snitchd
 * @cli: its @bus and @direct are set on success
 * @quiet: say nothing when there is no daemon
 *
 * The system bus; where that has no snitchd and the caller is root, the
 * private socket. $SNITCH_BUS: "system", "session", "session:ADDRESS" (a message bus at
 * ADDRESS), or the path of a private socket.
 * Return: CLI_OK, or CLI_NO_DAEMON (or CLI_DENIED) with a message printed.
 */
int cli_bus_open(struct cli *cli, bool quiet);

/** cli_bus_close - NULL connection is fine; safe to call twice */
void cli_bus_close(struct cli *cli);

/**
 * cli_call - call a method of the manager object and wait for the answer
 * @member: method
 * @reply: the answer, for sd_bus_message_unref(); may be NULL
 * @types: D-Bus types of the arguments that follow
 *
 * Connects first where that has not been done. Errors are printed.
 * Return: enum cli_exit.
 */
int cli_call(struct cli *cli, const char *member, sd_bus_message **reply, const char *types, ...);

/**
 * cli_call_json - cli_call() with the answer as JSON
 * @out: the first value of the answer; the caller's to decref
 */
int cli_call_json(struct cli *cli, const char *member, json_t **out, const char *types, ...);

/**
 * cli_call_many - cli_call_json() with an array of strings and one more string as arguments
 * @strings: ends with NULL
 */
int cli_call_many(struct cli *cli, const char *member, json_t **out, char **strings,
		  const char *last);

/** cli_bus_error - print a failed call's error; return the exit code that fits */
int cli_bus_error(const char *what, int err, const sd_bus_error *error);

/* ---- password.c ----------------------------------------------------------- */

/** password_start - where there is a terminal, polkit may ask for passwords there from now on */
void password_start(struct cli *cli);

/** password_stop - the opposite; fine without a start */
void password_stop(struct cli *cli);

/* ---- agent.c -------------------------------------------------------------- */

/**
 * struct cli_agent - what is called while the event loop runs
 * @question: a new question, or one that changed; borrowed
 * @removed: the question @id is gone; @why: the interface's word
 * @mode: snitchd has another mode now; may be NULL
 * @gone: snitchd has left
 * @rules: NULL, or rules that ask, a line each: they hold while this agent is there, and it hears
 *	only of what they ask
 * @ids: of those rules; cli_agent_stop() lets go of them
 */
struct cli_agent {
	void *ctx;
	const char *rules;
	json_t *ids;
	void (*question)(void *ctx, json_t *question);
	void (*removed)(void *ctx, uint64_t id, const char *why);
	void (*mode)(void *ctx, const char *mode);
	void (*gone)(void *ctx);
};

/**
 * cli_agent_start - be an agent: from now on snitchd asks
 * @cli: connected; closing the connection unregisters the agent
 * @event: gets the connection as a source
 * @agent: must outlive the connection
 * @name: what snitchd calls this agent, and the beginning of messages
 *
 * Errors are printed. Return: enum cli_exit.
 */
int cli_agent_start(struct cli *cli, sd_event *event, struct cli_agent *agent, const char *name);

/** cli_agent_stop - the connection is closed, or will be at once */
void cli_agent_stop(struct cli_agent *agent);

/** cli_agent_list - @agent's question() for each that is open already; returns enum cli_exit */
int cli_agent_list(struct cli *cli, const struct cli_agent *agent);

/* ---- panic.c -------------------------------------------------------------- */

/** cli_load_rules - without a daemon: the rules of the folders, compiled here; enum cli_exit */
int cli_load_rules(void);

/* ---- lend.c --------------------------------------------------------------- */

/**
 * struct cli_loan - rules that end with this connection
 * @text: a line each; @name: what holds them, as `snitch rules list` shows it
 * @tree: they hold for this process and all that it starts
 * @record: snitchd remembers what they alone have allowed
 * @loan: gets their number
 */
struct cli_loan {
	const char *text, *name;
	bool tree, record;
	uint64_t loan;
};

/** cli_lend - borrow rules; @ids (may be NULL) gets an array of their ids; enum cli_exit */
int cli_lend(struct cli *cli, struct cli_loan *loan, json_t **ids);

/* ---- pending.c, ../ask/ask.c ---------------------------------------------- */

/**
 * cli_print_policy - purposes and what denying costs
 * @policy: iap_describe()'s object; NULL is fine
 * @indent: columns before each line
 */
void cli_print_policy(const json_t *policy, unsigned int indent);

/**
 * cli_wait - print questions as they come, until a signal or @timeout seconds (0: none)
 * @rules: as of struct cli_agent
 * @name: of the command
 */
int cli_wait(struct cli *cli, uint64_t timeout, const char *rules, const char *name);

/** ask_run - put questions to the person at this terminal; @rules, @name: the same */
int ask_run(struct cli *cli, const char *rules, const char *name);

/* ---- bus.c, signals ------------------------------------------------------- */

/** cli_match - call @handler for each signal @member of the manager; 0 or negative errno */
int cli_match(struct cli *cli, const char *member, sd_bus_message_handler_t handler, void *ctx);

/**
 * cli_match_gone - call @handler when snitchd leaves
 *
 * The handler gets a NameOwnerChanged (of snitchd leaving or arriving) or Disconnected signal:
 * cli_is_gone() tells. Return: 0 or negative errno.
 */
int cli_match_gone(struct cli *cli, sd_bus_message_handler_t handler, void *ctx);

/** cli_is_gone - does this message say that snitchd has left? */
bool cli_is_gone(sd_bus_message *m);

/* ---- admin.c -------------------------------------------------------------- */

struct rule;

/**
 * admin_add - write one of the administrator's rules and have snitchd read it
 * @root: prefix of all folders; snitchd is not told then. NULL: none, and only root may
 * @rule: taken, also on failure
 * @id: gets its id
 *
 * Errors are printed. Return: enum cli_exit.
 */
int admin_add(struct cli *cli, const char *root, struct rule *rule, uint64_t *id);

/**
 * admin_add_all - the same for @n rules, all or none
 * @ids: gets their ids
 */
int admin_add_all(struct cli *cli, const char *root, struct rule **rules, size_t n, uint64_t *ids);

/**
 * admin_remove - the opposite
 *
 * Return: as above; CLI_NOT_FOUND, with nothing printed, for an id that is not a lasting rule of
 * the administrator, and for users but root.
 */
int admin_remove(struct cli *cli, const char *root, uint64_t id);

/**
 * admin_tell - have snitchd read files that were changed
 * @root: NULL; with another root it is not told
 */
int admin_tell(struct cli *cli, const char *root);

/* ---- builtin.c ------------------------------------------------------------ */

/** builtin_switch - `rules enable` (@on) and `rules disable`, with the words after it */
int builtin_switch(struct cli *cli, int argc, char **argv, bool on);

/* ---- exchange.c ----------------------------------------------------------- */

/* `snitch rules import` and `export`, with the words after these. */
int rules_import(struct cli *cli, int argc, char **argv);
int rules_export(struct cli *cli, int argc, char **argv);
/* ---- check.c -------------------------------------------------------------- */

int cmd_rules_check(struct cli *cli, int argc, char **argv);

/* ---- rules.c -------------------------------------------------------------- */

/** struct cli_verb - one of a command's verbs; the last one's name is NULL */
struct cli_verb {
	const char *name;
	int (*run)(struct cli *cli, int argc, char **argv);
};

/** cli_verb - run the verb that @argv begins with, the first one without words; enum cli_exit */
int cli_verb(struct cli *cli, const char *command, const struct cli_verb *verbs, int argc,
	     char **argv);

/** cli_remove_each - each of @argv by @remove, with JSON of those that went; the last exit code */
int cli_remove_each(struct cli *cli, int argc, char **argv,
		    int (*remove)(struct cli *cli, const char *what, const void *ctx),
		    const void *ctx);

/** cli_join - the words of a rule or flow as its text, quoted where needed; for free() */
char *cli_join(int argc, char **argv);

/* ---- value.c -------------------------------------------------------------- */

/**
 * value_read - the next value of a message as JSON
 *
 * Dictionaries become objects, arrays and structs arrays, variants what is in
 * them. 64-bit numbers under the keys "id" and "rule_id" become strings, as
 * some readers of JSON round large numbers.
 * Return: a new reference, NULL at the end or on error.
 */
json_t *value_read(sd_bus_message *m);

/* Member of @obj, with a default where it is absent or of another type. */
const char *value_str(const json_t *obj, const char *key, const char *fallback);
int64_t value_int(const json_t *obj, const char *key, int64_t fallback);
bool value_bool(const json_t *obj, const char *key);

/** value_id - the id of a question; 0: none */
uint64_t value_id(const json_t *obj);

/* ---- out.c ---------------------------------------------------------------- */

/** out_error - "snitch: ..." on standard error, escaped, one line */
void out_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** out_usage - one line on wrong arguments; returns CLI_USAGE */
int out_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** out_json - @value as one line (or, on a terminal, indented) on standard output; eats @value */
int out_json(json_t *value);

/** out_ndjson - one object a line, flushed; eats @value */
int out_ndjson(json_t *value);

/** out_hello - the first line of a stream of JSON lines */
int out_hello(const char *stream);

/** out_printf - formatted text on standard output, made safe for a terminal as a whole */
void out_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** out_columns - width of the terminal that standard output is; 0: it is none, do not wrap */
unsigned int out_columns(void);

/** out_wrapped - @text and a newline, wrapped at blanks so that it stays right of @indent columns */
void out_wrapped(unsigned int indent, const char *text);

/** out_colour - @text between colour codes (31 red...), where colours are wanted; escaped */
void out_colour(const struct cli *cli, int colour, const char *text);

/** out_finish - flush; CLI_FAILED (with a message) when standard output took not everything */
int out_finish(int code);

/* ---- nlerr.c -------------------------------------------------------------- */

struct snitch_nl;

/** cli_nl_open - snitch_nl_open() with the error printed; returns enum cli_exit */
int cli_nl_open(struct snitch_nl **nl);

/** cli_nl_error - print a failed netlink call's error; return the exit code that fits */
int cli_nl_error(const char *what, int err, const struct snitch_nl *nl);

#endif
