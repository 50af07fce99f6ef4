# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion of snitch: the program itself says what may come next.
function __snitch_complete
    set -l words (commandline -opc) (commandline -ct)
    snitch complete $words[2..-1] 2>/dev/null
end
complete -c snitch -f -a '(__snitch_complete)'
complete -c snitch -n '__fish_seen_subcommand_from check test import export explain lint show which add cut' -F
