/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * snitch-tool: a plain client of snitch.ko for the tests. Knows the uapi header only.
 * Must never share code with libsnitch: the tests of the kernel stand alone.
 */
#ifndef TOOL_H
#define TOOL_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/snitch.h>

#include "netlink-call.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* die() - one line on stderr, with errno's text when @err is not 0; exits 1. */
__attribute__((format(printf, 2, 3), noreturn)) void die(int err, const char *fmt, ...);

/* ---- tool-names.c: words for numbers, and back ---- */
const char *name_action(uint32_t action);
/* action_of() - the number of a word; dies when there is none. */
uint32_t action_of(const char *word);
uint32_t mode_of(const char *word);
const char *name_forward(uint32_t forward);
uint32_t forward_of(const char *word);
const char *name_origin(uint32_t origin);
const char *name_cancel(uint32_t why);
const char *name_proto(uint8_t proto);
uint8_t proto_of(const char *word);
extern const char *const counter_names[__SNITCH_C_MAX];
#define LIMITS 13	/* words of struct snitch_limits with a meaning */
extern const char *const limit_names[LIMITS];	/* in the order of struct snitch_limits */
/* addr_text() - a static buffer out of four; v4 or v6 by @family. */
const char *addr_text(uint8_t family, const uint8_t *addr);
/* put_escaped() - bytes as one word: blanks, controls and backslash as \xNN. */
void put_escaped(FILE *out, const char *bytes, size_t len);
/* number_of() - decimal or 0x; dies on anything else or above @max. */
uint64_t number_of(const char *word, uint64_t max);

/* ---- tool-netlink.c ---- */
/* open_family() - nl_open(), but dies when the family is not there. One socket: one port id. */
void open_family(struct nl *nl);

int cmd_status(int argc, char **argv);
int cmd_flows(int argc, char **argv);
int cmd_parked(int argc, char **argv);
int cmd_rules(int argc, char **argv);
int cmd_limits(int argc, char **argv);
int cmd_cut(int argc, char **argv);

/* ---- tool-policy.c ---- */
int cmd_policy(int argc, char **argv);
/* range_of() - ADDRESS, ADDRESS/LEN or ADDRESS-ADDRESS; its family; dies on anything else. */
uint8_t range_of(char *word, uint8_t first[16], uint8_t last[16]);

/* ---- tool-sets.c: address sets ---- */
int cmd_change(int argc, char **argv);
int cmd_sets(int argc, char **argv);
/* set_line() - the rest of a policy's line "set ..."; how many sets there are by now. */
uint32_t set_line(char **save);
/* send_sets() - those, within the transaction that is open. */
void send_sets(struct nl *to);

/* ---- tool-device.c: /dev/snitch ---- */
/* device_open() - dies unless WELCOME comes; @flags: SNITCH_HELLO_*. */
extern uint64_t device_features;	/* SNITCH_FEATURE_* that it asks for */
int device_open(uint32_t role, uint32_t flags, struct snitch_welcome *welcome);
/* device_rest() - hands over the messages that came together with WELCOME. */
void device_rest(void (*fn)(const struct snitch_hdr *hdr));
/* print_message() - one line for one message. */
void print_message(FILE *out, const struct snitch_hdr *hdr);
/* hash_owner() - prints "HASH id size fnv1a" of the owner's executable, or why not. */
void hash_owner(FILE *out, int fd, uint64_t id);
int cmd_observe(int argc, char **argv);

int cmd_decide(int argc, char **argv);	/* tool-decide.c */

#endif
