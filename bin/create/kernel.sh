# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154 # the parts share their variables
#
# The kernel to change: where its source, configuration and headers lie.
# A Debian kernel is fetched: image, headers and source of one version.

kernel_dir=		# in the cache; empty for --source
kernel_release=
kernel_source=		# the source; our own for a fetched kernel, else the user's
kernel_config=
kernel_headers=		# folder with Module.symvers
kernel_uname_v=		# what uname -v says there, or -
kernel_make=()		# make variables that the distribution built it with

kernel_find()
{
	if [[ $opt_source ]]; then
		kernel_source=$(cd "$opt_source" && pwd -P)
		kernel_config=$(readlink -f "$opt_config")
		kernel_headers=$(cd "$opt_headers" && pwd -P)
		kernel_release=$(kernel_release_of "$kernel_headers")
		[[ $kernel_source != *[[:space:]:]* ]] ||
			die 1 failed "--source: $kernel_source: make takes no blank or colon in a folder's name"
	else
		kernel_fetch build "${opt_kernel:-$(uname -r)}"
		kernel_source=$kernel_dir/source
		kernel_headers=$kernel_dir/headers
		kernel_config=$kernel_headers/.config
	fi
	kernel_distribution
}

# kernel_release_of DIR: what headers or a build folder say of themselves
kernel_release_of()
{
	local release=

	# What was compiled in; a distribution's kernel.release may be another.
	if [[ -r $1/include/generated/utsrelease.h ]]; then
		release=$(sed -n 's/^#define UTS_RELEASE "\(.*\)"/\1/p' "$1/include/generated/utsrelease.h")
	elif [[ -r $1/include/config/kernel.release ]]; then
		read -r release <"$1/include/config/kernel.release" || true
	fi
	[[ $release ]] || die 1 not_found "--headers: $1: neither include/config/kernel.release nor include/generated/utsrelease.h" \
		"these are the folder that modules are built against"
	printf '%s\n' "$release"
}

