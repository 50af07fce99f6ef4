// SPDX-License-Identifier: GPL-2.0-or-later
/* What control groups say, and which rules match by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "policy/app.h"
#include "policy/decide.h"

#define HEX	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UUID	"1b2c3d4e-1111-2222-3333-444455556666"

static void control_groups(void **state)
{
	static const struct {
		const char *cgroup, *unit, *flatpak, *snap, *snap_app, *container;
	} cases[] = {
		{ "", "", "", "", "", "" },
		{ "/", "", "", "", "", "" },
		{ "/init.scope", "", "", "", "", "" },
		{ "/system.slice/ssh.service", "ssh.service", "", "", "", "" },
		{ "/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service",
		  "", "", "", "" },
		{ "/system.slice/a.service/system.slice/ssh.service", "a.service", "", "", "", "" },
		{ "/system.slice/_cgroup.service", "cgroup.service", "", "", "", "" },
		/* below a user's own manager there are no units of the system, and no containers */
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/ssh.service",
		  "", "", "", "", "" },
		{ "/user.slice/user-1000.slice/user@1000.service/system.slice/ssh.service",
		  "", "", "", "", "" },
		{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" HEX ".scope",
		  "", "", "", "", "" },
		{ "/user.slice/user-1000.slice/user@1000.service/app.slice/app-flatpak-org.a.B-12.scope",
		  "", "org.a.B", "", "", "" },
		{ "/user.slice/u/app-flatpak-org.a.B\\x2dC-12.scope", "", "org.a.B-C", "", "", "" },
		{ "/user.slice/u/app-flatpak-.scope", "", "", "", "", "" },
		{ "/user.slice/u/app-flatpak-x\\x00y-1.scope", "", "x\\x00y", "", "", "" },
		{ "/user.slice/u/flatpak-org.a.B-12.scope", "", "org.a.B", "", "", "" },
		{ "/user.slice/u/snap.firefox.firefox-" UUID ".scope",
		  "", "", "firefox", "firefox.firefox", "" },
		{ "/user.slice/u/snap.firefox.firefox." UUID ".scope",
		  "", "", "firefox", "firefox.firefox", "" },
		{ "/user.slice/u/snap.a.b-c.scope", "", "", "a", "a.b-c", "" },
		{ "/user.slice/u/snap..b.scope", "", "", "", "", "" },
		{ "/system.slice/snap.cups.cupsd.service", "snap.cups.cupsd.service",
		  "", "cups", "cups.cupsd", "" },
		{ "/system.slice/docker-" HEX ".scope", "docker-" HEX ".scope", "", "", "", HEX },
		{ "/docker/" HEX, "", "", "", "", HEX },
		{ "/docker/" HEX "0", "", "", "", "", "" },
		{ "/machine.slice/libpod-" HEX ".scope/container", "", "", "", "", HEX },
		{ "/kubepods.slice/kubepods-pod1.slice/cri-containerd-" HEX ".scope",
		  "", "", "", "", HEX },
	};
	struct app_ids ids;
	char longest[2000];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		app_ids_of_cgroup(cases[i].cgroup, &ids);
		assert_string_equal(ids.unit, cases[i].unit);
		assert_string_equal(ids.flatpak, cases[i].flatpak);
		assert_string_equal(ids.snap, cases[i].snap);
		assert_string_equal(ids.snap_app, cases[i].snap_app);
		assert_string_equal(ids.container, cases[i].container);
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest, "/system.slice/", 14);
	app_ids_of_cgroup(longest, &ids);
	assert_string_equal(ids.unit, "");
}

static bool matches(const char *text, const struct flow_query *q)
{
	const struct policy_env env = { .mode = SNITCH_MODE_ASK };
	struct rule_error err;
	struct rule *rule;
	bool yes;

	assert_int_equal(rule_parse(text, NULL, 0, &rule, &err), 0);
	yes = policy_matches(rule, &env, q);
	rule_free(rule);
	return yes;
}

static void programs_of_rules(void **state)
{
	static const char *const images[] = { "debian:12", "sha256:" HEX };
	struct app app = {
		.unit = "ssh.service", .flatpak = "org.a.B", .snap = "firefox",
		.snap_app = "firefox.firefox", .script = "/usr/bin/tool", .images = images,
		.n_images = 2,
	};
	struct flow_query q = { .exe = "/usr/bin/x", .app = &app, .family = AF_INET };

	(void)state;
	assert_true(matches("allow unit ssh to any", &q));
	assert_true(matches("allow unit ssh.service to any", &q));
	assert_false(matches("allow unit ss to any", &q));
	assert_false(matches("allow unit sshd to any", &q));
	assert_true(matches("allow container debian:12:/usr/bin/x to any", &q));
	assert_true(matches("allow container sha256:" HEX ":/usr/bin/x to any", &q));
	assert_false(matches("allow container debian:12:/usr/bin/y to any", &q));
	assert_false(matches("allow container debian:11:/usr/bin/x to any", &q));
	/* what is only claimed refuses, and never allows */
	assert_false(matches("allow flatpak org.a.B to any", &q));
	assert_false(matches("allow snap firefox to any", &q));
	assert_false(matches("allow script /usr/bin/tool to any", &q));
	assert_true(matches("deny flatpak org.a.B to any", &q));
	assert_true(matches("deny snap firefox to any", &q));
	assert_true(matches("deny script /usr/bin/tool to any", &q));
	app.flatpak_sure = true;
	app.snap_sure = true;
	app.script_sure = true;
	assert_true(matches("allow flatpak org.a.B to any", &q));
	assert_true(matches("allow snap firefox to any", &q));
	assert_true(matches("allow snap firefox.firefox to any", &q));
	assert_false(matches("allow snap firefox.other to any", &q));
	assert_true(matches("allow script /usr/bin/tool to any", &q));
	q.app = NULL;
	assert_false(matches("allow unit ssh to any", &q));
	assert_false(matches("deny container debian:12:/usr/bin/x to any", &q));
}

