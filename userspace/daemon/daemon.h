/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snitchd's one context: the mind (core.h) and all that connects it to the world. Everything runs
 * in one thread, in the event loop.
 */
#ifndef SNITCH_DAEMON_DAEMON_H
#define SNITCH_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "core.h"
#include "history-source.h"
#include "pace.h"

#define DAEMON_BUS_NAME		"org.snitch.Snitch1"
#define DAEMON_PATH		"/org/snitch/Snitch1"
#define DAEMON_QUESTION_PATH	"/org/snitch/Snitch1/question"
#define DAEMON_MANAGER		"org.snitch.Snitch1.Manager"
#define DAEMON_QUESTION		"org.snitch.Snitch1.Question"
#define DAEMON_ERROR		"org.snitch.Snitch1.Error."
#define DAEMON_PEERS_MAX	32	/* on the private socket */
#define DAEMON_AGENTS_MAX	32
#define DAEMON_AGENTS_UID	8	/* of one user */
#define DAEMON_SENDERS		32	/* of the system bus whose uid is remembered */

/**
 * struct options - the command line
 * @root: prefix of all folders, "" for none
 * @device: NULL: the default
 * @record, @replay: files, or NULL
 * @user: to become, or NULL
 */
struct options {
	const char *root;
	const char *device;
	const char *record;
	const char *replay;
	const char *user;
	bool foreground;
	bool no_drop;
	bool no_seccomp;
	bool takeover;
	bool debug;
};

struct sender {
	char name[32];
	uint32_t uid;
};

/* A connection on the private socket. */
struct bus_peer {
	struct daemon *daemon;
	sd_bus *bus;
	uint32_t uid;
	uint32_t pid;
	TAILQ_ENTRY(bus_peer) link;
};

/**
 * struct daemon - all of snitchd
 * @device: the connection to the kernel, also core.dev; NULL while there is none
 * @nl: netlink; NULL with a fake device or a replay
 * @fake: @device is not a kernel: policies go nowhere
 * @device_error: why there is no device
 */
struct daemon {
	struct options opt;
	struct core core;
	sd_event *event;

	struct snitch_device *device;
	struct snitch_nl *nl;
	bool fake;
	FILE *record;
	char device_error[160];
	sd_event_source *device_source;
	sd_event_source *device_retry;

	sd_bus *system;
	sd_event_source *system_retry;
	struct sender senders[DAEMON_SENDERS];
	unsigned int next_sender;
	int listen_fd;
	char *socket_path;
	sd_event_source *listen_source;
	TAILQ_HEAD(bus_peers, bus_peer) peers;
	unsigned int n_peers;
	unsigned int n_agents;
	TAILQ_HEAD(checks, check) checks;	/* calls that wait for polkit, see authority.c */
	unsigned int n_checks;
	const struct check *answered;	/* the one that runs again */
	sd_event_source *changed_timer;

	int inotify_fd;
	int route_fd;
	sd_event_source *inotify_source;
	sd_event_source *route_source;
	sd_event_source *settle_timer;
	bool rules_touched;
	bool places_touched;
	bool profiles_touched;
	sd_event_source *mode_timer;
	sd_event_source *rules_timer;
	struct inspector *inspector;	/* NULL: none */
	struct trial *trial;
	struct profiles *profiles;
	struct lenders *lenders;	/* who holds rules on loan */
	sd_event_source *inspector_source;
	sd_event_source *inspector_retry;
	uint64_t inspector_since;	/* CLOCK_BOOTTIME ns */
	struct history_wish history_wish;
	struct history_source *history;	/* NULL: none yet */
	struct looker *looker;		/* at live flows; NULL: none */
	struct flows_source *flows;	/* NULL: nobody has asked for live flows */
	struct keeper *keeper;		/* of lists */
	sd_event_source *keeper_source;
	bool lists_touched;
	struct resolved *resolved;	/* NULL: none yet */
	struct pace explain_pace;
	uint64_t started;	/* CLOCK_BOOTTIME ns */
};

