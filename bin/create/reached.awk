# SPDX-License-Identifier: GPL-2.0-only
#
#	awk [-v functions=NAMES] -f definitions.awk -f reached.awk CHANGED TEXT
#
# Can a change reach the code of a unit? CHANGED is what changed.awk printed,
# TEXT the unpatched unit as `gcc -E -P -dU' makes it: without lines, but with
# each macro that it needed. Prints a definition that is reached, or nothing.
#
# What names a changed name is changed itself. A static function that nothing
# names makes no code, and neither do types and declarations: only functions and
# objects that the unit is made for count. A name in an expression says nothing
# about types: but whatever leads to a type (a member, a result, a parameter)
# was declared with a name that leads there.
#
# With the names of functions (separated by blanks), only these count: whether they use
# a type that changed. Then objects only pass it on.

# Is this one of the functions that are asked for? What is not understood, and has code, may be.
function is_wanted(text, kind,	name)
{
	if (kind == "function") {
		for (name in introduced)
			if (name in wanted)
				return 1
		return 0
	}
	if (kind != "unknown" || text ~ /^(_Static_assert|asm|__asm|__asm__)[^A-Za-z0-9_]/)
		return 0
	return !introduce_object(text)
}

# Does the code of the unit depend on this definition by itself?
function is_root(text, kind)
{
	if (functions != "")
		return is_wanted(text, kind)
	if (kind == "unknown")
		return 1
	return kind == "function" && (!is_static || emitted(text))
}

# A chunk that names what changed: its names count from now on; 1: it is code
function taint(chunk, form,	i, n, kind, name)
{
	n = pieces(chunk, piece)
	for (i = 1; i <= n; i++) {
		if (piece[i] !~ form)
			continue
		kind = parse(piece[i])
		if (is_root(piece[i], kind)) {
			print substr(piece[i], 1, 200)
			return 1
		}
		for (name in introduced)
			if (!(name in reached)) {
				reached[name]
				fresh[name]
				news++
				# It is everywhere: what follows would take long and say no more.
				if (++total > 2000) {
					print "many names"
					return 1
				}
			}
	}
	return 0
}

BEGIN {
	nr_wanted = split(functions, wanted_list, " ")
	for (i = 1; i <= nr_wanted; i++)
		wanted[wanted_list[i]]
	while ((status = (getline text < ARGV[1])) > 0) {
		if (text ~ /^unknown/) {
			print "unknown"
			exit
		}
		if (text !~ /^(new|name|macro) /)
			continue
		name = substr(text, index(text, " ") + 1)
		changed_macro[name] = text ~ /^macro/
		reached[name]
		fresh[name]
		news++
	}
	if (status < 0)
		die(ARGV[1] ": cannot be read")
	chunks = read_chunks(ARGV[2], chunk, macro, 1)
	for (name in changed_macro)
		if (name in macro) {
			print "macro " name
			exit
		}
	while (news) {
		form = matcher(fresh)
		split("", fresh)
		news = 0
		for (i = 1; i <= chunks; i++)
			if (chunk[i] ~ form && taint(chunk[i], form))
				exit
	}
}
