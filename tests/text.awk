# SPDX-License-Identifier: GPL-2.0-only
#
#	LC_ALL=C awk -f text.awk FILE...
#
# Style of any text: SPDX on line 1 (line 2 below #!), tabs, no blanks at the
# end, 100 columns. Prints each finding as FILE:LINE: TEXT. It takes bytes for
# characters, as some awks always do, and so knows UTF-8 by itself.

# Columns of a line: tabs go to the next multiple of 8
function width(text,	at)
{
	# What continues a character takes no column.
	gsub(/[\200-\277]/, "", text)
	while (at = index(text, "\t"))
		text = substr(text, 1, at - 1) substr("        ", 1, 8 - (at - 1) % 8) substr(text, at + 1)
	return length(text)
}

function check_line(where, text, is_c, is_page)
{
	if (text ~ /[ \t]$/)
		print where ": blanks at the end of the line"
	if (is_c && text ~ /^        /)
		print where ": indented with blanks"
	# Strings are not broken: they may be searched for.
	if (text !~ /["']/ && !is_page && width(text) > 100)
		print where ": more than 100 columns"
	if (text ~ unfinished)
		print where ": unfinished"
}

function check(file,	n, text, is_c, is_page, has_license)
{
	is_c = file ~ /\.[ch]$/
	is_page = file ~ /\.scd$/
	while ((getline text < file) > 0) {
		n++
		if (n <= 2 && text ~ /SPDX-License-Identifier/)
			has_license = 1
		check_line(file ":" n, text, is_c, is_page)
	}
	close(file)
	if (!has_license)
		print file ":1: no SPDX-License-Identifier"
	if (is_c && n > 800)
		print file ":1: " n " lines: split it"
}

BEGIN {
	# Put together here, so that this file passes.
	unfinished = "(^|[^A-Za-z0-9_])(TO" "DO|FIX" "ME|X" "XX)([^A-Za-z0-9_]|$)"
	for (i = 1; i < ARGC; i++)
		check(ARGV[i])
}
