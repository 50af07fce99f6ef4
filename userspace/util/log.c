// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Logging with fields. It must never let a hostile value start a new line or a new field.
 */
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "cleanup.h"
#include "escape.h"
#include "format.h"

#define JOURNAL_SOCKET	"/run/systemd/journal/socket"

static struct {
	int journal;
	int level;
	unsigned long lost;	/* the journal did not take them */
} state = { .journal = -1, .level = LOG_INFO };

void log_open(bool foreground)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = JOURNAL_SOCKET };
	int fd;

	log_close();
	if (foreground)
		return;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return;
	}
	state.journal = fd;
}

void log_close(void)
{
	if (state.journal >= 0)
		close(state.journal);
	state.journal = -1;
}

void log_set_level(int priority)
{
	state.level = priority;
}

static void to_stderr(int priority, const char *message)
{
	/* with sd-daemon's prefix a service manager that reads stderr knows the urgency */
	if (getenv("INVOCATION_ID"))
		fprintf(stderr, "<%d>snitchd: %s\n", priority, message);
	else
		fprintf(stderr, "snitchd: %s\n", message);
}

/*
 * The journal's native protocol (systemd, "Native Journal Protocol"): one datagram, a line for
 * each field. Values are escaped and so never hold a newline. sd_journal_sendv() would do the same,
 * but waits when the journal does not read.
 */
static void to_journal(int priority, const char *message, const struct log_field *fields)
{
	_cleanup_free_ char *data = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&data, &size);

	if (!out)
		return;
	fprintf(out, "MESSAGE=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=snitchd\n", message, priority);
	if (state.lost)
		fprintf(out, "SNITCH_LOG_LOST=%lu\n", state.lost);
	for (; fields && fields->name; fields++) {
		_cleanup_free_ char *value = fields->value ? snitch_escape_str(fields->value) : NULL;

		if (value)
			fprintf(out, "%s=%s\n", fields->name, value);
	}
	if (fclose(out))
		return;
	if (send(state.journal, data, size, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
		state.lost = 0;
		return;
	}
	state.lost++;
	if (errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET) {
		to_stderr(priority, message);
		log_open(false);
	}
}

void log_fields(int priority, const char *message, const struct log_field *fields)
{
	_cleanup_free_ char *safe = NULL;

	if (priority > state.level)
		return;
	safe = snitch_escape_str(message);
	if (!safe)
		return;
	if (state.journal >= 0)
		to_journal(priority, safe, fields);
	else
		to_stderr(priority, safe);
}

void log_msg(int priority, const char *fmt, ...)
{
	_cleanup_free_ char *message = NULL;
	va_list ap;

	if (priority > state.level)
		return;
	va_start(ap, fmt);
	message = snitch_vformat(fmt, ap);
	va_end(ap);
	if (message)
		log_fields(priority, message, NULL);
}
