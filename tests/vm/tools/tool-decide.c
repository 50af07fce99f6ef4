// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * snitch-tool decide: a decider whose answers are a table, a log and a FIFO.
 *
 *   --log FILE     each message as a line (see tool-device.c), flushed at once
 *   --fifo PATH    is made; takes the commands below, a line each
 *   --takeover     replaces a present decider
 *   --default A    allow, deny, drop, hold (this one unless told) or none: no answer
 *   --on PATH:PORT=A   the same for one program and destination port; * is any; first wins
 *   --bind         answers SNITCH_F_UNBOUND with BIND app 0
 *   --data         wants SNITCH_FEATURE_DATA
 *
 * Commands: allow|deny|drop|hold ID|all; cache ACTION OWNER ADDRESS PROTO PORT SECONDS
 * [person]; owner ID; hash ID; bind OWNER APP GENERATION; default A; pause; go; mark TEXT; quit.
 * An answer may be look, too: allow, but judge again at the first data; these wait for a command.
 * An answer to "all" goes to every flow that was neither answered finally nor cancelled.
 * Must never answer anything that neither the table nor the FIFO says.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define OPEN_MAX_FLOWS 70000
#define OWNERS_MAX 65536
#define TABLE_MAX 64
#define NO_ANSWER 0
#define LOOK 100		/* allow, with SNITCH_V_DATA */

static struct entry {
	char *path;
	char *port;
	uint32_t action;
} table[TABLE_MAX];
static unsigned int table_len;

static uint64_t open_flows[OPEN_MAX_FLOWS];
static unsigned int open_len;

static struct {
	uint64_t id;
	char *exe;
} owners[OWNERS_MAX];	/* by id modulo: newest wins */

static uint32_t standard = SNITCH_HOLD;
static int device;
static int bind_unbound;
static int paused;
static FILE *log_file;

static uint32_t answer_of(const char *word)
{
	if (!strcmp(word, "look"))
		return LOOK;
	return !strcmp(word, "none") ? NO_ANSWER : action_of(word);
}

static void send_all(const void *buf, size_t len, const char *what)
{
	if (write(device, buf, len) != (ssize_t)len)
		fprintf(log_file, "ERROR %s %s\n", what, strerrorname_np(errno));
}

static void verdict(uint64_t id, uint32_t action, uint32_t origin)
{
	struct snitch_verdict v = {
		.hdr = { .size = sizeof(v), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_VERDICT, .id = id },
		.action = action == LOOK ? SNITCH_ALLOW : action, .origin = origin,
		.flags = action == LOOK ? SNITCH_V_DATA : 0,
	};
	fprintf(log_file, "SENT id=%llu action=%s\n", (unsigned long long)id,
		action == LOOK ? "look" : name_action(action));
	fflush(log_file);
	send_all(&v, sizeof(v), "verdict");
}

static void bind_owner(uint64_t owner, uint32_t app, uint64_t generation)
{
	struct snitch_bind b = {
		.hdr = { .size = sizeof(b), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_BIND, .id = owner },
		.generation = generation, .app = app,
	};
	send_all(&b, sizeof(b), "bind");
}

static void open_add(uint64_t id)
{
	if (open_len < OPEN_MAX_FLOWS)
		open_flows[open_len++] = id;
}

static void open_remove(uint64_t id)
{
	unsigned int i;

	for (i = 0; i < open_len; i++) {
		if (open_flows[i] == id) {
			open_flows[i] = open_flows[--open_len];
			return;
		}
	}
}

static const char *exe_of(uint64_t owner)
{
	unsigned int slot = owner % OWNERS_MAX;

	return owners[slot].id == owner && owners[slot].exe ? owners[slot].exe : "?";
}

static void keep_owner(const struct snitch_owner *o)
{
	unsigned int slot = o->hdr.id % OWNERS_MAX;

	free(owners[slot].exe);
	owners[slot].id = o->hdr.id;
	owners[slot].exe = strndup((const char *)(o + 1), o->exe_len);
}

