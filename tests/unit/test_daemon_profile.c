// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Profiles: which line of the file holds where, and which rules count then. It must never look at
 * the network of the machine, but to see that it can.
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

#include "core-lab.h"
#include "daemon/network.h"
#include "policy/profile.h"

static int read_conf(struct lab *lab, const char *text, struct profile_conf *conf,
		     struct rule_error *err)
{
	char path[160];

	lab_write(lab->root, PROFILE_FILE, text);
	snprintf(path, sizeof(path), "%s" PROFILE_FILE, lab->root);
	return profile_conf_read(conf, path, err);
}

static const char good[] =
	"# where we are\n"
	"home when ssid \"My Wi-Fi\" gateway 192.0.2.1\n"
	"\"the office\" when gateway 2001:db8::1 mac 02:00:5e:00:53:01 # its router\n"
	"vpn when interface wg0\n"
	"hotel when connection Hotel\n"
	"away otherwise\n";

static void test_choose(void **state)
{
	struct profile_facts facts = { .n_links = 0 };
	struct lab *lab = *state;
	struct profile_conf conf;
	struct rule_error err;

	assert_int_equal(read_conf(lab, good, &conf, &err), 0);
	assert_int_equal(conf.n, 5);
	assert_true(conf.needs_gateways && conf.needs_names);
	assert_string_equal(profile_choose(&conf, &facts), "away");
	strcpy(facts.connections[facts.n_connections++], "Hotel");
	assert_string_equal(profile_choose(&conf, &facts), "hotel");
	strcpy(facts.links[facts.n_links++], "wg0");
	assert_string_equal(profile_choose(&conf, &facts), "vpn");	/* the first line counts */
	strcpy(facts.ssids[facts.n_ssids++], "My Wi-Fi");
	/* all of a line must hold */
	assert_string_equal(profile_choose(&conf, &facts), "vpn");
	facts.gateways[0] = (struct profile_gateway){
		.family = AF_INET, .addr = { 192, 0, 2, 1 },
	};
	facts.n_gateways = 1;
	assert_string_equal(profile_choose(&conf, &facts), "home");
	facts.n_ssids = 0;
	/* the address of one gateway and the MAC of another are no office */
	facts.gateways[0].has_mac = true;
	memcpy(facts.gateways[0].mac, "\x02\x00\x5e\x00\x53\x01", 6);
	facts.gateways[1] = (struct profile_gateway){
		.family = AF_INET6, .addr = { 0x20, 1, 0xd, 0xb8, [15] = 1 },
	};
	facts.n_gateways = 2;
	assert_string_equal(profile_choose(&conf, &facts), "vpn");
	facts.gateways[1].has_mac = true;
	memcpy(facts.gateways[1].mac, "\x02\x00\x5e\x00\x53\x01", 6);
	assert_string_equal(profile_choose(&conf, &facts), "the office");
	profile_conf_clear(&conf);
}

static void test_bad_files(void **state)
{
	static const char *const bad[] = {
		"home\n", "home when\n", "home if ssid x\n", "home when ssid\n", "home when ssid x ssid y\n",
		"home when gateway 192.0.2\n", "home when gateway host.example\n",
		"home when mac 02:00:5e:00:53\n", "home when mac 02:00:5e:00:53:zz\n",
		"home when colour blue\n", "home otherwise ssid x\n", "\"\" when ssid x\n",
		"home when ssid \"x\n", "home when ssid \"\"\n", ", when ssid x\n",
		"ok when interface a\nhome when ssid x,y\n",
	};
	struct lab *lab = *state;
	struct profile_conf conf;
	struct rule_error err;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (read_conf(lab, bad[i], &conf, &err) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
		assert_int_not_equal(err.line, 0);
		assert_int_not_equal(err.expected[0], '\0');
		assert_int_equal(conf.n, 0);
	}
	lab_unlink(lab->root, PROFILE_FILE);
	assert_int_equal(profile_conf_read(&conf, "/nonexistent/profiles.conf", &err), 0);
	assert_int_equal(conf.n, 0);
	assert_null(profile_choose(&conf, &(struct profile_facts){ .n_links = 0 }));
}

static enum fake_state become(struct lab *lab, uint64_t id, const char *to)
{
	return send_flow(lab, id, 1, to, 443, 1000, 0)->state;
}

static void use(struct lab *lab, const char *name)
{
	assert_true(rulebook_set_profile(lab->core.rules, name));
	assert_false(rulebook_set_profile(lab->core.rules, name));
	assert_int_equal(core_install(&lab->core), 0);
}

static void count_app(struct lab *lab, size_t n)
{
	assert_int_equal(lab->n_rules, n);
}

static void test_rules_of_profiles(void **state)
{
	struct lab *lab = *state;

	write_rules(lab, "allow /usr/bin/curl to 192.0.2.1 profile home\n"
			 "allow any to 192.0.2.2\n"
			 "deny /usr/bin/curl to any profile away\n");
	set_mode(lab, SNITCH_MODE_QUIET);
	/* none is active: such rules do not count, nor are they in the kernel */
	count_app(lab, 1);
	assert_int_equal(become(lab, 10, "192.0.2.1"), FAKE_REFUSED);
	assert_int_equal(fake_flow_get(lab->fake, 10)->verdict.origin, SNITCH_BY_MODE);
	assert_int_equal(become(lab, 11, "192.0.2.2"), FAKE_ALLOWED);
	use(lab, "home");
	count_app(lab, 2);
	assert_int_equal(become(lab, 12, "192.0.2.1"), FAKE_ALLOWED);
	/* a whole denial is one while its profile is active: no general allow opens it */
	use(lab, "away");
	assert_int_equal(become(lab, 13, "192.0.2.1"), FAKE_REFUSED);
	assert_int_equal(become(lab, 14, "192.0.2.2"), FAKE_REFUSED);
	assert_int_equal(fake_flow_get(lab->fake, 14)->verdict.origin, SNITCH_BY_RULE);
	use(lab, NULL);
	assert_int_equal(become(lab, 15, "192.0.2.2"), FAKE_ALLOWED);
}

static void see(void *ctx, const struct rulebook_row *row)
{
	assert_string_equal(row->why, row->active ? "" : "its profile is not active");
	*(unsigned int *)ctx += row->active;
}

static void test_seen_in_the_list(void **state)
{
	struct lab *lab = *state;
	unsigned int active = 0;

	write_rules(lab, "allow any to 192.0.2.1 profile home\nallow any to 192.0.2.2\n");
	rulebook_each(lab->core.rules, see, &active);
	assert_int_equal(active, 1);
	use(lab, "home");
	rulebook_each(lab->core.rules, see, &active);
	assert_int_equal(active, 3);
}

/* Reading works, whatever this machine has. */
static void test_network(void **state)
{
	struct profile_facts facts = { .n_links = 0 };
	int fd = network_watch(true);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(network_read(&facts, true), 0);
	assert_true(facts.n_links <= PROFILE_LINKS_MAX);
}

#define LAB(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB(test_choose),
		LAB(test_bad_files),
		LAB(test_rules_of_profiles),
		LAB(test_seen_in_the_list),
		cmocka_unit_test(test_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
