# SPDX-License-Identifier: GPL-2.0-only
#
#	make -n V=1 ... | awk -f commands.awk COMPILER
#
# Kbuild's commands that compile a unit: UNIT TAB COMMAND. A line prints a
# command, and then has it among others: the last one counts.

BEGIN {
	start = ARGV[1] " -Wp,"
	ARGV[1] = ""	# no file: stdin is read
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
	print unit "\t" last
}
