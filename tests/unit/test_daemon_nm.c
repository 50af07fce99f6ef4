// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NetworkManager as it is asked for profiles: there, not there, coming, going, and talking nonsense.
 * It stands at the other end of a socket pair. It must never reach the machine's own, nor a bus.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/manager.h"
#include "daemon/network.h"
#include "lab.h"
#include "util/cleanup.h"
#include "util/log.h"

#define NM	"org.freedesktop.NetworkManager"
#define NM_PATH	"/org/freedesktop/NetworkManager"
#define DRIVER	"org.freedesktop.DBus"

/**
 * struct net - snitchd's end, and the one of everybody else
 * @answer: what NetworkManager says; NULL: there is none
 * @asked: how often
 */
struct net {
	char root[LAB_ROOT];
	struct daemon d;
	sd_bus *far;
	int (*answer)(sd_bus_message *reply);
	unsigned int asked;
};

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
	sd_bus_message *reply = NULL;
	struct net *net = userdata;
	int r;

	(void)error;
	if (!sd_bus_message_is_method_call(m, DRIVER ".ObjectManager", "GetManagedObjects"))
		return 0;
	assert_string_equal(sd_bus_message_get_destination(m), NM);
	assert_string_equal(sd_bus_message_get_path(m), "/org/freedesktop");
	/* nobody starts it because we ask */
	assert_false(sd_bus_message_get_auto_start(m));
	net->asked++;
	if (!net->answer)
		return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_SERVICE_UNKNOWN, "no such name");
	r = sd_bus_message_new_method_return(m, &reply);
	assert_true(r >= 0);
	assert_true(net->answer(reply) >= 0);
	r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}

/* Both ends, until neither has anything to do. */
static void settle(struct net *net)
{
	unsigned int idle;

	for (idle = 0; idle < 3; idle++) {
		while (sd_bus_process(net->d.system, NULL) > 0 || sd_bus_process(net->far, NULL) > 0)
			idle = 0;
	}
}

static void connect_both(struct net *net)
{
	sd_id128_t id = SD_ID128_MAKE(1, 2, 3, 4, 5, 6, 7, 8, 9, a, b, c, d, e, f, 0);
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair),
			 0);
	assert_true(sd_bus_new(&net->far) >= 0 && sd_bus_new(&net->d.system) >= 0);
	assert_true(sd_bus_set_fd(net->far, pair[0], pair[0]) >= 0);
	assert_true(sd_bus_set_server(net->far, true, id) >= 0);
	assert_true(sd_bus_add_filter(net->far, NULL, on_call, net) >= 0);
	assert_true(sd_bus_set_fd(net->d.system, pair[1], pair[1]) >= 0);
	assert_true(sd_bus_start(net->far) >= 0 && sd_bus_start(net->d.system) >= 0);
	settle(net);
}

static int setup(void **state)
{
	static const char *const dirs[] = {
		"/etc", "/etc/snitch", "/var", "/var/lib", "/var/lib/snitch",
	};
	struct net *net = calloc(1, sizeof(*net));

	assert_non_null(net);
	log_set_level(LOG_EMERG);
	lab_root(net->root, dirs, sizeof(dirs) / sizeof(dirs[0]));
	lab_write(net->root, PROFILE_FILE,
		  "home when ssid \"My Wi-Fi\"\nhotel when connection Hotel\naway otherwise\n");
	assert_int_equal(core_init(&net->d.core, net->root, NULL, NULL), 0);
	net->d.opt.root = net->root;
	TAILQ_INIT(&net->d.peers);
	assert_true(sd_event_new(&net->d.event) >= 0);
	connect_both(net);
	*state = net;
	return 0;
}

static int teardown(void **state)
{
	struct net *net = *state;

	profile_stop(&net->d);
	sd_event_source_unref(net->d.mode_timer);
	sd_event_source_unref(net->d.rules_timer);
	core_done(&net->d.core);
	sd_bus_flush_close_unref(net->d.system);
	sd_bus_flush_close_unref(net->far);
	sd_event_unref(net->d.event);
	lab_remove(net->root);
	free(net);
	return 0;
}

/* As snitchd does it: the profiles, then the bus. */
static void start(struct net *net)
{
	assert_int_equal(profile_start(&net->d), 0);
	profile_bus(&net->d);
	settle(net);
}

static void assert_profile(const struct net *net, const char *name)
{
	assert_string_equal(rulebook_profile(net->d.core.rules), name);
}

/* ---- what NetworkManager says ---------------------------------------------------------------- */

static void open(sd_bus_message *m, char type, const char *contents)
{
	assert_true(sd_bus_message_open_container(m, type, contents) >= 0);
}

static void close_all(sd_bus_message *m, unsigned int n)
{
	while (n--)
		assert_true(sd_bus_message_close_container(m) >= 0);
}