/* ---- kernel.c: the device and the policy ------------------------------------------- */

/*
 * Opens the device and netlink, loads the policy, starts reading. Return: 0, or a negative errno with
 * @d->device_error saying what to do.
 */
int kernel_connect(struct daemon *d);
/* Tries again every two seconds until it works. */
void kernel_retry_later(struct daemon *d);
void kernel_disconnect(struct daemon *d);
/* Writes what is queued; called before the loop sleeps. */
void kernel_flush(struct daemon *d);

/* ---- watch.c: rule folders, name servers, interfaces, time ------------------------- */

int watch_start(struct daemon *d);
void watch_stop(struct daemon *d);
/* Sets the timers for the end of a timed mode and of timed rules anew. */
void watch_times(struct daemon *d);

/* ---- inspect-source.c: the inspector in the loop ------------------------------------- */

/* Starts the process. Return: 0 or a negative errno, told in the log: nothing can be looked into. */
int inspect_start(struct daemon *d);
/* From now on its findings reach the mind. */
int inspect_attach(struct daemon *d);
void inspect_stop(struct daemon *d);

/* ---- resolved-source.c: lookups by systemd-resolved --------------------------------------- */

/* Return: 0 or -ENOMEM. */
int monitor_start(struct daemon *d);
/* It may be there now, or again. */
void monitor_again(struct daemon *d);
void monitor_stop(struct daemon *d);

/* ---- keeper-source.c: lists in the loop ------------------------------------------------ */

/* Reads the lists, all at once. Return: 0 or -ENOMEM; what is wrong with them is told in the log. */
int lists_start(struct daemon *d);
/* There may be work: it is done when nothing else is. */
void lists_work(struct daemon *d);
void lists_stop(struct daemon *d);

/* ---- bus.c: the system bus and the private socket ----------------------------------- */

int bus_start(struct daemon *d);
void bus_stop(struct daemon *d);
/* Who sent @m. Return: 0 or a negative errno: then nobody with rights. */
int bus_caller(struct daemon *d, sd_bus_message *m, struct caller *caller);
/* The process that sent @m. Return: 0 or a negative errno. */
int bus_caller_pid(struct daemon *d, sd_bus_message *m, uint32_t *pid);
/* Tells that properties of the manager changed: a NULL-ended list. */
void bus_properties_changed(struct daemon *d, ...) __attribute__((sentinel));

/* ---- agents.c ------------------------------------------------------------------------ */

/* What it says of itself; see struct agent. */
struct agent_caps {
	const char *name;
	int watch;
	uint64_t loan;
};

int agents_add(struct daemon *d, sd_bus_message *m, const struct caller *who,
	       const struct agent_caps *caps, struct core_error *error);
/* Return: 0 or -ENOENT. */
int agents_remove(struct daemon *d, sd_bus_message *m);
/* The connection @bus is going away. */
void agents_lost_bus(struct daemon *d, sd_bus *bus);
/* Those who see questions of system uids by polkit may be others now. */
void agents_look_again(struct daemon *d);
/* For questions_new(): tells the agents. */
extern const struct questions_ops agents_ops;
/* A signal to every agent. */
void agents_tell_mode(struct daemon *d);
void agents_tell_rules(struct daemon *d);

/* ---- profile.c: rules that count in some networks only ------------------------------------ */

int profile_start(struct daemon *d);
/* Reads the file and the network again. */
void profile_reload(struct daemon *d);
/* The system bus came or went. */
void profile_bus(struct daemon *d);
void profile_stop(struct daemon *d);
bool profile_is_auto(const struct daemon *d);

/* ---- trial.c: rules that end unless somebody confirms them ------------------------------- */

/* Ends a trial; before the kernel's connection is closed. */
void trial_stop(struct daemon *d);
/* Of the trial, or the last one; "": none. */
const char *trial_name(const struct daemon *d);
const char *trial_state(const struct daemon *d);
/* CLOCK_BOOTTIME ns; 0: none runs. */
uint64_t trial_until(const struct daemon *d);