static uint32_t table_answer(const struct snitch_flow_event *f)
{
	const char *exe = exe_of(f->owner);
	char port[8];
	unsigned int i;

	snprintf(port, sizeof(port), "%u", f->dport);
	for (i = 0; i < table_len; i++) {
		if ((!strcmp(table[i].path, "*") || !strcmp(table[i].path, exe)) &&
		    (!strcmp(table[i].port, "*") || !strcmp(table[i].port, port)))
			return table[i].action;
	}
	return standard;
}

static void flow(const struct snitch_flow_event *f)
{
	uint32_t action = table_answer(f);

	if (bind_unbound && (f->flags & SNITCH_F_UNBOUND))
		bind_owner(f->owner, 0, f->generation);
	/* It is open from its first DATA on. */
	if (action == LOOK && (f->flags & SNITCH_F_DATA))
		return;
	if (action == NO_ANSWER || action == SNITCH_HOLD)
		open_add(f->hdr.id);
	if (action != NO_ANSWER)
		verdict(f->hdr.id, action, SNITCH_BY_PERSON);
}

static void take(const struct snitch_hdr *h)
{
	print_message(log_file, h);
	fflush(log_file);
	if (h->type == SNITCH_MSG_OWNER)
		keep_owner((const struct snitch_owner *)h);
	else if (h->type == SNITCH_MSG_FLOW)
		flow((const struct snitch_flow_event *)h);
	else if (h->type == SNITCH_MSG_DATA && !((const struct snitch_data *)h)->index)
		open_add(h->id);
	else if (h->type == SNITCH_MSG_CANCEL)
		open_remove(h->id);
}

static void read_device(void)
{
	static char buf[65536];
	ssize_t n = read(device, buf, sizeof(buf)), off = 0;

	if (n <= 0) {
		fprintf(log_file, "END %s\n", n ? strerrorname_np(errno) : "EOF");
		fflush(log_file);
		exit(n && errno == EPERM ? 0 : 1);
	}
	while (off < n) {
		const struct snitch_hdr *h = (const struct snitch_hdr *)(buf + off);

		if (n - off < (ssize_t)sizeof(*h) || h->size < sizeof(*h) || h->size % 8 ||
		    h->size > n - off) {
			fprintf(log_file, "MALFORMED at %zd of %zd\n", off, n);
			fflush(log_file);
			exit(1);
		}
		take(h);
		off += h->size;
	}
}

static void answer_command(uint32_t action, const char *which)
{
	uint64_t id;

	if (strcmp(which, "all")) {
		id = number_of(which, UINT64_MAX);
		if (action != SNITCH_HOLD)
			open_remove(id);
		verdict(id, action, SNITCH_BY_PERSON);
		return;
	}
	for (unsigned int i = 0; i < open_len; i++)
		verdict(open_flows[i], action, SNITCH_BY_PERSON);
	if (action != SNITCH_HOLD)
		open_len = 0;
}

static void cache_command(char **word)
{
	struct snitch_cache c = {
		.hdr = { .size = sizeof(c), .version = SNITCH_MSG_VERSION,
			 .type = SNITCH_MSG_CACHE, .id = number_of(word[1], UINT64_MAX) },
		.action = action_of(word[0]),
		.origin = word[6] && !strcmp(word[6], "person") ? SNITCH_BY_PERSON : SNITCH_BY_NAME,
		.family = strchr(word[2], ':') ? AF_INET6 : AF_INET,
		.proto = proto_of(word[3]), .port = number_of(word[4], 65535),
		.uid = SNITCH_UID_ANY,
	};
	struct timespec ts;

	if (inet_pton(c.family, word[2], c.addr) != 1)
		die(0, "cache: address");
	clock_gettime(CLOCK_BOOTTIME, &ts);
	c.until = (ts.tv_sec + number_of(word[5], 1 << 20)) * 1000000000ULL + ts.tv_nsec;
	send_all(&c, sizeof(c), "cache");
}

