# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -f includes.awk scan		prints FILE TAB INCLUDED for each #include line
#	awk -f includes.awk users LIST FILE...	prints the units that may include a FILE
#
# scan reads the names of the files that can be included, an empty line, and
# the #include lines as grep finds them (FILE:LINE). LIST is what it printed.
#
# Conservative: an #include may mean each file whose path ends like it, unless
# it stands in quotes and a file of that name lies beside it. Directives of
# groups that are not compiled count as well. The compiler's own dependency
# file tells afterwards which units really read it.

function die(text)
{
	print text | "cat >&2"
	close("cat >&2")
	exit 1
}

# A path without "." and, where they can be resolved, ".."
function resolve(path,	part, parts, i, n)
{
	if (path !~ /\.\//)
		return path
	parts = split(path, part, "/")
	for (i = 1; i <= parts; i++) {
		if (part[i] == ".." && n > 0 && part[n] != "..")
			n--
		else if (part[i] != ".")
			part[++n] = part[i]
	}
	path = part[1]
	for (i = 2; i <= n; i++)
		path = path "/" part[i]
	return path
}

function scan(	exists, text, path, folder, name, quote, near)
{
	ARGC = 1	# getline reads stdin
	while ((getline text) > 0 && text != "")
		exists[text] = 1
	while ((getline text) > 0) {
		if (!match(text, /^[^:]+:[ \t\r\f\v]*#[ \t\r\f\v]*include[ \t\r\f\v]*["<][^">]+[">]/))
			continue
		name = substr(text, 1, RLENGTH - 1)
		path = substr(text, 1, index(text, ":") - 1)
		match(name, /["<][^"<>]*$/)
		quote = substr(name, RSTART, 1)
		name = substr(name, RSTART + 1)

		# Beside it? Then it is that one and no other.
		if (quote == "\"") {
			folder = path
			sub(/[^\/]*$/, "", folder)
			near = resolve(folder name)
			if (near in exists) {
				print path "\t=" near
				continue
			}
		}
		sub(/^(\.\.?\/)+/, "", name)
		print path "\t" name
	}
}

# Marks FILE as one that a searched one may change, to be looked up in turn.
function add(file)
{
	if (file in seen)
		return
	seen[file] = 1
	todo[++todos] = file
}

# Adds those who include NAME, as the list has it.
function add_users(name,	i)
{
	if (!(name in last))
		return
	for (i = last[name]; i; i = previous[i])
		add(includer[i])
}

function users(list, files,	i, n, at, text, status, name, suffix, file)
{
	# last[included] is the newest of a chain of includers.
	while ((status = (getline text < list)) > 0) {
		at = index(text, "\t")
		name = substr(text, at + 1)
		includer[++n] = substr(text, 1, at - 1)
		previous[n] = last[name]
		last[name] = n
	}
	if (status < 0)
		die(list ": cannot be read")

	for (i = 1; i <= files; i++)
		add(ARGV[i + 2])
	for (i = 1; i <= todos; i++) {
		add_users("=" todo[i])
		suffix = todo[i]
		do
			add_users(suffix)
		while (sub(/^[^\/]*\//, "", suffix))
	}
	# The compiler's command line includes these everywhere.
	if ("include/linux/compiler_types.h" in seen || "include/linux/kconfig.h" in seen ||
	    "include/linux/compiler-version.h" in seen ||
	    "include/linux/compiler_attributes.h" in seen) {
		for (i = 1; i <= n; i++)
			seen[includer[i]] = 1
	}
	for (file in seen) {
		if (sub(/\.[cS]$/, ".o", file))
			print file
	}
}

BEGIN {
	if (ARGV[1] == "scan")
		scan()
	else if (ARGV[1] == "users" && ARGC > 2)
		users(ARGV[2], ARGC - 3)
	else
		die("usage: includes.awk scan | users LIST FILE...")
}
