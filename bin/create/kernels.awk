# SPDX-License-Identifier: GPL-2.0-only
#
#	apt-cache madison PACKAGE... | awk -f kernels.awk
#
# The archive's kernels: RELEASE VERSION source:yes, or source:no where the
# source of that version is not there. Each once, in no order.

BEGIN { FS = "[ \t]*[|][ \t]*" }

NF >= 3 {
	package = $1
	version = $2
	sub(/^[ \t]+/, "", package)
	if (sub(/^linux-source-/, "", package)) {
		source[package " " version] = 1
	} else if (package ~ /^linux-image-[0-9]+\.[0-9]+\.[0-9]/) {
		# A meta-package has a version but no third number.
		sub(/^linux-image-/, "", package)
		sub(/-unsigned$/, "", package)
		kernel[package " " version] = 1
	}
}

END {
	for (name in kernel) {
		split(name, word, " ")
		split(word[1], number, ".")
		print name " source:" ((number[1] "." number[2] " " word[2]) in source ? "yes" : "no")
	}
}
