# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -f definitions.awk -f changed.awk OLD NEW
#
# Which definitions of a file differ. Prints nothing if none does: comments and
# blanks at the most. Else, one per line:
#
#	new NAME	what a definition that came brings into scope, and none that went
#	name NAME	what another one that differs brings into scope
#	macro NAME	either, for the preprocessor
#	types		a type's layout may differ
#	unknown TEXT	a change that could do anything
#
# Only definitions that came, went or differ may do so: the others have to stand
# in the same order, or it is unknown what that does.

function add(line)
{
	if (!(line in printed))
		print line
	printed[line]
}

function report(text, fresh,	kind, name)
{
	kind = parse(text)
	if (kind == "unknown" || nameless || (kind == "function" && !is_static) || emitted(text))
		add("unknown " substr(text, 1, 60))
	if (kind == "macro" || kind == "type" || kind == "unknown" || has_types)
		add("types")
	for (name in introduced) {
		if (!fresh)
			lost[name]
		add((kind == "macro" ? "macro " : fresh && !(name in lost) ? "new " : "name ") name)
	}
}

BEGIN {
	olds = read_chunks(ARGV[1], old, unused)
	news = read_chunks(ARGV[2], new, unused)
	if (!differ(old, olds, new, news, gone, come))
		add("unknown order")
	for (i = 1; i <= goners; i++)
		report(gone[i], 0)
	for (i = 1; i <= comers; i++)
		report(come[i], 1)
}
