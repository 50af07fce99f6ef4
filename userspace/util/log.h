/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logging: structured fields to the journal where there is one, one line to stderr else. Values
 * may hold hostile bytes: they are escaped here. It must never wait for a reader.
 */
#ifndef SNITCH_UTIL_LOG_H
#define SNITCH_UTIL_LOG_H

#include <stdbool.h>
#include <syslog.h>

struct log_field {
	const char *name;	/* upper case, as the journal wants it: SNITCH_PROGRAM */
	const char *value;	/* NULL: left out */
};

/**
 * log_open() - choose where lines go
 * @foreground: true: always stderr
 *
 * Without a call: stderr.
 */
void log_open(bool foreground);

/* Closes the connection to the journal. */
void log_close(void);

/* Messages of a lower urgency than @priority (LOG_DEBUG...) are dropped. Initially LOG_INFO. */
void log_set_level(int priority);

/* One message. */
void log_msg(int priority, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * log_fields() - one message with fields
 * @priority: LOG_ERR...
 * @message: the sentence; escaped
 * @fields: ends with a NULL name; values are escaped; only the journal gets them
 */
void log_fields(int priority, const char *message, const struct log_field *fields);

#endif
