# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # the parts share their variables
#
# Debian builds some kernels of one version from a source with further patches: a
# featureset. -rt- kernels are the one that there is: PREEMPT_RT. linux-source has
# the source without; the patches lie in the packaging, in debian/patches-FEATURESET.

# featureset_of RELEASE: the name of its featureset, or nothing
featureset_of()
{
	[[ $1 =~ -(rt)-amd64$ ]] || return 0
	printf '%s\n' "${BASH_REMATCH[1]}"
}

# featureset_fetch FEATURESET VERSION SERIES: the packaging with its patches; sets featureset_tar
featureset_fetch()
{
	local featureset=$1 version=$2 series=$3 debs=$kernel_dir/debs source

	# linux-source-6.12 comes of the source linux, or linux-6.12 in an older Debian.
	# shellcheck disable=SC2016 # the format has the variable
	source=$(dpkg-deb -W --showformat '${source:Package}' "$debs/linux-source-$series.deb")
	apt_download_packaging "$debs" "$source" "$version" || die_log 1 not_found \
		"the archive has the kernel $kernel_release $version, but not the patches that make it an -$featureset- kernel: the packaging of $source $version" \
		"get ${source}_${version#*:}.debian.tar.xz elsewhere (Debian's snapshot archive has every version), apply its debian/patches-$featureset to the source, and give --source, --config and --headers"
	featureset_tar=$debs/$source.debian.tar.xz
}
featureset_tar=

# featureset_apply FEATURESET SOURCE: makes the unpacked source that of the featureset, after
# featureset_fetch()
featureset_apply()
{
	stage "Applying Debian's $1 patches"
	logged featureset_patch "$featureset_tar" "$1" "$2" ||
		die_log 1 failed "Debian's $1 patches could not be applied to the source of $kernel_release"
}

# featureset_patch TAR FEATURESET SOURCE: as Debian's own build does it, which takes no
# patch whose context has changed
featureset_patch()
{
	local tar=$1 featureset=$2 source=$3 patches=$3.patches name options

	rm -rf "$patches"
	mkdir "$patches" || return
	tar -x -J -f "$tar" -C "$patches" --strip-components=2 "debian/patches-$featureset" || return
	[[ -s $patches/series ]] || return
	# A line of the series: a patch, options for it, a comment.
	while read -r name options; do
		[[ $name && $name != \#* ]] || continue
		[[ ! ${options%%#*} ]] || {
			printf '%s: options that are not known: %s\n' "$name" "$options"
			return 1
		}
		printf '%s\n' "$name"
		patch -d "$source" -p1 --fuzz=0 --remove-empty-files --no-backup-if-mismatch --batch --forward \
			--quiet --input="$patches/$name" || return
	done <"$patches/series"
	rm -rf "$patches"
}
