# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2034,SC2154
# What the cases about texts share: programs and names of somebody who writes for the terminal, the
# log or the reader's eye, and every face that shows them. Clients are in the initial namespace. Must
# never take an empty face for a tame one: each shows the word MARK.
. /snitch/leak/lib/leak.sh
. /snitch/cases/lib/names.sh

FACES=$TMP/faces
# Control characters but tab and newline, those of C1, marks without width, turns of direction.
WILD='[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf'

texts_begin() {
	leak_begin
	decider_end
	names_to_initial
	resolver $F4 --address=/test/10.78.1.1
	/snitch/tools/audit-read >$TMP/audit 2>&1 &
	READER=$!
	wait_for 5 grep -q READY $TMP/audit
	/snitch/tools/audit-read on
	daemon_prepare
	daemon_up
	snitch mode ask >/dev/null
	agent_up
	snitch monitor >$TMP/monitor 2>&1 &
	MONITORS=$!
	snitch --json monitor >$TMP/monitor.json 2>&1 &
	MONITORS+=" $!"
	wait_for 5 grep -q hello $TMP/monitor.json
	mkdir -p $FACES
	far_reset
}
texts_done() {
	kill $MONITORS
	agent_down
	daemon_down
	/snitch/tools/audit-read off
	kill $READER
	resolvers_down
	names_forget
	t_done
}

# sends PORT PROGRAM ARGUMENT...: waits until there is a question about that port; its id is $Q.
question_about() { j ".questions[] | select((.ports | index($1)) and .flows > 0) | .id" pending; }
sends() {
	local port=$1
	shift
	"$@" >$TMP/sender 2>&1 &
	SENDER=$!
	wait_for 20 question_about $port
	Q=$(question_about $port)
}
# asked WORD: what waits, as `snitch ask` shows it as soon as WORD is there, and in the list.
asked() {
	tmux -L texts -f /dev/null new-session -d -x 80 -y 24 "snitch ask"
	wait_for 10 eval "tmux -L texts capture-pane -p | grep -q $1"
	tmux -L texts capture-pane -p >$FACES/ask
	tmux -L texts kill-server
	snitch pending >$FACES/pending
	snitch --json pending >$FACES/pending.json
}
# look: every face while $Q waits; then it is refused for good, and the others.
look() {
	rm -f $FACES/*
	asked MARK
	snitch explain $Q >$FACES/explain
	snitch --json explain $Q >$FACES/explain.json
	snitch answer $Q deny forever >$FACES/answer 2>&1
	wait $SENDER
	snitch rules list >$FACES/rules
	snitch --json rules list >$FACES/rules.json
	wait_for 15 eval "snitch log | grep -q MARK"
	snitch log >$FACES/log
	snitch --json log >$FACES/log.json
	cp $TMP/monitor $TMP/monitor.json $FACES
	cp $TMP/agent $FACES/agent.json
	cp $TMP/snitchd.log $FACES/journal
	cp $TMP/audit $FACES/audit
}
# is_tame FACE: it shows the word, is text, JSON if it says so, and nothing in it acts.
is_tame() {
	local file=$FACES/$1
	grep -aq MARK $file || { echo "it does not show it:"; tail -n 5 $file | cat -v; return 1; }
	! LC_ALL=C grep -aP "$WILD" $file | cat -v | grep . || return 1
	iconv -f UTF-8 -t UTF-8 -o /dev/null $file || return 1
	[[ $1 == *.json ]] || return 0
	jq -r '.. | strings' $file >$TMP/strings || return 1
	! LC_ALL=C grep -aP "$WILD" $TMP/strings | cat -v | grep .
}
# tame NAME FACE...: each of them.
tame() {
	local name=$1 face
	shift
	for face in "$@"; do
		t_ok "$name: $face shows it, and nothing in it acts" is_tame $face
	done
}
