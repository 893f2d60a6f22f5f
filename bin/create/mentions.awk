# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -f definitions.awk -f mentions.awk NAMES FILE...
#
# What the mention of a name in a header means, told from the header's text. NAMES
# has the names, one per line. Prints
#
#	name NAME	a definition that names one brings NAME into scope: it counts as well
#	live FILE	code of each unit that includes FILE may depend on it

# What this chunk of FILE says
function tell(file, text,	i, n, kind, name)
{
	if (text ~ /^[#?]/) {
		n = 1
		piece[1] = text
	} else {
		n = pieces(text, piece)
	}
	for (i = 1; i <= n; i++) {
		if (piece[i] !~ form)
			continue
		kind = parse(piece[i])
		if (kind == "unknown" || nameless || !introduces || (kind == "function" && !is_static) ||
		    emitted(piece[i])) {
			live = 1
			return
		}
		for (name in introduced)
			if (!(name in names)) {
				names[name]
				print "name " name
			}
	}
}

BEGIN {
	while ((status = (getline text < ARGV[1])) > 0)
		names[text]
	if (status < 0)
		die(ARGV[1] ": cannot be read")
	form = matcher(names)
	for (f = 2; f < ARGC; f++) {
		chunks = read_chunks(ARGV[f], chunk, unused)
		live = 0
		for (i = 1; i <= chunks && !live; i++)
			# A directive is one piece, whatever it has in it.
			if (chunk[i] ~ form)
				tell(ARGV[f], chunk[i])
		if (live)
			print "live " ARGV[f]
	}
}
