/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The SSH connection that this command came by. It must never believe the environment alone. */
#ifndef SNITCH_CLI_SSHPEER_H
#define SNITCH_CLI_SSHPEER_H

/*
 * A rule that keeps that connection, until reboot: for the program that holds it, to the peer's
 * address and port. For free(); NULL: there is no such connection.
 */
char *sshpeer_rule(void);

#endif
