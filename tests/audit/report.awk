# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -v release=R -v version=V -v count=TEXT -v seed=N -v mutations=TEXT -v failed=N \
#		-v json=FILE -v functions=FILE -f report.awk \
#		UNITS OUTSIDE UNABLE COMPARED RESULTS FUNCTIONS
#
# The results of an audit as a table; as JSON in one file; and in another the functions that are
# not matched, with the reason. Exits with 1 if something is not as it should be; "failed" are
# failures that the files do not tell of.
#
#	UNITS		KIND UNIT TARGET
#	OUTSIDE		UNIT REASON: built in, but no code of the running kernel
#	UNABLE		UNIT REASON: has no image
#	COMPARED	HASH WAY UNIT same|equal|generated|changed|failed REASON; the last counts
#	RESULTS		VARIANT UNIT matched|undecided|failed|unable FUNCTIONS MATCHED FREED BYTES
#			SITES MICROSECONDS KINDS-OF-SITES CAUSE REASON
#	FUNCTIONS	KEY UNIT NAME SECTION WHY; may have a line several times

function quoted(text)
{
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	gsub(/[[:cntrl:]]/, " ", text)
	return "\"" text "\""
}

# Adds a line to the list of what went wrong.
function problem(text)
{
	problems[++nr_problems] = text
}

function note_variant(name)
{
	if (!(name in variant_known)) {
		variant_known[name]
		variant[++variants] = name
	}
}

# Libraries are archives: the linker takes those members that something refers to. Of the others the
# kernel has no symbol at all.
function is_absent(unit, outcome, why)
{
	return outcome == "failed" && target[unit] == "vmlinux" && unit ~ /^(lib|arch\/x86\/lib)\// &&
		why ~ /: the kernel has none of the functions of its section [^ ]+$/
}

# Each site once, not once for each way to boot.
function count_sites(unit, text,	parts, part, pair, i)
{
	if (unit in counted)
		return
	counted[unit]
	parts = split(text, part, " ")
	for (i = 1; i <= parts; i++) {
		split(part[i], pair, "=")
		if (!(pair[1] in sites_of_kind))
			site_kind[++site_kinds] = pair[1]
		sites_of_kind[pair[1]] += pair[2]
	}
}

BEGIN {
	FS = OFS = "\t"
	why_absent = "not linked: a member of a library that nothing refers to"
	printf "" >functions
}

FILENAME == ARGV[1] {
	order[++units] = $2
	kind[$2] = $1
	target[$2] = $3
	if (!units_of_kind[$1]++)
		kinds[++nr_kinds] = $1
	if (!($3 in targets)) {
		targets[$3]
		nr_targets++
	}
	next
}

FILENAME == ARGV[2] {
	outside[$2]++
	nr_outside++
	print $1, "(all of it)", "", $2 >functions
	next
}

FILENAME == ARGV[3] {
	if ($1 in kind)
		problem("prepare  " $1 ": " $2)
	next
}

FILENAME == ARGV[4] {
	if (!($3 in kind))
		next
	compared[$2, $3] = $4
	why_compared[$2, $3] = $5
	next
}

FILENAME == ARGV[5] {
	if (!($2 in kind))
		next
	note_variant($1)
	if (is_absent($2, $3, $12)) {
		if (!absent[$2]++) {
			print $2, "(all of it)", "", why_absent >functions
			outside[why_absent]++
			nr_outside++
		}
		$3 = "absent"
	}
	result[$1, $2] = $3
	nr[$1, $3]++
	if ($3 == "unable") {
		unable[target[$2]]
		next
	}
	reason[$1, $2] = $11 ($12 == "" ? "" : ": " $12)
	if ($3 == "failed")
		problem($1 "  " $2 " (" target[$2] "): " $11 ": " $12)
	has[$2] = $4
	freed[$2] = $6
	if ($3 == "absent")
		next
	functions_of[$1] += $4
	matched_of[$1] += $5
	freed_of[$1] += $6
	bytes_of[$1] += $7
	sites_of[$1] += $8
	seconds_of[$1] += $9 / 1000000
	if ($3 == "failed")
		next
	bytes[$2] = $7
	sites[$2] = $8
	count_sites($2, $10)
	if ($1 == variant[1]) {
		kind_functions[kind[$2]] += $4
		kind_matched[kind[$2]] += $5
		kind_freed[kind[$2]] += $6
		kind_bytes[kind[$2]] += $7
		kind_sites[kind[$2]] += $8
		kind_units[kind[$2]]++
	}
	next
}

