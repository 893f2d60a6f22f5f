#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: probe.sh PROBE.c... -- COMPILER FLAG...
# Prints a header that defines HAVE_NAME for each probe (name.c) that compiles.
set -eu

probes=
while [ "$1" != -- ]; do
	probes="$probes $1"
	shift
done
shift

for probe in $probes; do
	name=HAVE_$(basename "$probe" .c | tr '[:lower:]' '[:upper:]')
	if "$@" -Werror -fsyntax-only "$probe" 2>/dev/null; then
		echo "#define $name 1"
	else
		echo "/* $name: no */"
	fi
done
