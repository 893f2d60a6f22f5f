# SPDX-License-Identifier: GPL-2.0-only
#
#	make -n V=1 ... | awk -f commands.awk COMPILER
#
# Kbuild's commands that compile a unit: UNIT TAB COMMAND. A line prints a
# command, and then has it among others: the last one counts.
#
# Which module a unit is for is a part of the command: -DKBUILD_MODNAME. Before 6.2
# Kbuild did not give it to the assembler; there it is added, from the lists of the
# units of each module (*.mod), which Kbuild writes.

BEGIN {
	start = ARGV[1] " -Wp,"
	ARGV[1] = ""	# no file: stdin is read
}

# printf '%s\n' UNIT... | awk '!x[$0]++ { print("FOLDER/"$0) }' > FOLDER/MODULE.mod
/%s\\n'/ && match($0, /print\("[^"]*"\$0\)[^>]*> [^ ';]*\.mod/) {
	folder = substr($0, RSTART + 7, RLENGTH - 7)
	module = folder
	sub(/".*/, "", folder)
	sub(/.*> /, "", module)
	sub(/.*\//, "", module)
	sub(/\.mod$/, "", module)
	gsub(/[-,]/, "_", module)
	list = substr($0, index($0, "%s\\n'") + 5)
	sub(/\|.*/, "", list)
	n = split(list, unit_of, " ")
	for (i = 1; i <= n; i++) {
		unit = folder unit_of[i]
		if (unit_of[i] ~ /\.o$/ && !((unit, module) in listed)) {
			listed[unit, module]
			modules[unit] = modules[unit] (modules[unit] == "" ? "" : ":") module
		}
	}
}

{
	last = ""
	rest = " " $0
	while (at = index(rest, start)) {
		before = substr(rest, at - 1, 1)
		rest = substr(rest, at)
		if (before ~ /[; \t]/ && match(rest, / -c -o [^ \t]+\.o [^ \t]+/))
			last = substr(rest, 1, RSTART + RLENGTH - 1)
		rest = substr(rest, length(start))
	}
	# A program that the build itself runs is no unit.
	if (last == "" || last !~ / -D__KERNEL__ /)
		next
	unit = last
	sub(/ [^ \t]*$/, "", unit)
	sub(/.*[ \t]/, "", unit)
	if (last ~ / -DMODULE / && last !~ / -DKBUILD_MODNAME=/)
		nameless[unit] = last
	else
		print unit "\t" last
}

END {
	for (unit in nameless) {
		last = nameless[unit]
		if (unit in modules) {
			at = index(last, " -c -o " unit " ")
			last = substr(last, 1, at) "-DKBUILD_MODNAME='\"" modules[unit] "\"'" substr(last, at)
		}
		print unit "\t" last
	}
}
