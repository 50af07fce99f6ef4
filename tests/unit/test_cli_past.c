// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who a row of the history was, in words. It must never need snitchd.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "ask/who.h"
#include "cli/past.h"

#define ID	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void words(void **state)
{
	static const struct {
		const char *row, *app, *script;
	} cases[] = {
		{ "{}", "", "" },
		{ "{'script': '/opt/x'}", "", "/opt/x (claimed)" },
		{ "{'script': '/opt/x', 'app': ['script']}", "", "/opt/x" },
		{ "{'app': ['script']}", "", "" },
		{ "{'app': ['unit nginx.service']}", "unit nginx.service", "" },
		{ "{'app': ['flatpak? org.a.B']}", "flatpak org.a.B (claimed)", "" },
		{ "{'app': ['flatpak org.a.B']}", "flatpak org.a.B", "" },
		{ "{'app': ['snap a.b']}", "snap a.b", "" },
		{ "{'app': ['snap? a']}", "snap a (claimed)", "" },
		/* the id that a question has, where the unit has it */
		{ "{'app': ['unit docker-" ID ".scope', 'image debian:12', 'container']}",
		  "container debian:12 (0123456789ab)", "" },
		{ "{'app': ['unit docker-" ID ".scope']}", "container 0123456789ab", "" },
		{ "{'app': ['image debian:12', 'container']}", "container debian:12", "" },
		{ "{'app': ['unit a.service', 'container']}", "a container; unit a.service", "" },
		/* of another version, or nobody's */
		{ "{'app': 'unit x'}", "", "" },
		{ "{'app': [1, 'colour red', 'unit', 'unit\\u005cx0a a'], 'script': 2}", "", "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512], *app, *script, *c;
		json_t *row, *who;

		snprintf(text, sizeof(text), "%s", cases[i].row);
		for (c = text; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		row = json_loads(text, 0, NULL);
		assert_non_null(row);
		who = past_who(row);
		app = who_app(who);
		script = who_script(who);
		assert_string_equal(app, cases[i].app);
		assert_string_equal(script, cases[i].script);
		free(app);
		free(script);
		json_decref(who);
		json_decref(row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