static void strangers(void **state)
{
	static const char *const parents[] = { "/usr/bin/git", "/usr/bin/bash" };
	bool strange[] = { true, false };
	struct flow_query q = {
		.exe = "/opt/a/x", .parents = parents, .n_parents = 2, .strangers = strange,
		.family = AF_INET,
	};

	(void)state;
	assert_true(matches("allow /opt/*/x to any", &q));
	assert_false(matches("allow any child-of /usr/bin/git to any", &q));
	assert_false(matches("allow /usr/bin/git and children to any", &q));
	assert_true(matches("deny any child-of /usr/bin/git to any", &q));
	assert_true(matches("deny /usr/bin/git and children to any", &q));
	assert_true(matches("allow any child-of /usr/bin/bash to any", &q));
	strange[0] = false;
	assert_true(matches("allow any child-of /usr/bin/git to any", &q));
	q.strange = true;
	assert_false(matches("allow /opt/*/x to any", &q));
	assert_false(matches("allow /opt/a/x to any", &q));
	assert_true(matches("deny /opt/*/x to any", &q));
	assert_true(matches("allow any to any", &q));
}

/* What is kept says the same when it is read again, and no more than was sure. */
static void kept(void **state)
{
	static const char *const images[] = { "debian:12", "two\nlines", "sha256:" HEX };
	const struct app app = {
		.unit = "ssh.service", .flatpak = "org.a.B", .snap = "a", .snap_app = "a.b-c",
		.script = "/opt/x y.py", .images = images, .n_images = 3, .snap_sure = true,
		.script_sure = true,
	};
	char text[APP_TEXT], small[24];
	struct app_kept out;

	(void)state;
	assert_string_equal(app_print(&app, true, text, sizeof(text)),
			    "unit ssh.service\nflatpak? org.a.B\nsnap a.b-c\nimage debian:12\n"
			    "image sha256:" HEX "\nscript\ncontainer");
	app_read(text, "/opt/x y.py", &out);
	assert_string_equal(out.app.unit, "ssh.service");
	assert_string_equal(out.app.flatpak, "org.a.B");
	assert_false(out.app.flatpak_sure);
	assert_string_equal(out.app.snap, "a");
	assert_string_equal(out.app.snap_app, "a.b-c");
	assert_true(out.app.snap_sure && out.app.script_sure && out.container);
	assert_string_equal(out.app.script, "/opt/x y.py");
	assert_int_equal(out.app.n_images, 2);
	assert_string_equal(out.app.images[1], "sha256:" HEX);
	/* what does not fit is left out, not cut */
	assert_string_equal(app_print(&app, true, small, sizeof(small)), "unit ssh.service");
	assert_string_equal(app_print(&APP_NONE, false, text, sizeof(text)), "");
}

/* Whatever stands in the file: nothing is made of it but names. */
static void kept_odd(void **state)
{
	char text[] = "\n\nunit\nunit? x\nflatpak\nbogus y\nscript x\nscript\nimage? z\n?\n? a\n"
		      "snap .\nimage 1\nimage 2\nimage 3\nimage 4\nimage 5\ncontainer? \nsnap? b";
	struct app_kept out;
	char empty[] = "";

	(void)state;
	app_read(text, "", &out);
	assert_string_equal(out.app.unit, "");
	assert_string_equal(out.app.flatpak, "");
	assert_false(out.app.script_sure);	/* of no script */
	assert_int_equal(out.app.n_images, APP_IMAGES);
	assert_string_equal(out.app.snap, "b");
	assert_string_equal(out.app.snap_app, "");
	assert_false(out.app.snap_sure);
	assert_true(app_text_container("container") && app_text_container("unit x\ncontainer"));
	assert_false(app_text_container("") || app_text_container("unit container") ||
		     app_text_container("containers") || app_text_container("image a\nxcontainer"));
	app_read(empty, "/x", &out);
	assert_string_equal(out.app.script, "/x");
	assert_false(out.app.script_sure || out.container || out.app.n_images);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_groups),
		cmocka_unit_test(kept),
		cmocka_unit_test(kept_odd),
		cmocka_unit_test(programs_of_rules),
		cmocka_unit_test(strangers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
