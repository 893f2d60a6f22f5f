# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -f targets.awk
#
# Reads command lines of the compiler, or lines UNIT TAB COMMAND, and prints each behind
# TARGET TAB, for each target that its unit is linked into; ? where the command does not tell it.

{
	command = $0
	sub(/^[^\t]*\t/, "", command)
}

command !~ / -DMODULE / {
	print "vmlinux\t" $0
	next
}

# Several modules: a:b
match(command, /-DKBUILD_MODNAME='"[^"]*"'/) {
	n = split(substr(command, RSTART + 19, RLENGTH - 21), name, ":")
	for (i = 1; i <= n; i++)
		print name[i] "\t" $0
	next
}

{ print "?\t" $0 }
