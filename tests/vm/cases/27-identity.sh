# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2016,SC2154,SC2034
# Rules for more than one executable's path: patterns, ancestors, units, containers, Flatpak apps,
# snaps and scripts. Each allows what it names, and nothing that only looks like it.
. /snitch/cases/lib/daemon.sh

PROG=/usr/local/bin/id-prog SHELL_=/usr/local/bin/id-shell SCRIPT=/usr/local/bin/id-script
HEX=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
FLATPAK=/var/lib/flatpak/app/org.x.Y SNAP=/snap/id-snap/1

# Commands that run a command in other circumstances; they may stand before each other.
command_file() { printf '#!/bin/bash\n%s\n' "$2" >/usr/local/bin/id-$1 && chmod 755 /usr/local/bin/id-$1; }
commands() {
	# id-group GROUP: in a control group of that path
	command_file group 'mkdir -p /sys/fs/cgroup$1; echo $$ >/sys/fs/cgroup$1/cgroup.procs; shift; exec "$@"'
	# id-inside FILE PLACE: where FILE lies at PLACE, as root's runtimes do it
	command_file inside 'exec unshare -m bash -c '\''mount --bind $0 $1; shift; exec "$@"'\'' "$@"'
	# id-made-up FILE PLACE: the same by a user without rights
	command_file made-up 'exec setpriv --reuid 65534 --clear-groups --inh-caps=-all \
		unshare -Urm bash -c '\''mount --bind $0 $1; shift; exec "$@"'\'' "$@"'
	# id-child SHELL PORT
	command_file child '$1 -c "'$PROG' tcp '$F4' $2; true"'
}
# t_goes NAME PORT COMMAND..., t_stays NAME PORT COMMAND...: in the client's namespace.
t_goes() {
	far_reset
	t_out "$1" '^connect OK' "${@:3}"
	t_some "$1: it arrives" tcp $2
}
t_stays() {
	far_reset
	t_out "$1" 'ECONNREFUSED|onnection refused' "${@:3}"
	t_none "$1: 0 packets" tcp $2
}

case_begin
mkdir -p /usr/local/bin
commands
far_up tcp:80 tcp:81 tcp:82 tcp:83 tcp:84 tcp:85 tcp:86
mkdir -p /usr/local/id/1 /opt/id $FLATPAK/7/files/bin $SNAP /app \
	/var/lib/docker/containers/$HEX
for file in $PROG /usr/local/id/1/tool $FLATPAK/7/files/bin/tool $SNAP/tool /opt/id/tool; do
	cp /snitch/tools/netprog $file
done
ln -s . $FLATPAK/current
ln -s 7 $FLATPAK/active
cp /bin/bash $SHELL_
mkdir -p /opt/id/anybody
cp /bin/bash /opt/id/anybody/shell
cp /snitch/tools/netprog /opt/id/anybody/tool
chmod -R a+rX /opt/id
cat >$SCRIPT <<-END
	#!/bin/bash
	connect() { exec 3<>/dev/tcp/$F4/86 && echo connect OK; }
	if [[ \$1 == forks ]]; then (connect; :); else connect; fi
END
cp $SCRIPT /usr/local/bin/id-other
chmod 755 $SCRIPT /usr/local/bin/id-other
printf '{"Image": "sha256:%s", "Config": {"Image": "debian:12"}}' $HEX \
	>/var/lib/docker/containers/$HEX/config.v2.json
