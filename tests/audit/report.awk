# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -v release=R -v version=V -v seed=N -v seconds=N -v mutations=TEXT -v failed=N \
#		-v json=FILE -f report.awk UNITS COMPARED MATCHED
#
# The results of an audit as a table, and as JSON in FILE. Exits with 1 if something is not as it
# should be; "failed" are failures that the files do not tell of.
#
#	UNITS		NUMBER KIND UNIT TARGET
#	COMPARED	NUMBER same|equal|changed|failed REASON
#	MATCHED		VARIANT NUMBER matched|undecided|failed|unable FUNCTIONS MATCHED FREED
#			BYTES SITES KINDS-OF-SITES [CAUSE REASON]

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

BEGIN { FS = "\t" }

FILENAME == ARGV[1] {
	order[++units] = $1
	kind[$1] = $2
	unit[$1] = $3
	target[$1] = $4
	if (!($2 in kinds)) {
		kinds[$2]
		nr_kinds++
	}
	next
}

FILENAME == ARGV[2] {
	compared[$1] = $2
	total_compared[$2]++
	if ($2 == "changed" || $2 == "failed")
		problem("comparison  " unit[$1] ": " $2 ": " $3)
	next
}

{
	if (!($1 in variant_known)) {
		variant_known[$1]
		variant[++variants] = $1
	}
	result[$1, $2] = $3
	nr[$1, $3]++
	if ($3 == "unable") {
		unable[target[$2]]
		next
	}
	reason[$1, $2] = $10 ($11 == "" ? "" : ": " $11)
	if ($3 == "failed")
		problem($1 "  " unit[$2] " (" target[$2] "): " $10 ": " $11)
	functions[$2] = $4
	freed[$2] = $6
	functions_of[$1] += $4
	matched_of[$1] += $5
	freed_of[$1] += $6
	bytes_of[$1] += $7
	sites_of[$1] += $8
	if ($3 == "failed")
		next
	bytes[$2] = $7
	sites[$2] = $8
	# Each site once, not once for each way to boot.
	if (!($2 in counted)) {
		counted[$2]
		parts = split($9, part, " ")
		for (i = 1; i <= parts; i++) {
			split(part[i], pair, "=")
			if (!(pair[1] in sites_of_kind))
				site_kind[++site_kinds] = pair[1]
			sites_of_kind[pair[1]] += pair[2]
		}
	}
}

# "all" if a unit came out the same in each variant, else what differs.
function outcome(u,	v, found, same)
{
	same = 1
	for (v = 1; v <= variants; v++) {
		if (v > 1 && result[variant[v], u] != result[variant[1], u])
			same = 0
		found = found (v > 1 ? " " : "") variant[v] "=" result[variant[v], u]
	}
	return same ? result[variant[1], u] : found
}

# How many units it could be tried with.
function tried(name)
{
	return nr[name, "matched"] + nr[name, "undecided"] + nr[name, "failed"]
}

function write_table(	i, v, u, name)
{
	printf "Audit of %s (%s)\n", release, version
	printf "%d units of %d kinds, seed %s, %d seconds\n\n", units, nr_kinds, seed, seconds

	printf "Compared with the same source and a comment on top: %d byte for byte the same,\n",
		total_compared["same"]
	printf "%d found to be without change, %d found changed, %d could not be built or read\n\n",
		total_compared["equal"], total_compared["changed"], total_compared["failed"]

	printf "%-16s %7s %7s %9s %6s %10s %9s %6s %9s %7s\n", "booted", "units", "matched",
		"undecided", "failed", "functions", "matched", "freed", "bytes", "sites"
	for (v = 1; v <= variants; v++) {
		name = variant[v]
		printf "%-16s %7d %7d %9d %6d %10d %9d %6d %9d %7d\n", name, tried(name),
			nr[name, "matched"], nr[name, "undecided"], nr[name, "failed"], functions_of[name],
			matched_of[name], freed_of[name], bytes_of[name], sites_of[name]
	}
	printf "\nSites of each kind:"
	for (i = 1; i <= site_kinds; i++)
		printf "%s %s %d", (i > 1 ? "," : ""), site_kind[i], sites_of_kind[site_kind[i]]
	printf "\n\nOf each matched unit a byte was changed: refused by ksplice.ko, else it is a problem.\n"
	if (mutations != "")
		printf "Changed memory, matched in user space: %s\n", mutations
	for (name in unable)
		printf "Not loaded, the machine lacks its device: %s\n", name

	printf "\n%d problems\n", nr_problems + failed
	for (i = 1; i <= nr_problems; i++)
		printf "  %s\n", problems[i]

	printf "\n%-12s %-10s %9s %6s %8s %6s  %s\n", "kind", "compared", "functions", "freed",
		"bytes", "sites", "unit (target): outcome"
	for (i = 1; i <= units; i++) {
		u = order[i]
		printf "%-12s %-10s %9d %6d %8d %6d  %s (%s): %s\n", kind[u], compared[u],
			functions[u], freed[u], bytes[u], sites[u], unit[u], target[u], outcome(u)
	}
}

function write_json(	i, v, u, gap)
{
	printf "{\n  \"kernel\": %s,\n  \"version\": %s,\n  \"seed\": %d,\n  \"seconds\": %d,\n",
		quoted(release), quoted(version), seed, seconds >json
	printf "  \"problems\": %d,\n  \"variants\": [", nr_problems + failed >json
	for (v = 1; v <= variants; v++)
		printf "%s\n    {\"name\": %s, \"units\": %d, \"functions\": %d, \"matched\": %d, " \
			"\"freed\": %d, \"bytes\": %d, \"sites\": %d, \"failed\": %d, " \
			"\"undecided\": %d}", (v > 1 ? "," : ""), quoted(variant[v]),
			tried(variant[v]), functions_of[variant[v]], matched_of[variant[v]],
			freed_of[variant[v]], bytes_of[variant[v]], sites_of[variant[v]],
			nr[variant[v], "failed"], nr[variant[v], "undecided"] >json
	printf "\n  ],\n  \"sites\": {" >json
	for (i = 1; i <= site_kinds; i++)
		printf "%s%s: %d", (i > 1 ? ", " : ""), quoted(site_kind[i]),
			sites_of_kind[site_kind[i]] >json
	printf "},\n  \"units\": [" >json
	for (i = 1; i <= units; i++) {
		u = order[i]
		printf "%s\n    {\"unit\": %s, \"target\": %s, \"kind\": %s, \"compared\": %s, " \
			"\"functions\": %d, \"freed\": %d, \"bytes\": %d, \"sites\": %d, " \
			"\"results\": {", (i > 1 ? "," : ""), quoted(unit[u]), quoted(target[u]),
			quoted(kind[u]), quoted(compared[u]), functions[u], freed[u], bytes[u],
			sites[u] >json
		gap = ""
		for (v = 1; v <= variants; v++) {
			if (!((variant[v], u) in result))
				continue
			printf "%s%s: {\"result\": %s, \"reason\": %s}", gap, quoted(variant[v]),
				quoted(result[variant[v], u]), quoted(reason[variant[v], u]) >json
			gap = ", "
		}
		printf "}}" >json
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
