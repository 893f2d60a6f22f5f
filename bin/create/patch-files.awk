# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -f patch-files.awk <PATCH
#
# Lists the files that a unified diff touches, one per line:
#
#	changed|added|removed|unsupported TAB PATH
#
# (for unsupported: what the patch does). Paths without their first part, as
# patch -p1 takes them. Fails on what is cut short or leads out of the tree.

function die(text)
{
	print text | "cat >&2"
	close("cat >&2")
	failed = 1
	exit 1
}

# A name as the line has it -> path below the source, or /dev/null
function strip(path)
{
	sub(/\t.*/, "", path)
	sub(/[ \t\r\f\v]+$/, "", path)
	if (path == "/dev/null")
		return path
	if (!sub(/^[^\/]*\/+/, "", path))
		die("line " NR ": '" path "' has no folder to strip")
	if (path ~ /^(.*\/)?\.\.(\/.*)?$/)
		die("line " NR ": '" path "' leads out of the source")
	if (path ~ /[^A-Za-z0-9_.,+\/-]/)
		die("line " NR ": '" path "' is an unusual name")
	return path
}

# "-FROM,COUNT" or "+FROM,COUNT" of a hunk -> COUNT
function count(range,	part)
{
	return split(range, part, ",") > 1 ? part[2] + 0 : 1
}

left_old > 0 || left_new > 0 {
	if (/^-/) {
		left_old--
	} else if (/^\+/) {
		left_new--
	} else if (/^[ \t]/ || $0 == "") {
		left_old--
		left_new--
	} else if (!/^\\/) {
		die("line " NR ": the hunk is damaged")
	}
	next
}

/^--- [^ \t\r\f\v]/ {
	old = substr($0, 5)
	next
}

old != "" && /^\+\+\+ [^ \t\r\f\v]/ {
	from = strip(old)
	to = strip(substr($0, 5))
	path = to == "/dev/null" ? from : to
	if (path == "/dev/null")
		die("line " NR ": neither file has a name")
	if (!(path in kind))
		order[++paths] = path
	kind[path] = to == "/dev/null" ? "removed" : from == "/dev/null" ? "added" : "changed"
	header = 1
	old = ""
	next
}

/^@@ -[0-9]+(,[0-9]+)? \+[0-9]+(,[0-9]+)? @@/ {
	if (!header)
		die("line " NR ": a hunk without a file")
	left_old = count($2)
	left_new = count($3)
	next
}

/^(rename|copy) from [^ \t\r\f\v]/ {
	path = $3
	sub(/[\r\f\v].*/, "", path)
	print "unsupported\t" $1 "s " path
	next
}

/^(GIT binary patch|Binary files)/ {
	print "unsupported\tchanges a binary file"
	next
}

{ old = "" }

END {
	if (failed)
		exit 1
	if (left_old > 0 || left_new > 0)
		die("the last hunk is cut short")
	for (i = 1; i <= paths; i++)
		print kind[order[i]] "\t" order[i]
}
