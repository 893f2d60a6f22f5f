# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -f lines.awk DIFF FILE
#
# Prints the patched FILE with #line directives, so that each line which the
# patch left alone keeps the number it had: __LINE__ (of a WARN_ON, say) is
# compiled into code, and would make functions differ that nobody changed. The
# lines that it adds have numbers of their own, 10000 and more: a static object is
# known by its function and line.
# DIFF is `diff -U0 ORIGINAL FILE'.
#
# A directive may stand only between lines that belong to no comment, no
# string, no continued line and no argument list of a macro. Where a group may
# be skipped (#if), its directives are skipped too: so it is repeated after the
# group ends. A newline that the last line lacks is added.

function die(text)
{
	print text | "cat >&2"
	close("cat >&2")
	exit 1
}

# Lines of the file NAME -> line[1..], without the newlines; returns their number
function read(name, line,	n, text, status)
{
	while ((status = (getline text < name)) > 0)
		line[++n] = text
	if (status < 0)
		die(name ": cannot be read")
	close(name)
	return n + 0
}

# "-FROM,COUNT" or "+FROM,COUNT" of a hunk -> from, count
function range(text,	part)
{
	count = split(substr(text, 2), part, ",") > 1 ? part[2] + 0 : 1
	from = part[1] + 0
}

# What is added to the number that a line which the patch adds has in FILE: more
# than the original has lines, so that no two lines have one number. 0: a number
# of 16 bits (of a WARN_ON, again) has no room for that.
function offset(lines)
{
	return lines < 10000 ? 10000 : lines < 30000 ? 30000 : 0
}

# number[i]: of new line i (from 1): the old one; for a line put in the place of an
# old one, that one's
function compare(diff, diffs, lines,	i, old, new, part, base, left, end)
{
	base = offset(lines + diffs)
	old = new = 1
	for (i = 1; i <= diffs; i++) {
		if (diff[i] !~ /^@@ -[0-9]+(,[0-9]+)? \+[0-9]+(,[0-9]+)? @@/)
			continue
		split(diff[i], part, " ")
		range(part[3])
		# A side without lines is named by the line before it.
		if (count == 0)
			from++
		while (new < from)
			number[new++] = old++
		end = new + count
		range(part[2])
		left = old + count
		for (; new < end; new++)
			if (old < left)
				number[new] = old++
			else if (base)
				number[new] = base + new
		old = left
	}
	while (new <= lines)
		number[new++] = old++
}

# Follows comments, strings and parentheses through one line.
function scan(text,	directive, before, rest, token, at)
{
	directive = !comment && !continued && text ~ /^[ \t\r\f\v]*#/
	before = parens
	rest = text

	for (;;) {
		if (comment) {
			# Strings mean nothing here.
			if (!(at = index(rest, "*/")))
				break
			comment = 0
			rest = substr(rest, at + 2)
		}
		if (!match(rest, /["'()]|\/\*|\/\/|\*\//))
			break
		token = substr(rest, RSTART, RLENGTH)
		rest = substr(rest, RSTART)
		if (token == "//")
			break
		if (token == "\"") {
			match(rest, /^"([^"\\]|\\.)*"?/)
		} else if (token == "'") {
			match(rest, /^'([^'\\]|\\.)*'?/)
		} else {
			RLENGTH = length(token)
			if (token == "/*")
				comment = 1
			else if (token == "(")
				parens++
			else if (token == ")" && parens > 0)
				parens--
		}
		rest = substr(rest, RLENGTH + 1)
	}
	# Parentheses of a macro's definition need not match.
	if (directive || continued)
		parens = before
	# Nor those of two branches of an #if: a function's end is the end of all.
	if (text ~ /^}/)
		parens = 0
}

BEGIN {
	diffs = read(ARGV[1], diff)
	lines = read(ARGV[2], line)
	compare(diff, diffs, lines)

	effective = 1	# what the compiler takes the next line for
	comment = 0	# inside /* */
	parens = 0	# depth
	continued = 0	# the line before ends in a backslash
	depth = 0	# of #if
	again = 0	# an inserted directive may have been skipped: 1; repeat it now: 2

	for (i = 1; i <= lines; i++) {
		text = line[i]
		if (!comment && !continued && parens == 0 && i in number &&
		    (number[i] != effective || again == 2)) {
			print "#line " number[i]
			effective = number[i]
			again = depth > 0
		}
		directive = ""
		if (!comment && !continued && match(text, /^[ \t\r\f\v]*#[ \t\r\f\v]*[A-Za-z0-9_]/))
			directive = substr(text, RLENGTH)
		if (directive ~ /^if/)
			depth++
		else if (directive ~ /^endif([^A-Za-z0-9_]|$)/)
			depth--
		# The line after it shall say its number again.
		if (again && directive ~ /^(else|elif|endif)/)
			again = 2
		scan(text)
		continued = text ~ /\\$/
		print text
		effective++
	}
}
