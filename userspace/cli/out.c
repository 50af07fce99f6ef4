// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Output of the command line: data on standard output, talk on standard
 * error. It must never pass a control character of another program on.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../util/cleanup.h"
#include "../util/escape.h"
#include "../util/format.h"
#include "cli.h"

/* Unlike snitch_escape(): keeps newlines (our formats') and backslashes (the daemon's escapes). */
static void put_safe(FILE *to, const char *s, bool keep_newline)
{
	size_t len = strlen(s);

	while (len) {
		unsigned int code;
		size_t n = snitch_utf8_len(s, len, &code);

		if (n && (!snitch_code_is_unsafe(code) || code == '\\' ||
			  (keep_newline && code == '\n'))) {
			fwrite(s, 1, n, to);
		} else {
			fprintf(to, "\\x%02x", (unsigned char)*s);
			n = 1;
		}
		s += n;
		len -= n;
	}
}

/* Keeps errno: who has just told of it may still need it. */
static unsigned int columns_of(int fd)
{
	int before = errno;
	struct winsize ws = { .ws_col = 0 };

	if (ioctl(fd, TIOCGWINSZ, &ws))
		ws.ws_col = 0;
	errno = before;
	return ws.ws_col;
}

/*
 * @text and a newline; where @columns says that there is a terminal, in lines that break at blanks
 * and begin after @indent columns, but the first. Bytes count for columns: at worst a line breaks
 * early.
 */
static void put_wrapped(FILE *to, unsigned int columns, unsigned int indent, const char *text)
{
	unsigned int room = columns > 2 * indent ? columns - indent : 0;
	_cleanup_free_ char *line = NULL;
	size_t n;

	while (room && strlen(text) > room) {
		for (n = room; n && text[n] != ' '; n--)
			;
		if (!n)
			n = strcspn(text, " ");
		if (!text[n])
			break;
		free(line);
		line = strndup(text, n);
		put_safe(to, line ? line : "", false);
		fprintf(to, "\n%*s", (int)indent, "");
		text += n + 1;
	}
	put_safe(to, text, false);
	fputc('\n', to);
}

static void put_error(const char *fmt, va_list ap)
{
	_cleanup_free_ char *text = snitch_vformat(fmt, ap);

	fputs("snitch: ", stderr);
	put_wrapped(stderr, columns_of(STDERR_FILENO), strlen("snitch: "),
		    text ? text : "no memory");
}

void out_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_error(fmt, ap);
	va_end(ap);
}

int out_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_error(fmt, ap);
	va_end(ap);
	return CLI_USAGE;
}

void out_printf(const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = snitch_vformat(fmt, ap);
	va_end(ap);
	if (text)
		put_safe(stdout, text, true);
}

unsigned int out_columns(void)
{
	return columns_of(STDOUT_FILENO);
}

void out_wrapped(unsigned int indent, const char *text)
{
	put_wrapped(stdout, out_columns(), indent, text);
}

void out_colour(const struct cli *cli, int colour, const char *text)
{
	if (cli->colour)
		printf("\033[%dm", colour);
	put_safe(stdout, text, false);
	if (cli->colour)
		fputs("\033[0m", stdout);
}

static int dump(json_t *value, size_t flags)
{
	int rc;

	if (!value) {
		out_error("no memory");
		return CLI_FAILED;
	}
	/* ASCII only: then no character in a string can reach a terminal as it is. */
	rc = json_dumpf(value, stdout, flags | JSON_ENSURE_ASCII);
	json_decref(value);
	putchar('\n');
	return rc ? CLI_FAILED : CLI_OK;
}

int out_json(json_t *value)
{
	return dump(value, isatty(STDOUT_FILENO) ? JSON_INDENT(2) : JSON_COMPACT);
}

int out_ndjson(json_t *value)
{
	int code = dump(value, JSON_COMPACT);

	return fflush(stdout) ? CLI_FAILED : code;
}

int out_hello(const char *stream)
{
	return out_ndjson(json_pack("{s:s,s:i,s:s}", "type", "hello", "schema", 1,
				    "stream", stream));
}

int out_finish(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	if (errno != EPIPE)
		out_error("cannot write the output: %s", strerror(errno));
	return code ? code : CLI_FAILED;
}
