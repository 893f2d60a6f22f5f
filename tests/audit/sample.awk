# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -v seed=N -v count=N|all -v outside=FILE -f sample.awk KINDS COMMANDS
#
# Units of a kernel in an order that the seed decides, each kind in turn: KIND TAB UNIT TAB TARGET.
# COMMANDS has UNIT TAB COMPILER'S COMMAND. FILE gets what is built in but is no code of the running
# kernel: UNIT TAB REASON.

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

# Why a unit is no code of the running kernel, or "". (An older list has programs, too.)
function why_outside(unit, command)
{
	if (command !~ / -D__KERNEL__ /)
		return "a program that the build runs"
	if (unit ~ /^usr\//)
		return "data: the initramfs that is built in"
	if (unit ~ /^arch\/x86\/(boot|realmode\/rm)\// ||
	    unit ~ /^drivers\/firmware\/efi\/libstub\//)
		return "runs before the kernel does; the kernel has it as data, if at all"
	if (unit ~ /^arch\/x86\/purgatory\// && unit !~ /\/kexec-purgatory\.o$/)
		return "runs after the kernel has ended; the kernel has it as data"
	if (unit ~ /^arch\/x86\/entry\/vdso\// &&
	    unit !~ /\/vdso\/(vma|extable|vdso32-setup|vdso-image-[^\/]*)\.o$/)
		return "runs in user space; the kernel has it as data"
	if (unit ~ /^arch\/x86\/um\//)
		return "of another architecture"
	return ""
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

/\.mod\.o\t/ { next }

{
	target = target_of($2)
	reason = why_outside($1, $2)
	if (reason != "") {
		if (target == "vmlinux")
			print $1 "\t" reason >outside
		next
	}
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
	printed++
}

END {
	close(outside)
	do {
		some = 0
		for (k = 1; k <= kinds; k++)
			if (total[k] && (count == "all" || printed < count)) {
				take(k)
				some = 1
			}
	} while (some)
}
