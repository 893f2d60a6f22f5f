# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -f definitions.awk -f types.awk OLD NEW
#
# Compares two texts of a unit as `gcc -E -P' makes them. Prints what can give a
# type another layout, for a comparison of its own; nothing if all differences are
# in functions, objects and declarations. Of enumerators that have another value:
#
#	TYPE TAB layout|note TAB TEXT
#
# A note where only the last enumerator moved: it tells how many there are.

# Enumerators of a definition -> value[name], of[name]: its type; names[1..]
function enumerators(text, value, of, names, n,	type, list, i, parts, part, name, base, plus, at)
{
	text = plain(text)
	while (match(text, /(^|[^A-Za-z0-9_])enum( [A-Za-z0-9_]+)? ?[{][^}]*[}]/)) {
		list = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		at = index(list, "{")
		type = substr(list, index(list, "enum"), at - index(list, "enum"))
		sub(/ $/, "", type)
		list = substr(list, at + 1)
		sub(/ ?[}]$/, "", list)
		parts = split(list, part, ",")
		base = ""
		plus = -1
		for (i = 1; i <= parts; i++) {
			plus++
			name = part[i]
			gsub(/ /, "", name)
			if (at = index(name, "=")) {
				base = substr(name, at + 1)
				name = substr(name, 1, at - 1)
				plus = 0
				if (base ~ /^-?[0-9]+$/) {
					plus = base + 0
					base = ""
				}
			}
			# An argument of a macro had a comma.
			if (name !~ /^[A-Za-z_][A-Za-z0-9_]*$/)
				continue
			value[name] = base == "" ? plus : base (plus ? "+" plus : "")
			of[name] = type
			names[++n] = name
			last[type] = name
		}
	}
	return n
}

# Does it lay a type out? An object does if a type asks for its size.
function lays_out(text,	kind, name, i)
{
	kind = parse(text)
	if (kind == "type" || has_types || (kind == "unknown" && text ~ /^[?#]/))
		return 1
	if (kind != "unknown")
		return 0
	split("", introduced)
	sub(/[={].*/, "", text)
	introduce_objects(text)
	for (name in introduced)
		for (i = 1; i <= news; i++)
			if (index(new[i], name) && new[i] ~ /(sizeof|typeof)/ &&
			    new[i] ~ ("[^A-Za-z0-9_]" name "[^A-Za-z0-9_]")) {
				kind = parse(new[i])
				if (kind == "type" || has_types)
					return 1
			}
	return 0
}

# Directives in it have lines of their own.
function in_a_line(text)
{
	gsub(/\n/, " ", text)
	return text
}

BEGIN {
	olds = read_chunks(ARGV[1], old, unused, 1)
	news = read_chunks(ARGV[2], new, unused, 1)
	differ(old, olds, new, news, gone, come)
	old_names = new_names = 0
	for (i = 1; i <= goners; i++)
		if (lays_out(gone[i])) {
			print "< " in_a_line(gone[i])
			old_names = enumerators(gone[i], old_value, old_of, old_name, old_names)
		}
	for (i = 1; i <= comers; i++)
		if (lays_out(come[i])) {
			print "> " in_a_line(come[i])
			new_names = enumerators(come[i], new_value, new_of, new_name, new_names)
		}
	for (i = 1; i <= new_names; i++) {
		name = new_name[i]
		if (name in old_value && old_value[name] != new_value[name]) {
			type = new_of[name] == "enum" ? "enum with " name : new_of[name]
			print type "\t" (last[new_of[name]] == name ? "note" : "layout") "\t" \
				name " changes from " old_value[name] " to " new_value[name]
		}
	}
}
