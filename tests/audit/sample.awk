# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -v seed=N -v count=N -f sample.awk KINDS COMMANDS
#
# Units of a kernel in an order that the seed decides, each kind in turn: KIND TAB UNIT TAB TARGET.
# COMMANDS has UNIT TAB COMPILER'S COMMAND. Only a few of the first lines are units that will be
# taken, so this prints some more than count.

# Whether the kind wants the target (a module's name).
function wants(kind, target,	i)
{
	if (!nr_targets[kind])
		return 1
	for (i = 1; i <= nr_targets[kind]; i++)
		if (targets[kind, i] == target)
			return 1
	return 0
}

function target_of(command,	name)
{
	if (!index(command, " -DMODULE "))
		return "vmlinux"
	if (!match(command, /-DKBUILD_MODNAME='"[^"]*"'/))
		return ""
	name = substr(command, RSTART + 19, RLENGTH - 21)
	# One unit of several modules: the first will do.
	sub(/:.*/, "", name)
	return name
}

BEGIN {
	FS = "\t"
	srand(seed)
}

/^#/ { next }

# The kinds
FNR == NR {
	names[++kinds] = $1
	class[kinds] = $2
	pattern[kinds] = $3
	nr_targets[kinds] = split($4, part, " ")
	for (i = 1; i <= nr_targets[kinds]; i++)
		targets[kinds, i] = part[i]
	next
}

# Not code of the running kernel.
/^(scripts|samples|tools|usr|arch\/x86\/(boot|realmode|purgatory|tools|um|entry\/vdso))\// { next }
/\.mod\.o\t/ { next }

{
	target = target_of($2)
	for (k = 1; k <= kinds && target != ""; k++)
		if ($1 ~ ("^" pattern[k]) && (class[k] == "vmlinux") == (target == "vmlinux"))
			break
	if (target == "" || k > kinds || !wants(k, target))
		next
	n = ++total[k]
	unit[k, n] = $1 "\t" target
}

# Takes one of a kind's units at random out of those that are left.
function take(k,	i, found)
{
	i = 1 + int(rand() * total[k])
	found = unit[k, i]
	unit[k, i] = unit[k, total[k]--]
	print names[k] "\t" found
}

END {
	do {
		some = 0
		for (k = 1; k <= kinds; k++)
			if (total[k]) {
				take(k)
				some = 1
				printed++
			}
	} while (some && printed < 2 * count + 20)
}
