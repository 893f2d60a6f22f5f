# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -f layout.awk BEFORE AFTER
#
# Compares two listings of pahole, made with --anon_include. Prints each type that
# both have and that is laid out anew, in the order of AFTER:
#
#	TYPE TAB layout|note TAB TEXT
#
# TEXT names the fields and where they lie. A note: only the type of a field
# differs, which has the same size and place.

function die(text)
{
	print text | "cat >&2"
	close("cat >&2")
	exit 1
}

# The name in the declaration of a member; none: an unnamed structure or bits that
# only fill. Sets `type': the rest of the declaration.
function member_name(text,	name)
{
	sub(/^[ \t]+/, "", text)
	# An unnamed type may have attributes before the name, too.
	while (sub(/[ \t]*__attribute__\(\([^ \t]*\)\)$/, "", text))
		;
	name = ""
	# int (*call)(int x): what the first star is for, not the last word.
	if (match(text, /\(\*+[ \t]*[A-Za-z0-9_]+/)) {
		name = substr(text, RSTART, RLENGTH)
		type = substr(text, 1, RSTART - 1) "(*" substr(text, RSTART + RLENGTH)
		match(name, /[A-Za-z0-9_]+$/)
		name = substr(name, RSTART)
	} else if (match(text, /[A-Za-z_][A-Za-z0-9_]*(\[[^ \t]*\])?(:[0-9]+)?$/)) {
		name = substr(text, RSTART)
		type = substr(text, 1, RSTART - 1)
		if (match(name, /\[.*\]/))
			type = type substr(name, RSTART, RLENGTH)
		sub(/(\[|:).*/, "", name)
	}
	gsub(/[ \t]+/, " ", type)
	gsub(/ \*/, "*", type)
	sub(/ $/, "", type)
	return name
}

# "12" or, of a bit field, "12, bit 3"; sets `size' and `bits' (what the field has of them)
function read_place(text,	number)
{
	gsub(/[^0-9:]+/, " ", text)
	sub(/^ /, "", text)
	if (text ~ /:/) {
		sub(/: */, " ", text)
		split(text, number, " ")
		size = number[3]
		return number[1] ", bit " number[2]
	}
	split(text, number, " ")
	size = number[2]
	return number[1]
}

# Listing FILE -> whole[type], its size; fields[type, 0]: how many it has;
# fields[type, i], places[type, i], sizes[], types[]; order[1..]; returns how many
function read(file, whole, fields, places, sizes, types, order,	n, text, status, name, \
	count, depth, \
	begin, place, declaration, member, i)
{
	while ((status = (getline text < file)) > 0) {
		if (name == "" && text ~ /^(typedef )?(struct|union)( [A-Za-z0-9_]+)? \{/) {
			name = text
			sub(/ \{.*/, "", name)
			count = depth = 0
			whole_size = ""
			# Only its end tells its name.
			if (text ~ /^typedef/)
				name = "typedef"
			continue
		}
		if (name == "")
			continue
		if (text ~ /^}/) {
			if (name == "typedef") {
				member_name(substr(text, 2, index(text, ";") - 2))
				name = text
				sub(/;.*/, "", name)
				while (sub(/[ \t]*__attribute__\(\([^ \t]*\)\)$/, "", name))
					;
				sub(/.* /, "", name)
			}
			if (!(name in whole)) {
				order[++n] = name
				# Of a union the listing tells no size: that of its fields says it.
				whole[name] = whole_size
				fields[name, 0] = count
				for (i = 1; i <= count; i++) {
					fields[name, i] = list[i]
					places[name, i] = list_place[i]
					sizes[name, i] = list_size[i]
					types[name, i] = list_type[i]
				}
			}
			name = ""
		} else if (match(text, /^\t\/\* size: [0-9]+,/)) {
			whole_size = substr(text, 11) + 0
		} else if (text ~ /\{[ \t]*$/) {
			begin[++depth] = count + 1
		} else if (match(text, place_form)) {
			declaration = substr(text, 1, RSTART - 1)
			place = read_place(substr(text, RSTART, RLENGTH))
			if (declaration ~ /^\t+}/) {
				sub(/^\t+}/, "", declaration)
				member = member_name(declaration)
				for (i = begin[depth]; member != "" && i <= count; i++)
					list[i] = member "." list[i]
				depth--
				continue
			}
			bits = match(declaration, /:[0-9]+$/) ? substr(declaration, RSTART + 1) : ""
			member = member_name(declaration)
			if (member == "")
				continue
			list[++count] = member
			list_place[count] = place
			list_size[count] = bits == "" ? (size == 1 ? "1 byte" : size " bytes") : \
				(bits == 1 ? "1 bit" : bits " bits")
			list_type[count] = type
		}
	}
	if (status < 0)
		die(file ": cannot be read")
	close(file)
	return n + 0
}

function say(text)
{
	if (++said <= 6)
		found = found (found == "" ? "" : "; ") text
}

# What differs in type NAME -> found, said: its fields; noted: their types only
function compare(name,	i, k, field, was, kept, old_at, new_at)
{
	found = noted = ""
	said = 0
	if (old_size[name] != new_size[name])
		say("its size changes from " old_size[name] " to " new_size[name] " bytes")
	for (i = 1; i <= old_fields[name, 0]; i++)
		was[old_fields[name, i]] = i
	for (i = 1; i <= new_fields[name, 0]; i++)
		kept[new_fields[name, i]] = i
	for (i = 1; i <= new_fields[name, 0]; i++) {
		field = new_fields[name, i]
		new_at = new_places[name, i]
		if (!(field in was)) {
			say(field " (" new_sizes[name, i] ") is added at " new_at)
			continue
		}
		k = was[field]
		old_at = old_places[name, k]
		if (old_at != new_at)
			say(field " moves from " old_at " to " new_at)
		if (old_sizes[name, k] != new_sizes[name, i])
			say(field " changes from " old_sizes[name, k] " to " new_sizes[name, i])
		else if (old_types[name, k] != new_types[name, i] &&
		    (old_types[name, k] !~ /\*/ || new_types[name, i] !~ /\*/))
			noted = noted (noted == "" ? "" : "; ") field " changes from " \
				old_types[name, k] " to " new_types[name, i]
	}
	for (i = 1; i <= old_fields[name, 0]; i++)
		if (!(old_fields[name, i] in kept))
			say(old_fields[name, i] " (" old_sizes[name, i] ") at " old_places[name, i] \
				" is removed")
	if (said > 6)
		found = found "; and " said - 6 " more"
}

BEGIN {
	# "; /* OFFSET SIZE */", of a bit field "; /* OFFSET: BIT SIZE */"
	place_form = ";[ \t]*[/][*][ \t]*[0-9]+(:[ \t]*[0-9]+)?[ \t]+[0-9]+[ \t]*[*][/]"
	read(ARGV[1], old_size, old_fields, old_places, old_sizes, old_types, old_order)
	count = read(ARGV[2], new_size, new_fields, new_places, new_sizes, new_types, order)
	for (i = 1; i <= count; i++) {
		name = order[i]
		if (!(name in old_size))
			continue
		compare(name)
		if (found != "")
			print name "\tlayout\t" found
		if (noted != "")
			print name "\tnote\t" noted
	}
}
