// SPDX-License-Identifier: GPL-2.0-or-later
/* What a path and a control group are worth, with files in a folder of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/identity.h"
#include "lib/snitch.h"
#include "policy/known.h"
#include "util/cleanup.h"
#include "util/ownpath.h"
#include "lab.h"

#define HEX	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define USERNS	77

static char root[LAB_ROOT];

static int setup(void **state)
{
	static const char *const dirs[] = {
		"/app", "/opt", "/usr", "/usr/bin", "/snap", "/snap/fox", "/snap/fox/1", "/var",
		"/var/lib", "/var/lib/flatpak", "/var/lib/flatpak/app",
		"/var/lib/flatpak/app/org.a.B", "/var/lib/flatpak/app/org.a.B/7",
		"/var/lib/flatpak/app/org.a.B/7/files", "/var/lib/flatpak/app/org.a.B/7/files/bin",
		"/var/lib/docker", "/var/lib/docker/containers", "/var/lib/docker/containers/" HEX,
		"/var/lib/containers", "/var/lib/containers/storage",
		"/var/lib/containers/storage/overlay-containers",
	};
	char path[256];

	(void)state;
	lab_root(root, dirs, sizeof(dirs) / sizeof(dirs[0]));
	snprintf(path, sizeof(path), "%s/var/lib/flatpak/app/org.a.B/current", root);
	assert_int_equal(symlink(".", path), 0);
	snprintf(path, sizeof(path), "%s/var/lib/flatpak/app/org.a.B/active", root);
	assert_int_equal(symlink("7", path), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_remove(root);
	return 0;
}

/* An image that runs the file at @file; what it calls itself is @exe. */
static struct owner *owner_of(const char *file, const char *exe, const char *cgroup,
			      const char *script)
{
	struct snitch_owner wire = { .userns = USERNS };
	struct snitch_owner_info info = {
		.wire = &wire, .exe = exe, .cmdline = "", .cgroup = cgroup, .script = script,
		.exe_len = strlen(exe), .cgroup_len = strlen(cgroup), .script_len = strlen(script),
	};
	struct owner *owner;
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s", root, file);
	assert_int_equal(stat(path, &st), 0);
	wire.exe_dev = (unsigned int)st.st_dev;
	wire.exe_ino = st.st_ino;
	if (*script)
		wire.flags = SNITCH_O_SCRIPT;
	owner = owner_new(&info, NULL);
	assert_non_null(owner);
	return owner;
}

static struct identity look(const char *file, const char *exe, const char *cgroup,
			    const char *script)
{
	struct owner *owner = owner_of(file, exe, cgroup, script);
	const struct identity *id = identity_of(owner->image, root, USERNS);
	struct identity copy;

	assert_non_null(id);
	assert_ptr_equal(identity_of(owner->image, root, USERNS), id);
	copy = *id;
	owner_put(owner);
	return copy;
}

static bool at_path(const char *file, const char *exe)
{
	return look(file, exe, "/", "").at_path;
}

