#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-only
#
#	lines.pl DIFF FILE
#
# Prints the patched FILE with #line directives, so that each line which the
# patch left alone keeps the number it had: __LINE__ (of a WARN_ON, say) is
# compiled into code, and would make functions differ that nobody changed.
# DIFF is `diff -U0 ORIGINAL FILE'.
#
# A directive may stand only between lines that belong to no comment, no
# string, no continued line and no argument list of a macro. Where a group may
# be skipped (#if), its directives are skipped too: so it is repeated after the
# group ends.
use strict;
use warnings;

my ($diff_name, $file_name) = @ARGV;
open my $diff, '<', $diff_name or die "$diff_name: $!\n";
open my $in, '<', $file_name or die "$file_name: $!\n";
my @lines = <$in>;

# $number[i]: the old number of new line i (from 1); undef: the patch wrote it
my @number;
my ($old, $new) = (1, 1);
while (my $line = <$diff>) {
	next unless $line =~ /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;
	my ($from, $removed, $to, $added) = ($1, $2 // 1, $3, $4 // 1);
	# A side without lines is named by the line before it.
	$to++ if $added == 0;
	$number[$new++] = $old++ while $new < $to;
	$new += $added;
	$old += $removed;
}
$number[$new++] = $old++ while $new <= @lines;

my $effective = 1;	# what the compiler takes the next line for
my $comment = 0;	# inside /* */
my $parens = 0;		# depth
my $continued = 0;	# the line before ends in a backslash
my $depth = 0;		# of #if
my $repeat = 0;		# an inserted directive may have been skipped

# Follows comments, strings and parentheses through one line.
sub scan
{
	my ($text) = @_;
	my $directive = !$comment && !$continued && $text =~ /^\s*#/;
	my $before = $parens;

	while ($text =~ /\G(?:
		(?<close>\*\/) | (?<open>\/\*) | (?<line>\/\/.*) |
		(?<string>"(?:[^"\\\n]|\\.)*"?) | (?<char>'(?:[^'\\\n]|\\.)*'?) |
		(?<paren>[()]) | (?<other>.|\n))/gsx) {
		if ($comment) {
			$comment = 0 if defined $+{close};
			# Strings mean nothing here: look at them again, byte by byte.
			pos($text) = $-[0] + 1 if !defined $+{close} && $+[0] - $-[0] > 1;
			next;
		}
		$comment = 1 if defined $+{open};
		if (defined $+{paren}) {
			$parens += $+{paren} eq '(' ? 1 : -1;
			$parens = 0 if $parens < 0;
		}
	}
	# Parentheses of a macro's definition need not match.
	$parens = $before if $directive || $continued;
	# Nor those of two branches of an #if: a function's end is the end of all.
	$parens = 0 if $text =~ /^}/;
}

for my $i (1 .. @lines) {
	my $text = $lines[$i - 1];
	my $safe = !$comment && !$continued && $parens == 0;

	if ($safe && defined $number[$i] && ($number[$i] != $effective || $repeat == 2)) {
		print "#line $number[$i]\n";
		$effective = $number[$i];
		$repeat = $depth > 0 ? 1 : 0;
	}
	my $directive = !$comment && !$continued && $text =~ /^\s*#\s*(\w+)/ ? $1 : '';
	if ($directive =~ /^if/) {
		$depth++;
	} elsif ($directive eq 'endif') {
		$depth--;
	}
	# The line after it shall say its number again.
	$repeat = 2 if $repeat && $directive =~ /^(else|elif|endif)/;
	scan($text);
	$continued = $text =~ /\\\n?$/;
	print $text;
	$effective++;
}
