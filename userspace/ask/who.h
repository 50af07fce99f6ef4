/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who it is, in words: what a program belongs to, whose it is, which warnings go with it. The same
 * for all faces, out of the keys of a question. Pure: it must never call vouched for what is not.
 */
#ifndef SNITCH_ASK_WHO_H
#define SNITCH_ASK_WHO_H

#include <jansson.h>

/*
 * Each is a new string for free(), "" where there is nothing to say, NULL without memory. They are
 * not escaped any further than the keys are.
 */

/** who_app - "unit nginx.service", "flatpak org.x.App (claimed)", "container debian:12 (01..)" */
char *who_app(const json_t *q);

/** who_script - "/usr/bin/apt-file", "/tmp/x.py (claimed)" */
char *who_script(const json_t *q);

/** who_user - "root (logged in as alice), pid 42" */
char *who_user(const json_t *q);

#endif
