# SPDX-License-Identifier: GPL-2.0-only
#
#	awk -v codename=CODENAME -f sources.awk <SOURCES
#
# Where apt's sources have a release of Debian from: URI BLANK KEYRING, of the
# first stanza that names it or else of the first "deb" line. Without a keyring
# of its own nothing stands behind the blank; without any such source nothing is
# printed.

# The first word of a stanza's field, its continuation lines included
function field(stanza, name,	at)
{
	at = index(tolower("\n" stanza), "\n" name ":")
	if (!at)
		return ""
	stanza = substr(stanza, at + length(name) + 1)
	sub(/^[ \t\r\f\v\n]+/, "", stanza)
	sub(/[ \t\r\f\v\n].*/, "", stanza)
	return stanza
}

# Does a line "Suites:" of the stanza name it?
function has_suite(stanza,	line, lines, i)
{
	lines = split(tolower(stanza), line, "\n")
	for (i = 1; i <= lines; i++) {
		if (!sub(/^suites:/, " ", line[i]))
			continue
		gsub(/[ \t\r\f\v]+/, " ", line[i])
		if (index(line[i] " ", " " codename " "))
			return 1
	}
	return 0
}

# deb [OPTION=VALUE...] URI SUITE COMPONENT...
function one_line(text,	options, part)
{
	if (!sub(/^deb[ \t\r\f\v]+/, "", text))
		return
	if (match(text, /^\[[^]]*\][ \t\r\f\v]+/)) {
		options = substr(text, 2, RLENGTH - 1)
		text = substr(text, RLENGTH + 1)
	}
	if (split(text, part, /[ \t\r\f\v]+/) < 2 || part[2] != codename)
		return
	if (match(options, /signed-by=[^] \t\r\f\v]+/))
		options = substr(options, RSTART + 10, RLENGTH - 10)
	else
		options = ""
	found = part[1] " " options
}

# Stanzas are separated by empty lines.
BEGIN { RS = "" }

{
	uri = field($0, "uris")
	if (index(tolower("\n" $0), "\ntypes:") && uri != "" && has_suite($0)) {
		keyring = field($0, "signed-by")
		found = uri " " (keyring ~ /^\/./ ? keyring : "")
		exit
	}
	lines = split($0, line, "\n")
	for (i = 1; i <= lines && found == ""; i++)
		one_line(line[i])
}

END {
	if (found != "")
		print found
}
