/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes strings that programs control (paths, command lines, names) so that a terminal, a log or
 * a JSON reader shows them and never obeys them. It never shortens without saying so.
 */
#ifndef SNITCH_UTIL_ESCAPE_H
#define SNITCH_UTIL_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * snitch_escape() - make hostile bytes safe to show
 * @src: bytes, not NUL-ended; may be NULL when @len is 0
 * @len: how many
 *
 * Printable UTF-8 stays; control characters (C0, DEL, C1), backslash, characters that change
 * direction or are invisible, and bytes that are not UTF-8 become \xNN, byte by byte. The result
 * is valid UTF-8 and can be turned back with snitch_unescape().
 *
 * Return: a new string for free(), or NULL without memory.
 */
char *snitch_escape(const void *src, size_t len);

/* The same for a NUL-ended string; NULL gives "". */
char *snitch_escape_str(const char *src);

/**
 * snitch_escape_buf() - snitch_escape() into a buffer of the caller
 * @src: bytes
 * @len: how many
 * @buf: gets a NUL-ended string; one too long ends in "..." and never in half an escape
 * @size: of @buf, at least 4
 *
 * Return: @buf.
 */
char *snitch_escape_buf(const void *src, size_t len, char *buf, size_t size);

/**
 * snitch_unescape() - the bytes that snitch_escape() was given
 * @src: escaped string
 * @len: gets their number
 *
 * Return: new bytes, NUL added, for free(); NULL (errno EINVAL) for a malformed escape, NULL
 * (ENOMEM) without memory.
 */
char *snitch_unescape(const char *src, size_t *len);

/** snitch_hex_digit() - 0 to 15, of either case; -1 for any other character */
int snitch_hex_digit(char c);

/**
 * snitch_utf8_len() - length of the UTF-8 character at the start of some bytes
 * @src: bytes
 * @len: how many there are
 * @code: gets the code point; may be NULL
 *
 * Return: 1 to 4; 0 when they do not start with a valid character (overlong forms, surrogates and
 * codes beyond U+10FFFF are not valid).
 */
size_t snitch_utf8_len(const void *src, size_t len, unsigned int *code);

/* True for code points that must never reach a terminal as they are. */
bool snitch_code_is_unsafe(unsigned int code);

/**
 * snitch_cmdline() - a command line as one line to show
 * @src: arguments with a NUL between them
 * @len: bytes in all
 *
 * Arguments are joined by blanks; those with blanks, quotes or nothing in them stand in '...'.
 *
 * Return: a new escaped string for free(), or NULL without memory.
 */
char *snitch_cmdline(const void *src, size_t len);

#endif