# Names that the distribution compiled into the kernel: strings of some units.
kernel_distribution()
{
	local generated=$kernel_headers/include/generated text

	kernel_uname_v=-
	text=$(cat "$generated"/{utsversion,compile,package}.h 2>/dev/null || true)
	kernel_make=("KERNELRELEASE=$kernel_release")
	if [[ $text =~ UTS_VERSION\ \"([^\"]*)\" ]]; then
		kernel_uname_v=${BASH_REMATCH[1]}
		# "#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-3 (2026-05-08)"
		if [[ $kernel_uname_v =~ ^\#([^ ]+)\ ((SMP|PREEMPT[A-Z_]*)\ )*(.*)$ ]]; then
			kernel_make+=("KBUILD_BUILD_VERSION=${BASH_REMATCH[1]}"
				"KBUILD_BUILD_TIMESTAMP=${BASH_REMATCH[4]}")
		fi
	fi
	[[ ! $text =~ LINUX_COMPILE_BY[[:space:]]+\"([^\"]*)\" ]] ||
		kernel_make+=("KBUILD_BUILD_USER=${BASH_REMATCH[1]}")
	[[ ! $text =~ LINUX_COMPILE_HOST[[:space:]]+\"([^\"]*)\" ]] ||
		kernel_make+=("KBUILD_BUILD_HOST=${BASH_REMATCH[1]}")
	[[ ! $text =~ LINUX_PACKAGE_ID\ \"\ ([^\ ]+)\ ([^\"]+)\" ]] ||
		kernel_make+=("DISTRIBUTION_OFFICIAL_BUILD=1" "DISTRIBUTOR=${BASH_REMATCH[1]}"
			"DISTRIBUTION_VERSION=${BASH_REMATCH[2]}")
}

# kernel_fetch image|source|build RELEASE: sets kernel_dir; build is source and headers,
# and headers (with the configuration) come with the image as well
kernel_fetch()
{
	local what=$1 release=$2 wanted version dir

	kernel_release=$release
	wanted=$(kernel_running_version "$release")
	mkdir -p "$cache/kernels"
	kernel_dir=
	# Several versions of one release: the newest.
	for dir in $(compgen -G "$cache/kernels/${release}_${wanted:-*}" | sort -V || true); do
		kernel_dir=$dir
	done
	if [[ $kernel_dir ]] && kernel_has "$what"; then
		return
	fi

	apt_init
	version=$(kernel_archive_version "$release" "$wanted")
	if [[ ! $version ]]; then
		# The list may be older than the kernel.
		apt_update
		version=$(kernel_archive_version "$release" "$wanted")
	fi
	[[ $version ]] || die 1 not_found \
		"the archive has no kernel ${release}${wanted:+ of version $wanted}" \
		"ksplice-create --list-kernels shows what it has; for any other kernel give --source, --config and --headers"
	kernel_dir=$cache/kernels/${release}_$version
	mkdir -p "$kernel_dir"
	lock "$kernel_dir/fetch.lock"
	kernel_unpack "$what" "$version"
	unlock
}

# The version of the running kernel's package, when RELEASE is the running one.
kernel_running_version()
{
	[[ $1 = "$(uname -r)" && $(uname -v) =~ Debian\ ([^ ]+) ]] || return 0
	printf '%s\n' "${BASH_REMATCH[1]}"
}

# kernel_archive_version RELEASE VERSION: what the archive has of it
kernel_archive_version()
{
	local versions

	versions=$({ apt_versions "linux-image-$1-unsigned"; apt_versions "linux-image-$1"; } |
		sort -u -r -V)
	if [[ $2 ]]; then
		grep -xF -- "$2" <<<"$versions" || true
	else
		head -n 1 <<<"$versions"
	fi
}

# kernel_is_offered PACKAGE VERSION
kernel_is_offered()
{
	grep -qxF -- "$2" <<<"$(apt_versions "$1")"
}

kernel_has()
{
	case $1 in
	build) kernel_has source && [[ -d $kernel_dir/headers ]] ;;
	image) [[ -d $kernel_dir/image && -d $kernel_dir/headers ]] ;;
	*) [[ -d $kernel_dir/$1 ]] ;;
	esac
}

kernel_unpack()
{
	local what=$1 version=$2 debs=$kernel_dir/debs series image featureset

	mkdir -p "$debs"
	series=$(grep -oE '^[0-9]+\.[0-9]+' <<<"$kernel_release")
	if [[ $what = image && ! -d $kernel_dir/image ]]; then
		stage "Fetching the image of $kernel_release ($version)"
		image=linux-image-$kernel_release-unsigned
		kernel_is_offered "$image" "$version" || image=${image%-unsigned}
		apt_download "$debs" "$image=$version"
		rm -rf "$kernel_dir/image.new"
		mkdir "$kernel_dir/image.new"
		logged dpkg-deb -x "$debs/$image.deb" "$kernel_dir/image.new" ||
			die_log 1 failed "$image could not be unpacked"
		kernel_tidy_image "$kernel_dir/image.new"
		mv -T "$kernel_dir/image.new" "$kernel_dir/image"
	fi
	if [[ $what != source && ! -d $kernel_dir/headers ]]; then
		stage "Fetching the headers of $kernel_release ($version)"
		apt_download "$debs" "linux-headers-$kernel_release=$version"
		rm -rf "$kernel_dir/headers.new"
		mkdir "$kernel_dir/headers.new"
		logged dpkg-deb -x "$debs/linux-headers-$kernel_release.deb" "$kernel_dir/headers.new" ||
			die_log 1 failed "linux-headers-$kernel_release could not be unpacked"
		mv -T "$kernel_dir/headers.new/usr/src/linux-headers-$kernel_release" "$kernel_dir/headers"
		rm -rf "$kernel_dir/headers.new"
	fi
	[[ $what != image ]] || return 0

	kernel_is_offered "linux-source-$series" "$version" ||
		die 1 not_found "the archive has the kernel $kernel_release $version, but no longer its source linux-source-$series $version" \
			"get that package elsewhere (Debian's snapshot archive has every version), unpack the source in it, and give --source, --config and --headers"
	stage "Fetching the source of $kernel_release ($version)"
	apt_download "$debs" "linux-source-$series=$version"
	if [[ ! -d $kernel_dir/source ]]; then
		featureset=$(featureset_of "$kernel_release")
		[[ ! $featureset ]] || featureset_fetch "$featureset" "$version" "$series"
		stage "Unpacking the source"
		rm -rf "$kernel_dir/source.new"
		mkdir "$kernel_dir/source.new"
		logged kernel_unpack_source "$debs/linux-source-$series.deb" "$series" \
			"$kernel_dir/source.new" || die_log 1 failed "linux-source-$series could not be unpacked"
		[[ ! $featureset ]] || featureset_apply "$featureset" "$kernel_dir/source.new"
		mv -T "$kernel_dir/source.new" "$kernel_dir/source"
	fi
}

# A pipe from the package to the files: nothing large lies around in between.
kernel_unpack_source()
{
	dpkg-deb --fsys-tarfile "$1" |
		tar -x -O -f - "./usr/src/linux-source-$2.tar.xz" |
		xz -d -c -T 0 |
		tar -x -f - -C "$3" --strip-components=1
}

# The image as a machine would have it: module lists made, packaging left out.
kernel_tidy_image()
{
	rm -rf "${1:?}/usr/share"
	if [[ -d $1/usr/lib/modules && ! -e $1/lib ]]; then
		ln -s usr/lib "$1/lib"
	fi
	PATH=$PATH:/sbin:/usr/sbin logged depmod -b "$1" "$kernel_release" ||
		die_log 1 failed "depmod failed for the modules of $kernel_release"
}
