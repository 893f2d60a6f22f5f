# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -f layout.awk BEFORE AFTER
#
# Compares two listings of pahole. Prints each structure whose members lie
# elsewhere, have another size or another name: NAME TAB SIZE TAB SIZE, in the
# order of AFTER. Structures that only one of the two has do not count.

function die(text)
{
	print text | "cat >&2"
	close("cat >&2")
	exit 1
}

# The name in the declaration of a member; none: an unnamed struct or union
function member_name(text)
{
	# int (*call)(int x): what the first star is for, not the last word.
	if (match(text, /\(\*+[ \t]*[A-Za-z0-9_]+/)) {
		text = substr(text, RSTART, RLENGTH)
	} else {
		# An unnamed type may have attributes before the name, too.
		while (sub(/[ \t]*__attribute__\(\([^ \t]*\)\)$/, "", text))
			;
		sub(/:[0-9]+$/, "", text)
		sub(/\[.*\]$/, "", text)
	}
	return match(text, /[A-Za-z0-9_]+$/) ? substr(text, RSTART) : ""
}

# Listing `file' -> size[name], members[name] (their offsets, sizes and names),
# order[1..]: the names; returns how many
function read(file, size, members, order,	n, text, status, name, bytes, list, place)
{
	while ((status = (getline text < file)) > 0) {
		if (match(text, /^(struct|union) [A-Za-z0-9_]+ \{/)) {
			name = substr(text, 1, RLENGTH - 2)
			bytes = 0
			list = ""
		} else if (name != "" && text ~ /^}/) {
			if (!(name in size))
				order[++n] = name
			size[name] = bytes
			members[name] = list
			name = ""
		} else if (match(text, /^\t\/\* size: [0-9]+,/)) {
			bytes = substr(text, 11) + 0
		} else if (match(text, place_form)) {
			place = substr(text, RSTART, RLENGTH)
			# How it is aligned depends on the types' names.
			gsub(/[^0-9:]+/, " ", place)
			list = list member_name(substr(text, 1, RSTART - 1)) place "\n"
		}
	}
	if (status < 0)
		die(file ": cannot be read")
	close(file)
	return n + 0
}

BEGIN {
	# "; /* OFFSET SIZE */", of a bit field "; /* OFFSET: BIT SIZE */"
	place_form = ";[ \t]*[/][*][ \t]*[0-9]+(:[ \t]*[0-9]+)?[ \t]+[0-9]+[ \t]*[*][/]"
	read(ARGV[1], old_size, old_members, old_order)
	count = read(ARGV[2], new_size, new_members, order)
	for (i = 1; i <= count; i++) {
		name = order[i]
		if (name in old_size && (old_size[name] != new_size[name] ||
		    old_members[name] != new_members[name]))
			print name "\t" old_size[name] "\t" new_size[name]
	}
}