static void paths(void **state)
{
	char path[256];

	(void)state;
	lab_write(root, "/usr/bin/git", "git");
	lab_write(root, "/opt/git", "another");
	assert_true(at_path("/usr/bin/git", "/usr/bin/git"));
	/* another file that says it is there */
	assert_false(at_path("/opt/git", "/usr/bin/git"));
	assert_false(at_path("/usr/bin/git", "/usr/bin/none"));
	assert_false(at_path("/usr/bin/git", "usr/bin/git"));
	assert_false(at_path("/usr/bin/git", "/usr/../usr/bin/git"));
	assert_false(at_path("/usr/bin/git", "/usr//bin/git"));
	assert_false(at_path("/usr/bin/git", "/usr/bin/git/"));
	assert_false(at_path("/usr/bin/git", ""));
	snprintf(path, sizeof(path), "%s/opt/link", root);
	assert_int_equal(symlink("../usr/bin/git", path), 0);
	assert_false(at_path("/usr/bin/git", "/opt/link"));
	/* where others may write, they may have put it there */
	snprintf(path, sizeof(path), "%s/opt", root);
	assert_true(at_path("/opt/git", "/opt/git"));
	assert_int_equal(chmod(path, 0775), 0);
	assert_false(at_path("/opt/git", "/opt/git"));
	assert_int_equal(chmod(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/opt/git", root);
	assert_int_equal(chmod(path, 0666), 0);
	assert_false(at_path("/opt/git", "/opt/git"));
}

static void another_owner(void **state)
{
	_cleanup_close_ int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	lab_write(root, "/usr/bin/git", "git");
	assert_int_equal(ownpath_open(dir, geteuid() + 1, "/usr/bin/git"), -EPERM);
}

static void flatpaks(void **state)
{
	static const char *const group = "/user.slice/u/app-flatpak-org.a.B-12.scope";
	struct identity id;

	(void)state;
	lab_write(root, "/var/lib/flatpak/app/org.a.B/7/files/bin/b", "app");
	lab_write(root, "/app/b", "another");
	id = look("/var/lib/flatpak/app/org.a.B/7/files/bin/b", "/app/bin/b", group, "");
	assert_string_equal(id.ids.flatpak, "org.a.B");
	assert_true(id.app.flatpak_sure);
	/* another file, another group, another path */
	assert_false(look("/app/b", "/app/bin/b", group, "").app.flatpak_sure);
	assert_false(look("/var/lib/flatpak/app/org.a.B/7/files/bin/b", "/app/bin/b",
			  "/user.slice/u/app-flatpak-..-12.scope", "").app.flatpak_sure);
	assert_false(look("/var/lib/flatpak/app/org.a.B/7/files/bin/b", "/usr/bin/b", group,
			  "").app.flatpak_sure);
}

static void snaps(void **state)
{
	static const char *const group = "/user.slice/u/snap.fox.fox-"
					 "1b2c3d4e-1111-2222-3333-444455556666.scope";

	(void)state;
	lab_write(root, "/snap/fox/1/fox", "fox");
	lab_write(root, "/opt/fox", "another");
	assert_true(look("/snap/fox/1/fox", "/snap/fox/1/fox", group, "").app.snap_sure);
	assert_false(look("/opt/fox", "/snap/fox/1/fox", group, "").app.snap_sure);
	assert_false(look("/opt/fox", "/opt/fox", group, "").app.snap_sure);
}

static void scripts(void **state)
{
	char script[128];

	(void)state;
	lab_write(root, "/usr/bin/python3", "python");
	lab_write(root, "/usr/bin/perl", "perl");
	lab_write(root, "/opt/python3", "another");
	lab_write(root, "/usr/bin/tool", "#! /usr/bin/python3 -s\n");
	lab_write(root, "/usr/bin/plain", "x\n");
	lab_write(root, "/usr/bin/cut", "#!/usr/bin/python3");
	assert_true(look("/usr/bin/python3", "/usr/bin/python3", "/", "/usr/bin/tool").app.script_sure);
	/* run by another interpreter, by a copy, or not a script at all */
	assert_false(look("/usr/bin/perl", "/usr/bin/perl", "/", "/usr/bin/tool").app.script_sure);
	assert_false(look("/opt/python3", "/usr/bin/python3", "/", "/usr/bin/tool").app.script_sure);
	assert_false(look("/usr/bin/python3", "/usr/bin/python3", "/",
			  "/usr/bin/plain").app.script_sure);
	assert_false(look("/usr/bin/python3", "/usr/bin/python3", "/",
			  "/usr/bin/cut").app.script_sure);
	assert_false(look("/usr/bin/python3", "/usr/bin/python3", "/", "tool").app.script_sure);
	snprintf(script, sizeof(script), "%s/usr/bin/tool", root);
	assert_int_equal(chmod(script, 0777), 0);
	assert_false(look("/usr/bin/python3", "/usr/bin/python3", "/",
			  "/usr/bin/tool").app.script_sure);
}

static void scripts_of_other_users(void **state)
{
	struct owner *owner;

	(void)state;
	lab_write(root, "/usr/bin/python3", "python");
	lab_write(root, "/usr/bin/tool", "#!/usr/bin/python3\n");
	owner = owner_of("/usr/bin/python3", "/usr/bin/python3", "/", "/usr/bin/tool");
	assert_false(identity_of(owner->image, root, USERNS + 1)->app.script_sure);
	owner_put(owner);
	owner = owner_of("/usr/bin/python3", "/usr/bin/python3", "/", "/usr/bin/tool");
	assert_false(identity_of(owner->image, root, 0)->app.script_sure);
	owner_put(owner);
}

#define DOCKER	"/var/lib/docker/containers/" HEX "/config.v2.json"
#define PODMAN	"/var/lib/containers/storage/overlay-containers/containers.json"

static void containers(void **state)
{
	static const char *const group = "/system.slice/docker-" HEX ".scope";
	struct identity id;
	char path[256];

	(void)state;
	lab_write(root, "/usr/bin/git", "git");
	assert_int_equal(look("/usr/bin/git", "/usr/bin/git", group, "").app.n_images, 0);
	lab_write(root, DOCKER, "{\"Image\": \"sha256:" HEX "\", \"Config\": {\"Image\": \"debian:12\"}}");
	id = look("/usr/bin/git", "/usr/bin/git", group, "");
	assert_int_equal(id.app.n_images, 2);
	assert_string_equal(id.names[0], "debian:12");
	assert_string_equal(id.names[1], "sha256:" HEX);
	/* whatever else stands there */
	lab_write(root, DOCKER, "{\"Image\": 7, \"Config\": [1]}");
	assert_int_equal(look("/usr/bin/git", "/usr/bin/git", group, "").app.n_images, 0);
	lab_write(root, DOCKER, "{\"Image\": \"a\", \"Image\": \"b\"}");
	assert_int_equal(look("/usr/bin/git", "/usr/bin/git", group, "").app.n_images, 0);
	lab_write(root, DOCKER, "\x80{");
	assert_int_equal(look("/usr/bin/git", "/usr/bin/git", group, "").app.n_images, 0);
	/* a record that others can write is nobody's word */
	lab_write(root, DOCKER, "{\"Config\": {\"Image\": \"debian:12\"}}");
	snprintf(path, sizeof(path), "%s" DOCKER, root);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(look("/usr/bin/git", "/usr/bin/git", group, "").app.n_images, 0);

	lab_write(root, PODMAN, "[{\"id\": \"x\"}, {\"id\": \"" HEX "\", \"image\": \"" HEX "\", "
		  "\"metadata\": \"{\\\"image-name\\\": \\\"docker.io/library/debian:12\\\"}\"}]");
	id = look("/usr/bin/git", "/usr/bin/git", "/machine.slice/libpod-" HEX ".scope", "");
	assert_int_equal(id.app.n_images, 2);
	assert_string_equal(id.names[0], "docker.io/library/debian:12");
	assert_string_equal(id.names[1], "sha256:" HEX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(paths, setup, teardown),
		cmocka_unit_test_setup_teardown(another_owner, setup, teardown),
		cmocka_unit_test_setup_teardown(flatpaks, setup, teardown),
		cmocka_unit_test_setup_teardown(snaps, setup, teardown),
		cmocka_unit_test_setup_teardown(scripts, setup, teardown),
		cmocka_unit_test_setup_teardown(scripts_of_other_users, setup, teardown),
		cmocka_unit_test_setup_teardown(containers, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