static void command(char *line)
{
	char *save, *word[8] = { NULL };
	int n = 0;

	for (char *w = strtok_r(line, " \n", &save); w && n < 8; w = strtok_r(NULL, " \n", &save))
		word[n++] = w;
	if (!n)
		return;
	if (!strcmp(word[0], "quit"))
		exit(0);
	else if (!strcmp(word[0], "pause") || !strcmp(word[0], "go"))
		paused = word[0][0] == 'p';
	else if (!strcmp(word[0], "default") && n == 2)
		standard = answer_of(word[1]);
	else if (!strcmp(word[0], "mark") && n == 2)
		fprintf(log_file, "MARK %s\n", word[1]);
	else if (!strcmp(word[0], "hash") && n == 2)
		hash_owner(log_file, device, number_of(word[1], UINT64_MAX));
	else if (!strcmp(word[0], "bind") && n == 4)
		bind_owner(number_of(word[1], UINT64_MAX), number_of(word[2], UINT32_MAX),
			   number_of(word[3], UINT64_MAX));
	else if (!strcmp(word[0], "cache") && (n == 7 || n == 8))
		cache_command(word + 1);
	else if (!strcmp(word[0], "owner") && n == 2)
		send_all(&(struct snitch_hdr){ .size = sizeof(struct snitch_hdr),
			.version = SNITCH_MSG_VERSION, .type = SNITCH_MSG_GET_OWNER,
			.id = number_of(word[1], UINT64_MAX) }, sizeof(struct snitch_hdr), "owner");
	else if (n == 2)
		answer_command(answer_of(word[0]), word[1]);
	else
		fprintf(log_file, "ERROR command %s\n", word[0]);
	fflush(log_file);
}

static void read_fifo(FILE *fifo)
{
	char line[512];

	while (fgets(line, sizeof(line), fifo))
		command(line);
	clearerr(fifo);
}

static FILE *make_fifo(const char *path)
{
	int fd;

	unlink(path);
	if (mkfifo(path, 0600) < 0)
		die(errno, "%s", path);
	/* Open for writing too: the end of one writer is not the end of commands. */
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		die(errno, "%s", path);
	return fdopen(fd, "r");
}

static void add_entry(char *text)
{
	char *action = strrchr(text, '='), *port;

	if (action)
		*action++ = '\0';
	port = strrchr(text, ':');
	if (!action || !port || table_len == TABLE_MAX)
		die(0, "--on PATH:PORT=ACTION");
	*port++ = '\0';
	table[table_len++] = (struct entry){ text, port, answer_of(action) };
}

static uint32_t options(int argc, char **argv, FILE **fifo)
{
	uint32_t flags = 0;
	int i;

	for (i = 1; i < argc; i++) {
		char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "--takeover")) {
			flags = SNITCH_HELLO_TAKEOVER;
			continue;
		}
		if (!strcmp(argv[i], "--data")) {
			device_features |= SNITCH_FEATURE_DATA;
			continue;
		}
		if (!strcmp(argv[i], "--bind")) {
			bind_unbound = 1;
			continue;
		}
		if (!value)
			die(0, "'%s' is unknown or needs a value", argv[i]);
		if (!strcmp(argv[i], "--log"))
			log_file = fopen(value, "a");
		else if (!strcmp(argv[i], "--fifo"))
			*fifo = make_fifo(value);
		else if (!strcmp(argv[i], "--default"))
			standard = answer_of(value);
		else if (!strcmp(argv[i], "--on"))
			add_entry(value);
		else
			die(0, "unknown option '%s'", argv[i]);
		i++;
	}
	return flags;
}

int cmd_decide(int argc, char **argv)
{
	struct snitch_welcome w;
	struct pollfd fds[2];
	FILE *fifo = NULL;
	uint32_t flags;

	log_file = stdout;
	flags = options(argc, argv, &fifo);
	if (!log_file)
		die(errno, "log");
	device = device_open(SNITCH_ROLE_DECIDER, flags, &w);
	fprintf(log_file, "WELCOME role=%u generation=%llu instance=%llx max_flows=%u grace_ms=%u\n",
		w.role, w.generation, w.instance, w.max_flows, w.grace_ms);
	fflush(log_file);
	device_rest(take);
	for (;;) {
		fds[0] = (struct pollfd){ .fd = paused ? -1 : device, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = fifo ? fileno(fifo) : -1, .events = POLLIN };
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			die(errno, "poll");
		if (fds[1].revents & POLLIN)
			read_fifo(fifo);
		if (!paused && fds[0].revents)
			read_device();
	}
}