/* ---- lend.c: rules that end with a client of the bus ------------------------------------- */

/* The connection @bus is going away. */
void lend_lost_bus(struct daemon *d, sd_bus *bus);
void lend_stop(struct daemon *d);

/* ---- live-source.c: live flows under new rules ------------------------------------------- */

/* Before the first policy is loaded. Return: 0 or -ENOMEM. */
int live_start(struct daemon *d);
/* The kernel is gone. */
void live_lost(struct daemon *d);
void live_stop(struct daemon *d);

/* ---- manager-flows.c ------------------------------------------------------------------------- */

void flows_stop(struct daemon *d);

/* ---- manager.c, question-object.c ------------------------------------------------------ */

extern const sd_bus_vtable manager_vtable[];
extern const sd_bus_vtable question_vtable[];
int question_find(sd_bus *bus, const char *path, const char *interface, void *userdata,
		  void **found, sd_bus_error *error);
int question_enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***nodes,
		       sd_bus_error *error);
/* Reads the rest of an Answer call from @m, answers @id, replies. */
int manager_answer(struct daemon *d, sd_bus_message *m, uint64_t id);
int manager_error(sd_bus_message *m, const struct core_error *error);

/* ---- message.c --------------------------------------------------------------------------- */

/* Append one dictionary a{sv}. Return: 0 or a negative errno. */
int message_question(sd_bus_message *m, struct core *core, const struct question *q);
/* Entries "names", "name", "name_source", "name_claimed" and "lookup", as far as there are any. */
int message_names(sd_bus_message *m, const struct question_names *names);
/* Entries about whom it wants to talk to: "destination", "address", "port"... and its names. */
int message_whom(sd_bus_message *m, const struct question *q);
/* @use: NULL: not known */
int message_rule(sd_bus_message *m, const struct rulebook_row *row, const struct history_use *use);
/* An entry "ListProblems" of sentences. */
int message_list_problems(sd_bus_message *m, const struct keeper *keeper,
			  const struct rulebook *rb);
int message_kernel(sd_bus_message *m, const struct snitch_status *status);
/* An entry {sv} with a string that is escaped. */
int message_text(sd_bus_message *m, const char *key, const char *text);
/* The same with rules as they are written. */
int message_sentence_entry(sd_bus_message *m, const char *key, const char *text);
/* Appends a string to an array of them, escaped. */
int message_name(sd_bus_message *m, const char *text);
/* What that writes: a new string for free(), or NULL. */
char *message_sentence(const char *text);

/* ---- message-owner.c ------------------------------------------------------------------------ */

/* Entries about who it is: "program", "user", "parents"... @uid: effective, of the flow. */
int message_owner(sd_bus_message *m, const struct core *core, const struct owner *owner,
		  uint32_t uid);
/* The same without looking at any file: what nobody has found out yet is a claim. */
int message_known_owner(sd_bus_message *m, const struct owner *owner, uint32_t uid);
/* Appends the words of its flags to an array of strings. */
int message_owner_flags(sd_bus_message *m, const struct owner *owner);
/* Begins an entry whose value is an array, as "as"; message_close() ends it. */
int message_open(sd_bus_message *m, const char *key, const char *type);
int message_close(sd_bus_message *m);

/* ---- sandbox.c ------------------------------------------------------------------------------ */

/*
 * Becomes @user with three capabilities (NULL: stays who it is). Return: 0 or a negative errno, told
 * in the log.
 */
int sandbox_user(const char *user);
/* From now on system calls the daemon does not need kill it. Return: as above. */
int sandbox_syscalls(void);

/* ---- config.c ------------------------------------------------------------------------------ */

/* Reads /etc/snitch/snitchd.conf. Return: 0, or -EINVAL (told in the log; nothing taken). */
int config_read(struct daemon *d);

/* ---- options.c ----------------------------------------------------------------------------- */

/* Return: 0; 1: done (help, version); -EINVAL (told on stderr). */
int options_parse(struct options *opt, int argc, char **argv);

#endif