# The last line of a function is of the last run: all of them look alike.
$2 in kind {
	sub(/ at [0-9a-f]+ as well as at [0-9a-f]+/, " at several places", $5)
	if ($5 ~ /^update audit: .* fits at several places$/)
		$5 = "in memory; no code that stays refers to it, and equal code is elsewhere"
	if (($2, $3, $4, $5) in listed)
		next
	listed[$2, $3, $4, $5]
	print $2, $3, $4, $5 >functions
	not_matched[$5]++
}

# "all" if a unit came out the same in each variant, else what differs.
function outcome(u,	v, found, same, first)
{
	same = 1
	for (v = 1; v <= variants; v++) {
		if (!((variant[v], u) in result))
			continue
		if (first == "")
			first = result[variant[v], u]
		if (result[variant[v], u] != first)
			same = 0
		found = found (found == "" ? "" : " ") variant[v] "=" result[variant[v], u]
	}
	if (first == "")
		return "not tried"
	return same ? first : found
}

# How many units it could be tried with.
function tried(name)
{
	return nr[name, "matched"] + nr[name, "undecided"] + nr[name, "failed"]
}

# Counts the results of one way to compare, in total[].
function count_way(way,	i)
{
	delete total
	total["ran"] = 0
	for (i = 1; i <= units; i++)
		if ((way, order[i]) in compared) {
			total["ran"]++
			total[compared[way, order[i]]]++
			if (compared[way, order[i]] ~ /^(changed|failed)$/)
				problem("compare " way "  " order[i] ": " why_compared[way, order[i]])
		}
}

function way_line(way, what)
{
	count_way(way)
	passed += total["same"] + total["equal"] + total["generated"]
	ways[way] = sprintf("{\"units\": %d, \"same\": %d, \"equal\": %d, \"generated\": %d, " \
		"\"changed\": %d, \"failed\": %d}", total["ran"], total["same"], total["equal"],
		total["generated"], total["changed"], total["failed"])
	printf "%-38s %6d %6d %6d %9d %7d %6d\n", what, total["ran"], total["same"], total["equal"],
		total["generated"], total["changed"], total["failed"]
}

function write_comparison()
{
	printf "%-38s %6s %6s %6s %9s %7s %6s\n", "compared with a second compilation of", "units",
		"same", "equal", "generated", "changed", "failed"
	way_line("again", "  the same source")
	way_line("comment", "  it with a comment on top")
	print "  same: byte for byte; equal: objmanip sees no change; generated: Kbuild makes the source," \
		" which\n  has no place for a comment.\n"
}

function write_variants(	v, name)
{
	printf "%-16s %6s %8s %9s %6s %10s %9s %6s %10s %8s %8s\n", "booted", "units", "matched",
		"undecided", "failed", "functions", "matched", "freed", "bytes", "sites", "seconds"
	for (v = 1; v <= variants; v++) {
		name = variant[v]
		passed += nr[name, "matched"] + nr[name, "undecided"]
		printf "%-16s %6d %8d %9d %6d %10d %9d %6d %10d %8d %8.1f\n", name, tried(name),
			nr[name, "matched"], nr[name, "undecided"], nr[name, "failed"],
			functions_of[name], matched_of[name], freed_of[name], bytes_of[name],
			sites_of[name], seconds_of[name]
	}
	print "  undecided: all of it is in memory, but some code, equal to other code, fits at several" \
		" places.\n  seconds: what the kernel took to load the modules, matching included.\n"
}

function write_kinds(	k, name)
{
	printf "%-12s %6s %6s %10s %9s %6s %10s %8s\n", "kind", "units", "tried", "functions",
		"matched", "freed", "bytes", "sites"
	for (k = 1; k <= nr_kinds; k++) {
		name = kinds[k]
		printf "%-12s %6d %6d %10d %9d %6d %10d %8d\n", name, units_of_kind[name],
			kind_units[name], kind_functions[name], kind_matched[name],
			kind_freed[name], kind_bytes[name], kind_sites[name]
	}
	print "  as " (variants ? variant[1] : "nothing was") " booted\n"
}

