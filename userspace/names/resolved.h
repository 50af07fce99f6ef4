/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What systemd-resolved tells its monitors: each question it was asked by whatever way, with the
 * records that answer it, as JSON (interface io.systemd.Resolve.Monitor, method
 * SubscribeQueryResults). It does not say who asked, nor which protocol the answer came by: LLMNR
 * and multicast DNS are answered by anybody nearby. So these names are claims of the whole system.
 * Pure: the text is given.
 */
#ifndef SNITCH_NAMES_RESOLVED_H
#define SNITCH_NAMES_RESOLVED_H

#include "memory.h"

#define RESOLVED_TEXT_MAX	65536	/* bytes of one message; longer ones are passed over */
#define RESOLVED_RECORDS_MAX	64	/* of one answer that are looked at */
#define RESOLVED_NAMES_MAX	8	/* questions of one message */

/*
 * Learns from one message. @netns: the one resolved is for; @now: CLOCK_BOOTTIME ns. Return: how many
 * names of addresses were learnt, or -EBADMSG when it is no message of that kind; -EPERM: it says
 * that we may not know.
 */
int resolved_learn(struct names *names, const char *text, size_t len, uint32_t netns, uint64_t now);

#endif
