#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
#
#	layout.pl BEFORE AFTER
#
# Compares two listings of pahole. Prints each structure whose members lie
# elsewhere, have another size or another name: NAME TAB SIZE TAB SIZE.
# Structures that only one of the two has do not count.
use strict;
use warnings;

# name -> [ size, text of all members ]
sub layouts
{
	my ($file) = @_;
	my (%layouts, $name, $size, @members);

	open my $in, '<', $file or die "$file: $!\n";
	while (<$in>) {
		if (/^((?:struct|union) \w+) \{/) {
			($name, $size, @members) = ($1, 0);
		} elsif (defined $name && /^\}/) {
			$layouts{$name} = [ $size, join "\n", @members ];
			undef $name;
		} elsif (/^\t\/\* size: (\d+),/) {
			$size = $1;
		} elsif (/;\s*\/\*\s*(\d+(?::\s*\d+)?)\s+(\d+)\s*\*\//) {
			my ($offset, $bytes) = ($1, $2);
			my ($member) = /\(\*+\s*(\w+)/;

			($member) = /(\w+)(?:\[[^;]*\])?(?::\d+)?\s*(?:__attribute__.*)?;\s*\/\*/ unless defined $member;
			push @members, join ' ', $offset =~ s/\s//gr, $bytes, $member // '';
		}
	}
	return \%layouts;
}

my ($before, $after) = map { layouts($_) } @ARGV;
for my $name (sort keys %$before) {
	my ($old, $new) = ($before->{$name}, $after->{$name});

	next unless $new;
	print "$name\t$old->[0]\t$new->[0]\n" if $old->[0] != $new->[0] || $old->[1] ne $new->[1];
}
