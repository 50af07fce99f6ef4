# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# L17: another library is loaded into an allowed program by its environment. It is that program to
# the kernel, a limit: what it sends is told as its, and a rule can say who may start it.
. /snitch/leak/lib/leak.sh
. /snitch/cases/lib/daemon.sh

for name in stranger tool; do cp /bin/bash $DIR/$name; done
for name in allowed unknown; do cp /usr/bin/sleep $DIR/$name; done
# preload PROGRAM: as a shell's command; the shell stays.
preload() { echo "SPY_ADDRESS=$F4 SPY_PORT=80 LD_PRELOAD=/snitch/tools/spy.so $DIR/$1 0.2; :"; }
leak_begin "allow $DIR/allowed any"
way "into a program that nobody knows" $DIR/unknown udp 80 $DIR/stranger -c "$(preload unknown)"
leak_observe
far_reset
in_c $DIR/stranger -c "$(preload allowed)"
t_some "limit: into an allowed one: it goes out" udp 80
t_told "it is detected" udp 80 $DIR/allowed
decider_end
daemon_prepare
echo "allow $DIR/allowed child-of $DIR/tool to any" >/etc/snitch/rules.d/20-leak.rules
daemon_up
snitch mode quiet
far_reset
in_c $DIR/stranger -c "$(preload allowed)"
sleep 0.5
leak_none "allowed as another's child only: 0 packets"
in_c $DIR/tool -c "$(preload allowed)"
t_some "of that one's: it goes through" udp 80
daemon_down
daemon_forget
t_done
