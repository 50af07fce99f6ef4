# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Executables that change after their rules were made: replaced by hand, upgraded by dpkg, with and
# without the daemon there. Real packages, made here.
. /snitch/cases/lib/daemon.sh

P=/usr/bin/changed-prog		# the package's, allowed
D=/usr/bin/changed-denied	# the package's, denied
OWN=/usr/local/bin/changed-own	# no package's
DEB=/run/deb

# make_package VERSION [NO-SUMS]: the same programs, other contents.
make_package() {
	local dir=$DEB/$1 prog
	rm -rf $dir
	mkdir -p $dir/DEBIAN $dir/usr/bin
	for prog in $P $D; do
		{ cat /snitch/tools/netprog; echo "version $1"; } >$dir$prog
		chmod 755 $dir$prog
	done
	printf '%s\n' "Package: changed" "Version: $1" "Architecture: all" "Maintainer: x <x@y.example>" \
		"Description: programs that change" >$dir/DEBIAN/control
	[[ -n ${2:-} ]] || (cd $dir && md5sum usr/bin/* >DEBIAN/md5sums)
	dpkg-deb -Znone --root-owner-group -b $dir $DEB/$1.deb >/dev/null
	rm -rf $dir
}
upgrade() { dpkg -i --force-confold $DEB/$1.deb >>$TMP/dpkg 2>&1; }
# by_hand PROGRAM TEXT: as an upgrade does it, but it is none.
by_hand() {
	{ cat /snitch/tools/netprog; echo "$2"; } >$1.new
	chmod 755 $1.new
	mv -f $1.new $1
}
questions() { j "[.questions[] | select(.program == \"$1\")] | length" pending || echo 0; }
# asked_ever PROGRAM: did the agent hear of a question at any time?
asked_ever() { grep -q "\"$1\"" $TMP/agent; }
t_unasked() {
	t_ok "$1" eval "! asked_ever $2" ||
		t_note "$(grep -E "$2" $TMP/agent $TMP/snitchd.log | cut -c 1-600 | tail -n 40)"
}
logged() { grep -qE "$1" $TMP/snitchd.log; }
t_logged() { t_ok "$1" wait_for 10 logged "$2"; }
# t_asked NAME PROGRAM PORT: it is held, and the question says why; nothing arrives. Then refused.
t_asked() {
	far_reset
	go asked $2 tcp $F4 $3 --data leak
	t_ok "$1: a question" wait_for 20 eval "[[ \$(questions $2) == 1 ]]"
	t_json "$1: that says it changed" ".questions | any(.program == \"$2\" and (.flags | index(\"changed\")))" pending
	t_says "$1: in words, too" 'changed since' snitch pending
	t_says "$1: so does rules list" "$2.*changed since the rule was made" snitch rules list
	sleep 0.3
	t_none "$1: 0 packets" tcp $3
	snitch answer "$(j ".questions[] | select(.program == \"$2\") | .id" pending)" deny >/dev/null
	ended asked
}
# hammer PROGRAM PORT OUT: connects again and again until $TMP/stop is there.
hammer() {
	while [[ ! -e $TMP/stop ]]; do
		in-net c $1 tcp $F4 $2 --data again || sleep 0.01
	done >$3 2>&1
}
count_of() { grep -cE "$1" "$2"; }

case_begin
far_up tcp:80 tcp:81 tcp:90 udp:80
mkdir -p $DEB /usr/local/bin
mount -t tmpfs deb $DEB
for version in 1 2 3 4 5; do make_package $version; done
make_package 6 no-sums
by_hand $OWN first
t_ok "a package is installed" upgrade 1
warm $A $P $D $OWN snitch snitchd dpkg
daemon_prepare
cat >/etc/snitch/rules.d/20-changed.rules <<-END
	allow $P to $F4
	deny $D to any
	allow $OWN to $F4
END
daemon_up
t_ok "snitchd starts" snitch mode || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }
snitch mode ask >/dev/null
agent_up
t_out "an allowed program connects" '^connect OK' $P tcp $F4 80
t_out "a denied one does not" '^connect ECONNREFUSED' $D tcp $F4 81
t_out "one of no package, allowed" '^connect OK' $OWN tcp $F4 80
t_ok "their digests are kept" wait_for 20 eval \
	"[[ \$(grep -cE '^[0-9a-f]{64} .* ($P|$OWN|$D)\$' /var/lib/snitch/programs) == 3 ]]"

# ---- upgrades ----------------------------------------------------------------------------------

go old $P udp $F4 80 --count 4000 --gap 100
wait_for 5 said old '^send OK'
t_ok "an upgrade" upgrade 2
t_out "the new version connects" '^echo OK' $P tcp $F4 80 --data second
t_ok "its data arrives" far_got tcp 80 second
t_logged "it is logged" "$P updated by package changed \(2\)"
t_unasked "nobody is asked" $P
far_reset
t_out "the denied one stays denied" '^connect ECONNREFUSED' $D tcp $F4 81
t_none "0 packets" tcp 81
id=$(snitch rules add allow $A to $F4 port 9)
sent=$(count_of '^send OK' $TMP/old)
wait_for 10 eval "[[ \$(count_of '^send OK' $TMP/old) -gt $((sent + 3)) ]]"
t_ok "under a new policy the old version, still running, goes on" \
	eval "[[ \$(count_of '^send OK' $TMP/old) -gt $((sent + 3)) ]] && ! grep -q '^send E' $TMP/old"
snitch rules rm $id

rm -f $TMP/stop
far_reset
hammer $P 80 $TMP/hammer &
hammering=$!
hammer $D 81 $TMP/hammer-denied &
hammering_denied=$!
for version in 3 4 2; do
	t_ok "an upgrade to $version under way" upgrade $version
	# the next one comes when these have been seen: one replaced before that is a stranger
	seen=$(count_of '^echo OK' $TMP/hammer)
	denied=$(count_of '^connect' $TMP/hammer-denied)
	wait_for 30 eval "[[ \$(count_of '^echo OK' $TMP/hammer) -gt $((seen + 2)) ]]"
	wait_for 30 eval "[[ \$(count_of '^connect' $TMP/hammer-denied) -gt $((denied + 2)) ]]"
done
touch $TMP/stop
wait $hammering $hammering_denied
t_cmp "meanwhile the allowed one connects" "$(count_of '^echo OK' $TMP/hammer)" -gt 3
t_is "and is refused never" "$(count_of '^connect E' $TMP/hammer)" 0 ||
	t_note "$(sort $TMP/hammer | sed 's/us=.*//' | uniq -c)"
t_cmp "the denied one tries" "$(count_of '^connect ECONNREFUSED' $TMP/hammer-denied)" -gt 3
t_none "0 packets of it" tcp 81
t_unasked "nobody is asked about the one" $P
t_unasked "nor about the other" $D
kill ${PIDS[old]}; ended old 2>/dev/null
t_ok "the old version was refused never" eval "! grep -q '^send E' $TMP/old"

t_ok "a package without checksums of its own" upgrade 6
t_out "dpkg makes them: it connects" '^connect OK' $P tcp $F4 80
t_unasked "nobody is asked" $P

# As in the midst of an upgrade: executed once the file had another link, which the replaced one keeps.
ln $P $P.kept
ln $D $D.kept
far_reset
go moved $P steps 7001 --v4 sleep $((3000 * SLOW)) to $F4 80 moved
go denied $D steps 7002 --v4 sleep $((3000 * SLOW)) to $F4 80 denied
for prog in $P $D; do
	wait_for 5 eval "pgrep -f '^$prog steps' >/dev/null"
	cp -p $prog $prog.new
	mv -f $prog.new $prog
done
t_ok "they still run under the path that leads to another file" eval \
	"[[ \$(readlink /proc/\$(pgrep -f '^$D steps')/exe) == '$D (deleted)' ]]"
snitch mode observe >/dev/null
ended moved
ended denied
t_ok "the allowed one sends" wait_for 5 far_got udp 80 moved || t_note "$(cat $TMP/moved; tail -n 5 $TMP/snitchd.log)"
t_ok "the denied one stays denied" eval "! far_got udp 80 denied"
snitch mode ask >/dev/null
rm -f $P.kept $D.kept

# ---- by hand -------------------------------------------------------------------------------------

by_hand $OWN first
t_out "the same contents in a new file connect" '^connect OK' $OWN tcp $F4 80
t_unasked "nobody is asked" $OWN
by_hand $OWN second
t_asked "replaced, no package" $OWN 80
t_logged "and a warning" "$OWN changed since its rules were made"
by_hand $OWN first
t_out "what it was before connects again" '^connect OK' $OWN tcp $F4 80
by_hand $P tampered
t_asked "replaced, not what the package brought" $P 80
by_hand $D tampered
far_reset
t_out "the denied one, replaced, is denied" '^connect ECONNREFUSED' $D tcp $F4 81
t_none "0 packets" tcp 81
upgrade 6
: >$TMP/agent
t_out "the package again: it connects" '^connect OK' $P tcp $F4 80
t_unasked "nobody is asked" $P
t_ok "and no rule is suspended" eval "! snitch rules list | grep -q 'changed since'"
chmod o+w /usr/bin
by_hand $P "not root's alone"
upgrade 2
t_asked "upgraded in a folder that anybody may write to" $P 80
chmod o-w /usr/bin
upgrade 3

# ---- while the daemon is down ------------------------------------------------------------------------

# restarted: a new daemon that takes the flows of the next case.
restarted() {
	agent_down
	daemon_down
	"$@"
	daemon_up
	agent_up
}
restarted true
t_out "a restart" '^connect OK' $P tcp $F4 80
t_out "changes nothing" '^connect OK' $OWN tcp $F4 80
restarted upgrade 4
t_out "upgraded while the daemon is down: it connects" '^connect OK' $P tcp $F4 80
t_logged "it is logged" "$P updated by package changed \(4\)"
t_unasked "nobody is asked" $P
restarted by_hand $OWN third
t_asked "replaced while the daemon is down" $OWN 80
restarted by_hand $D tampered
far_reset
t_out "denied, replaced while the daemon is down" '^connect ECONNREFUSED' $D tcp $F4 81
t_none "0 packets" tcp 81
restarted true
t_asked "and not forgotten by a restart" $OWN 80
snitch rules add allow $OWN to $F4 port 80 >/dev/null
t_out "a new rule says that it is right" '^connect OK' $OWN tcp $F4 80

# ---- a rule for any program ---------------------------------------------------------------------------

echo "allow any to $F4 port 90" >/etc/snitch/rules.d/30-any.rules
wait_for 10 eval 'snitch rules list | grep -q "allow any to $F4 port 90"'
t_out "a rule for any program lets others through" '^connect OK' $A tcp $F4 90
# still_denied NAME: it is, whatever its file has become.
still_denied() {
	far_reset
	t_out "$1: a rule for any program does not open it" '^connect ECONNREFUSED' $D tcp $F4 90 --data leak
	t_none "$1: 0 packets" tcp 90
}
still_denied "denied"
upgrade 5
still_denied "just upgraded"
by_hand $D "another copy"
still_denied "a new copy in its place"
# The kernel has to be told of it under the rules that are in force since.
t_out "others it lets through as before" '^connect OK' $A tcp $F4 90
agent_down
daemon_down
sleep $((4 * SLOW))	# the grace
t_out "without the daemon, too, it lets others through" '^connect OK' $A tcp $F4 90
still_denied "without the daemon"
upgrade 4
still_denied "upgraded without the daemon"
by_hand $D "a third copy"
still_denied "a new copy, without the daemon"
t_ok "with the daemon its inspector ends" wait_for 5 eval '! pgrep snitchd >/dev/null'
[[ $T_FAILED -eq 0 ]] || t_note "$(tail -n 60 $TMP/snitchd.log; tail -n 20 $TMP/dpkg)"
dpkg -P changed >/dev/null 2>&1
umount -l $DEB
rm -f $OWN
daemon_forget
t_done