warm $PROG $SHELL_ /bin/bash snitch snitchd unshare setpriv
daemon_prepare
cat >/etc/snitch/rules.d/20-identity.rules <<-END
	allow /usr/local/id/*/tool to $F4 port 80 tcp
	allow $PROG child-of $SHELL_ to $F4 port 81 tcp
	allow unit id-unit to $F4 port 82 tcp
	allow container debian:12:/usr/bin/id-inside to $F4 port 83 tcp
	allow flatpak org.x.Y to $F4 port 84 tcp
	allow snap id-snap to $F4 port 85 tcp
	allow script $SCRIPT to $F4 port 86 tcp
END
daemon_up
t_ok "snitchd starts" snitch mode || { t_note "$(tail -n 20 $TMP/snitchd.log)"; t_done; }
snitch mode quiet >/dev/null
t_json "all its rules are in force" \
	'[.rules[] | select(.file // "" | endswith("20-identity.rules"))] | length == 7 and all(.active)' rules list

t_goes "a pattern" 80 /usr/local/id/1/tool tcp $F4 80
t_stays "another program is no match" 80 $PROG tcp $F4 80
mkdir -p /usr/local/id/2
touch /usr/local/id/2/tool
t_stays "nor one that a user puts at such a path for itself" 80 \
	id-made-up /opt/id/anybody/tool /usr/local/id/1/tool /usr/local/id/1/tool tcp $F4 80
t_stays "nor at another one" 80 \
	id-made-up /opt/id/anybody/tool /usr/local/id/2/tool /usr/local/id/2/tool tcp $F4 80
t_stays "nor what a container has there" 80 \
	id-inside /opt/id/tool /usr/local/id/2/tool /usr/local/id/2/tool tcp $F4 80

t_goes "a child of the shell" 81 id-child $SHELL_ 81
t_stays "a child of another" 81 id-child /opt/id/anybody/shell 81
t_stays "a child of another at that path" 81 \
	id-made-up /opt/id/anybody/shell $SHELL_ $SHELL_ -c "$PROG tcp $F4 81; true"

t_goes "a unit" 82 id-group /system.slice/id-unit.service $PROG tcp $F4 82
t_goes "a group below it" 82 id-group /system.slice/id-unit.service/below $PROG tcp $F4 82
t_stays "another unit" 82 id-group /system.slice/id-unit2.service $PROG tcp $F4 82
t_stays "a user's unit of that name" 82 \
	id-group /user.slice/user-1.slice/user@1.service/system.slice/id-unit.service $PROG tcp $F4 82

group=/system.slice/docker-$HEX.scope
touch /usr/bin/id-inside
t_goes "a container's program" 83 id-group $group id-inside $PROG /usr/bin/id-inside /usr/bin/id-inside tcp $F4 83
t_stays "another one of it" 83 id-group $group $PROG tcp $F4 83
t_stays "the same path elsewhere" 83 id-inside $PROG /usr/bin/id-inside /usr/bin/id-inside tcp $F4 83
t_stays "a container of a user's" 83 id-group /user.slice/user-1.slice/docker-$HEX.scope \
	id-inside $PROG /usr/bin/id-inside /usr/bin/id-inside tcp $F4 83

group=/user.slice/user-1.slice/user@1.service/app.slice/app-flatpak-org.x.Y-77.scope
t_goes "a Flatpak app" 84 id-group $group id-inside $FLATPAK/7/files /app /app/bin/tool tcp $F4 84
mkdir -p /opt/id/bin
cp $PROG /opt/id/bin/tool
t_stays "another program in its group" 84 id-group $group $PROG tcp $F4 84
t_stays "also where the app's would be" 84 id-group $group id-inside /opt/id /app /app/bin/tool tcp $F4 84

group=/user.slice/user-1.slice/user@1.service/app.slice/snap.id-snap.tool-1b2c3d4e-1111-2222-3333-444455556666.scope
t_goes "a snap" 85 id-group $group $SNAP/tool tcp $F4 85
t_stays "another program in its group" 85 id-group $group $PROG tcp $F4 85

t_goes "a script" 86 $SCRIPT
t_goes "its child, which executes nothing" 86 $SCRIPT forks
t_stays "another script" 86 /usr/local/bin/id-other
t_stays "nor its child" 86 /usr/local/bin/id-other forks
t_stays "one that the interpreter was told to read" 86 /bin/bash $SCRIPT
t_stays "another at that path" 86 id-made-up /usr/local/bin/id-other $SCRIPT $SCRIPT

daemon_down
rm -rf /usr/local/bin/id-* /usr/local/id /opt/id /var/lib/flatpak /snap/id-snap /usr/bin/id-inside \
	/var/lib/docker/containers/$HEX
rmdir /app
daemon_forget
t_done