/* An object with one interface; its values follow. */
static void object(sd_bus_message *m, const char *path, const char *interface)
{
	open(m, 'e', "oa{sa{sv}}");
	assert_true(sd_bus_message_append(m, "o", path) >= 0);
	open(m, 'a', "{sa{sv}}");
	open(m, 'e', "sa{sv}");
	assert_true(sd_bus_message_append(m, "s", interface) >= 0);
	open(m, 'a', "{sv}");
}

static void connection(sd_bus_message *m, const char *id, uint32_t state)
{
	object(m, NM_PATH "/ActiveConnection/1", NM ".Connection.Active");
	assert_true(sd_bus_message_append(m, "{sv}{sv}{sv}", "Id", "s", id, "Default", "b", 1,
					  "State", "u", state) >= 0);
	close_all(m, 4);
}

static void device(sd_bus_message *m, const char *point)
{
	object(m, NM_PATH "/Devices/3", NM ".Device.Wireless");
	assert_true(sd_bus_message_append(m, "{sv}{sv}", "Bitrate", "u", 54000, "ActiveAccessPoint",
					  "o", point) >= 0);
	close_all(m, 4);
}

static void point(sd_bus_message *m, const char *path, const void *ssid, size_t len)
{
	object(m, path, NM ".AccessPoint");
	open(m, 'e', "sv");
	assert_true(sd_bus_message_append(m, "s", "Ssid") >= 0);
	open(m, 'v', "ay");
	assert_true(sd_bus_message_append_array(m, 'y', ssid, len) >= 0);
	close_all(m, 6);
}

#define POINT(n)	NM_PATH "/AccessPoint/" #n

static int says_wifi(sd_bus_message *m)
{
	open(m, 'a', "{oa{sa{sv}}}");
	/* others' networks are in sight: that is not being in them */
	point(m, POINT(1), "Hotel", 5);
	device(m, POINT(2));
	point(m, POINT(2), "My Wi-Fi", 8);
	connection(m, "Wi-Fi 1", 2);
	close_all(m, 1);
	return 0;
}

static int says_hotel(sd_bus_message *m)
{
	open(m, 'a', "{oa{sa{sv}}}");
	point(m, POINT(2), "My Wi-Fi", 8);
	device(m, "/");
	connection(m, "Hotel", 2);
	close_all(m, 1);
	return 0;
}

static int says_connecting(sd_bus_message *m)
{
	open(m, 'a', "{oa{sa{sv}}}");
	connection(m, "Hotel", 1);
	close_all(m, 1);
	return 0;
}

static int says_nothing(sd_bus_message *m)
{
	open(m, 'a', "{oa{sa{sv}}}");
	close_all(m, 1);
	return 0;
}

/* ---- nonsense -------------------------------------------------------------------------------- */

static int says_a_word(sd_bus_message *m)
{
	return sd_bus_message_append(m, "s", "My Wi-Fi");
}

static int says_no_word(sd_bus_message *m)
{
	(void)m;
	return 0;
}

static int says_another_dictionary(sd_bus_message *m)
{
	return sd_bus_message_append(m, "a{ss}", 1, "ssid", "My Wi-Fi");
}

/* Right in form, and each value of another type than it should be. */
static int says_wrong_types(sd_bus_message *m)
{
	open(m, 'a', "{oa{sa{sv}}}");
	object(m, POINT(2), NM ".AccessPoint");
	assert_true(sd_bus_message_append(m, "{sv}", "Ssid", "s", "My Wi-Fi") >= 0);
	close_all(m, 4);
	object(m, NM_PATH "/Devices/3", NM ".Device.Wireless");
	assert_true(sd_bus_message_append(m, "{sv}", "ActiveAccessPoint", "s", POINT(2)) >= 0);
	close_all(m, 4);
	object(m, NM_PATH "/ActiveConnection/1", NM ".Connection.Active");
	assert_true(sd_bus_message_append(m, "{sv}{sv}", "Id", "u", 7, "State", "s", "2") >= 0);
	close_all(m, 4);
	object(m, NM_PATH "/ActiveConnection/2", NM ".Connection.Active");
	assert_true(sd_bus_message_append(m, "{sv}{sv}", "Id", "s", "Hotel", "State", "as", 2, "2",
					  "2") >= 0);
	close_all(m, 5);
	return 0;
}

/* Names that are none, one that is too long, one that ends before its end. */
static int says_bad_names(sd_bus_message *m)
{
	static const char many[] = "My Wi-FiMy Wi-FiMy Wi-FiMy Wi-FiM";

	open(m, 'a', "{oa{sa{sv}}}");
	device(m, POINT(1));
	device(m, POINT(2));
	device(m, POINT(3));
	point(m, POINT(1), "My Wi-Fi\0x", 10);
	point(m, POINT(2), "", 0);
	point(m, POINT(3), many, sizeof(many) - 1);
	close_all(m, 1);
	return 0;
}

