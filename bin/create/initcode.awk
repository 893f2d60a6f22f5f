# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -f definitions.awk -f initcode.awk OLD NEW
#
# Compares two texts of a unit as `gcc -E -P' makes them: what differs in it but
# functions that go on running? Prints, for reached.awk, what code at boot cannot
# have had changed by such functions alone:
#
#	name NAME	a function that runs at boot only, a type, an object
#	unknown TEXT	a change that could do anything

# Does the function run at boot only, or when its module is loaded?
function is_init(text)
{
	sub(/[{].*/, "", text)
	return text ~ /"\.init\./
}

function report(text,	kind, name)
{
	kind = parse(text)
	if (kind == "function" && introduces == 1 && !is_init(text))
		return
	# What it declares is there and is looked at, or it is in another unit.
	if (kind == "declaration" && text ~ /\(/)
		return
	if ((kind == "unknown" && !introduce_object(text)) || !introduces)
		print "unknown " substr(text, 1, 60)
	for (name in introduced)
		print "name " name
}

BEGIN {
	olds = read_chunks(ARGV[1], old, unused, 1)
	news = read_chunks(ARGV[2], new, unused, 1)
	if (!differ(old, olds, new, news, gone, come))
		print "unknown order"
	for (i = 1; i <= goners; i++)
		report(gone[i])
	for (i = 1; i <= comers; i++)
		report(come[i])
}