function write_rest(	i, text, name)
{
	printf "Sites of each kind:"
	for (i = 1; i <= site_kinds; i++)
		printf "%s %s %d", (i > 1 ? "," : ""), site_kind[i], sites_of_kind[site_kind[i]]
	print "\n"
	print "Functions that are not matched (functions.txt has their names):"
	for (text in not_matched)
		printf "  %6d  %s\n", not_matched[text], text | "sort"
	close("sort")
	printf "\nCompiled, but no code of the running kernel (%d units):\n", nr_outside
	for (text in outside)
		printf "  %6d  %s\n", outside[text], text | "sort"
	close("sort")
	print ""
	if (mutations != "")
		print "Changed memory, matched in user space: " mutations
	for (name in unable)
		print "Not loaded, the machine lacks its device: " name
}

function write_table(	i)
{
	printf "Audit of %s (%s)\n", release, version
	printf "%d units (%s), of vmlinux and %d modules, of %d kinds, seed %s\n\n", units,
		count ~ /^[0-9]/ ? "a choice" : count, nr_targets - ("vmlinux" in targets), nr_kinds,
		seed
	write_comparison()
	write_variants()
	write_kinds()
	write_rest()
	printf "%d passed, %d failed\n", passed, nr_problems + failed
	for (i = 1; i <= nr_problems; i++)
		print "FAILED " problems[i]
}

function write_json_unit(u,	v, gap)
{
	printf "{\"unit\": %s, \"target\": %s, \"kind\": %s, \"again\": %s, \"comment\": %s, " \
		"\"functions\": %d, \"freed\": %d, \"bytes\": %d, \"sites\": %d, \"matching\": ",
		quoted(u), quoted(target[u]), quoted(kind[u]), quoted(compared["again", u]),
		quoted(compared["comment", u]), has[u], freed[u], bytes[u], sites[u] >json
	if (!index(outcome(u), "=") && outcome(u) != "failed") {
		printf "%s}", quoted(outcome(u)) >json
		return
	}
	printf "{" >json
	for (v = 1; v <= variants; v++) {
		if (!((variant[v], u) in result))
			continue
		printf "%s%s: %s", gap, quoted(variant[v]),
			quoted(result[variant[v], u] " " reason[variant[v], u]) >json
		gap = ", "
	}
	printf "}}" >json
}

function write_json(	i, v)
{
	printf "{\n  \"kernel\": %s,\n  \"version\": %s,\n  \"seed\": %d,\n", quoted(release),
		quoted(version), seed >json
	printf "  \"passed\": %d,\n  \"failed\": %d,\n  \"problems\": [", passed,
		nr_problems + failed >json
	for (i = 1; i <= nr_problems; i++)
		printf "%s\n    %s", (i > 1 ? "," : ""), quoted(problems[i]) >json
	printf "],\n  \"compared\": {\"again\": %s, \"comment\": %s},\n  \"variants\": [",
		ways["again"], ways["comment"] >json
	for (v = 1; v <= variants; v++)
		printf "%s\n    {\"name\": %s, \"units\": %d, \"functions\": %d, \"matched\": %d, " \
			"\"freed\": %d, \"bytes\": %d, \"sites\": %d, \"failed\": %d, " \
			"\"undecided\": %d, \"seconds\": %.1f}", (v > 1 ? "," : ""),
			quoted(variant[v]), tried(variant[v]), functions_of[variant[v]],
			matched_of[variant[v]], freed_of[variant[v]], bytes_of[variant[v]],
			sites_of[variant[v]], nr[variant[v], "failed"], nr[variant[v], "undecided"],
			seconds_of[variant[v]] >json
	printf "\n  ],\n  \"sites\": {" >json
	for (i = 1; i <= site_kinds; i++)
		printf "%s%s: %d", (i > 1 ? ", " : ""), quoted(site_kind[i]),
			sites_of_kind[site_kind[i]] >json
	printf "},\n  \"units\": [" >json
	for (i = 1; i <= units; i++) {
		printf "%s\n    ", (i > 1 ? "," : "") >json
		write_json_unit(order[i])
	}
	printf "\n  ]\n}\n" >json
}

END {
	if (!units)
		exit 1
	write_table()
	write_json()
	exit (nr_problems + failed > 0)
}