/* More than there is room for: what does not fit is left out. */
static int says_too_much(sd_bus_message *m)
{
	char path[64];
	unsigned int i;

	open(m, 'a', "{oa{sa{sv}}}");
	for (i = 0; i < 400; i++) {
		snprintf(path, sizeof(path), POINT(1) "%u", i);
		device(m, path);
		point(m, path, "Net", 3);
		connection(m, "Net", 2);
	}
	connection(m, "Hotel", 2);
	close_all(m, 1);
	return 0;
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* It changes: a signal of its own. */
static void changes(struct net *net, int (*answer)(sd_bus_message *reply))
{
	unsigned int asked = net->asked;
	sd_bus_message *m = NULL;

	net->answer = answer;
	assert_true(sd_bus_set_sender(net->far, NM) >= 0);
	assert_true(sd_bus_message_new_signal(net->far, &m, NM_PATH, DRIVER ".Properties",
					      "PropertiesChanged") >= 0);
	assert_true(sd_bus_message_append(m, "sa{sv}as", NM, 1, "State", "u", 70, 0) >= 0);
	assert_true(sd_bus_send(net->far, m, NULL) >= 0);
	sd_bus_message_unref(m);
	settle(net);
	assert_int_equal(net->asked, asked + 1);
}

/* Its name has another owner, or none: the bus says so. */
static void owner_changes(struct net *net, const char *from, const char *to)
{
	sd_bus_message *m = NULL;

	assert_true(sd_bus_set_sender(net->far, DRIVER) >= 0);
	assert_true(sd_bus_message_new_signal(net->far, &m, "/org/freedesktop/DBus", DRIVER,
					      "NameOwnerChanged") >= 0);
	assert_true(sd_bus_message_append(m, "sss", NM, from, to) >= 0);
	assert_true(sd_bus_send(net->far, m, NULL) >= 0);
	sd_bus_message_unref(m);
	settle(net);
}

static void test_present(void **state)
{
	struct net *net = *state;

	net->answer = says_wifi;
	start(net);
	assert_int_equal(net->asked, 1);
	assert_profile(net, "home");
	changes(net, says_hotel);
	assert_profile(net, "hotel");
	changes(net, says_connecting);
	assert_profile(net, "away");
	changes(net, says_wifi);
	assert_profile(net, "home");
	changes(net, says_nothing);
	assert_profile(net, "away");
}

static void test_absent(void **state)
{
	struct net *net = *state;

	start(net);
	assert_int_equal(net->asked, 1);
	assert_profile(net, "away");
}

static void test_comes_and_goes(void **state)
{
	struct net *net = *state;

	start(net);
	net->answer = says_wifi;
	owner_changes(net, "", ":1.7");
	assert_profile(net, "home");
	/* it died, and nobody tells of the network any more */
	net->answer = NULL;
	owner_changes(net, ":1.7", "");
	assert_profile(net, "away");
	net->answer = says_hotel;
	owner_changes(net, "", ":1.9");
	assert_profile(net, "hotel");
	/* another one takes its place */
	net->answer = says_wifi;
	owner_changes(net, ":1.9", ":1.12");
	assert_profile(net, "home");
}

/* The bus itself goes, and comes again. */
static void test_no_bus(void **state)
{
	struct net *net = *state;
	sd_bus *bus = net->d.system;

	net->answer = says_wifi;
	start(net);
	net->d.system = NULL;
	profile_bus(&net->d);
	assert_profile(net, "away");
	net->d.system = bus;
	profile_bus(&net->d);
	settle(net);
	assert_profile(net, "home");
	assert_int_equal(net->asked, 2);
}

static void test_nonsense(void **state)
{
	static int (*const answers[])(sd_bus_message *reply) = {
		says_a_word, says_no_word, says_another_dictionary, says_wrong_types,
		says_bad_names,
	};
	struct net *net = *state;
	unsigned int i;

	net->answer = says_wifi;
	start(net);
	for (i = 0; i < SNITCH_ARRAY_SIZE(answers); i++) {
		changes(net, answers[i]);
		assert_profile(net, "away");	/* it is not what it was before, either */
		changes(net, says_wifi);
		assert_profile(net, "home");
	}
	changes(net, says_too_much);
	assert_profile(net, "away");
}

/* Nobody is asked for what no profile needs. */
static void test_not_needed(void **state)
{
	struct net *net = *state;

	lab_write(net->root, PROFILE_FILE, "vpn when interface wg0\naway otherwise\n");
	net->answer = says_wifi;
	start(net);
	assert_int_equal(net->asked, 0);
	lab_write(net->root, PROFILE_FILE, "home when ssid \"My Wi-Fi\"\naway otherwise\n");
	profile_reload(&net->d);
	settle(net);
	assert_int_equal(net->asked, 1);
	assert_profile(net, "home");
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_present),
		TEST(test_absent),
		TEST(test_comes_and_goes),
		TEST(test_no_bus),
		TEST(test_nonsense),
		TEST(test_not_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
