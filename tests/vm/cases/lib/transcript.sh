# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash source=/dev/null disable=SC2086,SC2034,SC2154
# Transcripts: whole outputs of the command, as a person at a terminal of 80 columns sees them, against
# golden files that somebody has read. Must never replace more than differs from run to run.
. /snitch/cases/lib/names.sh

GOLDEN=/snitch/cases/golden
HIDDEN=()

# web PROGRAM PLACE: curl or wget asks for a word of its own there, which is $SENT. It may wait.
N=0
web() {
	SENT=word$((++N))
	case $1 in
	*/curl) set -- $1 -s -m 60 http://$2/$SENT ;;
	*) set -- $1 -q -t 1 -T 60 -O /dev/null http://$2/$SENT ;;
	esac
	"$@" >$TMP/web 2>&1 &
	PIDS[web]=$!
}
# t_arrives NAME PROGRAM PLACE / t_refused NAME PROGRAM PLACE: what the far end received says so.
t_arrives() {
	web $2 $3
	t_ok "$1" wait_for 10 far_got tcp 80 $SENT
	ended web
}
t_refused() {
	local before
	before=$(far_packets tcp 80)
	web $2 $3
	ended web
	t_cmp "$1: its program is told" $? -ne 0
	t_is "$1: nothing arrived" "$(far_packets tcp 80)" "$before"
}

# transcript NAME: begins one.
transcript() {
	SHOWN=$1
	: >$TMP/$SHOWN.shown
}
# hide PATTERN WORDS: what is different each time, and what stands for it in the transcript.
hide() { HIDDEN+=(-e "s/\\b$1\\b/$2/g"); }
# note TEXT: what happened meanwhile.
note() { printf '# %s\n' "$*" >>$TMP/$SHOWN.shown; }
# shown COMMAND...: the command, what it prints, and its exit status where that is not 0. A command in
# one word is the shell's.
shown() {
	local status=0 command=$1
	[[ $# -eq 1 ]] || command=$(printf '%q ' "$@")
	{
		printf '$ %s\n' "$*"
		NO_COLOR=1 script -qefc "stty cols 80 rows 24; $command" /dev/null </dev/null | tr -d '\r'
		status=${PIPESTATUS[0]}
		[[ $status -eq 0 ]] || printf '(exit status %d)\n' $status
		printf '\n'
	} >>$TMP/$SHOWN.shown
}
# screen NAME: what tmux shows, in the transcript.
screen() {
	{
		printf '(screen: %s)\n' "$1"
		tmux -L seen capture-pane -p | sed -e 's/ *$//' | cat -s
	} >>$TMP/$SHOWN.shown
}
# keys KEY...: one after the other; t_screen NAME TEXT: test point: that text comes.
keys() { local k; for k in "$@"; do tmux -L seen send-keys "$k"; nap 0.3; done; }
screen_has() { tmux -L seen capture-pane -p | grep -qF -- "$1"; }
t_screen() { t_ok "$1" wait_for 20 screen_has "$2" || t_note "$(tmux -L seen capture-pane -p)"; }
# t_golden [wide]: test points: the transcript is the one that was read and, unless it is a wide one, no
# wider than the terminal. What was seen is in /out/golden: to be read and put into its place. A time
# or a rule's id is replaced by as many characters, so that columns stay.
t_golden() {
	local seen=/out/golden/$SHOWN.golden
	mkdir -p /out/golden
	sed -E -e 's/\b[0-9a-f]{16}\b/the-id-of-a-rule/g' -e 's/\b2026-[01][0-9]-[0-3][0-9] /YYYY-MM-DD /g' \
		-e 's/\b[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]\b/MM-DD HH:MM/g' \
		-e 's/MM-DD [0-2][0-9]:[0-5][0-9]/MM-DD HH:MM/g' -e 's/(HH:MM):[0-5][0-9]\b/\1:SS/g' \
		-e 's/MM-DD HH:MM to MM-DD HH:MM/MM-DD HH:MM/g' "${HIDDEN[@]}" $TMP/$SHOWN.shown >$seen
	t_ok "$SHOWN: the transcript is the one that was read" diff -u $GOLDEN/$SHOWN.golden $seen
	[[ ${1:-} == wide ]] || t_is "$SHOWN: no line is wider than the terminal" \
		"$(grep -v '^\$ ' $seen | grep -E '^.{81}')" ""
}
