# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -f patch-files.awk <PATCH
#	awk -v only=FILE -f patch-files.awk <PATCH
#
# Lists the files that a unified diff touches, one per line:
#
#	changed|added|removed|version|unsupported TAB PATH
#	renamed TAB PATH TAB OLD PATH
#
# (version: the kernel's Makefile, and only what the kernel is called; for
# unsupported: what the patch does). Paths without their first part, as patch -p1
# takes them. Fails on what is cut short or leads out of the tree.
#
# With a list of such paths: prints the patch, without what it does to other files.

function die(text)
{
	print text | "cat >&2"
	close("cat >&2")
	failed = 1
	exit 1
}

# A path below the source, as it must be
function checked(path)
{
	if (path ~ /^(.*\/)?\.\.(\/.*)?$/ || path ~ /^\//)
		die("line " NR ": '" path "' leads out of the source")
	if (path ~ /[^A-Za-z0-9_.,+\/-]/)
		die("line " NR ": '" path "' is an unusual name")
	return path
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
	return checked(path)
}

# "-FROM,COUNT" or "+FROM,COUNT" of a hunk -> COUNT
function count(range,	part)
{
	return split(range, part, ",") > 1 ? part[2] + 0 : 1
}

# A later patch of several may change what an earlier one has added.
function touch(path, what)
{
	if (!(path in kind))
		order[++paths] = path
	else if (what == "changed" && kind[path] ~ /^(added|renamed)$/)
		return
	else if (kind[path] == "renamed" || (what == "renamed" && kind[path] != "removed"))
		unsupported[++refusals] = "renames " path " and does more with that name"
	kind[path] = what
}

# Prints what the file's diff begins with, if it is wanted.
function begin_file(path)
{
	file = path
	if (path in wanted)
		printf "%s", before
	before = ""
}

# A renaming that has no hunks ends where something else begins.
function end_renaming()
{
	if (new_name != "" && only != "")
		begin_file(new_name)
	old_name = new_name = ""
}

BEGIN {
	while (only != "" && (getline path < only) > 0)
		wanted[path]
}

left_old > 0 || left_new > 0 {
	if (only != "" && file in wanted)
		print
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
	if (/^[-+]/ && !/^[-+](VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION|NAME) *=/)
		more_than_version[file]
	next
}

# "\ No newline at end of file" behind the last line of a hunk
/^\\/ {
	if (only != "" && file in wanted)
		print
	next
}

/^diff / { end_renaming() }

/^@@ -[0-9]+(,[0-9]+)? \+[0-9]+(,[0-9]+)? @@/ {
	if (file == "")
		die("line " NR ": a hunk without a file, or the one before has more lines than it says")
	if (only != "" && file in wanted)
		print
	left_old = count($2)
	left_new = count($3)
	after = 1
	next
}

{ before = before $0 "\n" }

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
	if (new_name == "")
		touch(path, to == "/dev/null" ? "removed" : from == "/dev/null" ? "added" : "changed")
	else if (path != new_name || from != old_name)
		die("line " NR ": '" path "' is not what the file is renamed to")
	old_name = new_name = ""
	begin_file(path)
	old = ""
	next
}

/^rename from [^ \t\r\f\v]/ {
	path = substr($0, 13)
	sub(/[\r\f\v].*/, "", path)
	old_name = checked(path)
	next
}

/^rename to [^ \t\r\f\v]/ && old_name != "" {
	path = substr($0, 11)
	sub(/[\r\f\v].*/, "", path)
	new_name = checked(path)
	touch(old_name, "removed")
	touch(new_name, "renamed")
	origin[new_name] = old_name
	next
}

/^copy from [^ \t\r\f\v]/ {
	path = $3
	sub(/[\r\f\v].*/, "", path)
	unsupported[++refusals] = "copies " path
	next
}

/^(GIT binary patch|Binary files)/ {
	unsupported[++refusals] = "changes a binary file"
	next
}

# patch(1) takes what follows a hunk for text that does not concern it. Context is no loss.
after && /^[-+]/ && !/^-- ?$/ {
	die("line " NR ": the hunk before has more lines than it says")
}

{
	old = ""
	file = ""
	after = after && (/^[ \t]/ || $0 == "")
}

END {
	if (failed)
		exit 1
	if (left_old > 0 || left_new > 0)
		die("the last hunk is cut short")
	end_renaming()
	if (only != "")
		exit 0
	for (i = 1; i <= refusals; i++)
		print "unsupported\t" unsupported[i]
	for (i = 1; i <= paths; i++) {
		path = order[i]
		if (path == "Makefile" && kind[path] == "changed" && !(path in more_than_version))
			kind[path] = "version"
		print kind[path] "\t" path (kind[path] == "renamed" ? "\t" origin[path] : "")
	}
}
