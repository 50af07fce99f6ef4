/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rules.c and rules-test.c share. */
#ifndef SNITCH_CLI_RULES_TEST_H
#define SNITCH_CLI_RULES_TEST_H

#include "cli.h"

/** rules_test - the words after `rules test`; enum cli_exit */
int rules_test(struct cli *cli, int argc, char **argv);

#endif
