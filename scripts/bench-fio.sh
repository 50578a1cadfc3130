#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# fio as its users run it, on a plain DAX file, a bound one, and on dm-crypt on the same
# persistent memory: a table, and a chart.
#
#   scripts/bench-fio.sh
#
# One boot that counts instructions: fio's second is a thousand million of them, and the
# figures repeat on any machine (Documentation/performance.rst). Leaves build/bench/fio,
# fio.table and fio.svg.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib.sh

OUT=build/bench

measure() {
	stage_begin fio
	vm/run.sh --name bench-fio --script /test/bench-fio.sh --engine none --dimm "$OUT/dimm.img" \
		--fresh --mem 1024 --icount --timeout 1800 --add "$(readlink -f "$(command -v fio)")":/usr/bin/fio || die "fio did not run to its end (see $LOGS/bench-fio/)"
	rm -f "$OUT/dimm.img"
	sed -n 's/^figure //p' "$LOGS/bench-fio/report" >"$OUT/fio"
	stage_end "$(wc -l <"$OUT/fio") figures"
}

# "engine block operation; plain in MiB/s; bound over plain; dm-crypt over plain or -"
# shellcheck disable=SC2016 # awk's own
ratios='
	$3 == "refused" { next }
	{ speed[$1, $2 " " $3 " " $4] = $5 }
	$1 == "plain" { jobs[++count] = $2 " " $3 " " $4 }
	END {
		for (i = 1; i <= count; i++) {
			job = jobs[i]
			plain = speed["plain", job]
			crypt = speed["crypt", job]
			printf "%s;%.0f;%.3f;%s\n", job, plain / 1024, speed["bound", job] / plain,
				crypt ? sprintf("%.3f", crypt / plain) : "-"
		}
	}'

print_table() {
	printf '%-22s %14s %14s %16s\n' "engine, block, fio" "plain, MiB/s" "bound/plain" "dm-crypt/plain"
	awk -F ';' '{ printf "%-22s %14s %14s %16s\n", $1, $2, $3, $4 == "-" ? "refused" : $4 }' "$OUT/fio.ratios"
}

draw_chart() {
	gnuplot <<-END
		set terminal svg size 960,460 font "sans,13" background "white"
		set output "$OUT/fio.svg"
		set datafile separator ";"
		set datafile missing "-"
		set title "fio on persistent memory, speed over that of a plain DAX file (by instructions)"
		set style data histograms
		set style histogram clustered gap 1
		set style fill solid 0.9 noborder
		set yrange [0:*]
		set ytics 0.2
		set grid ytics
		set key outside top center horizontal
		set xtics rotate by -40
		set rmargin 8
		set arrow from graph 0, first 1 to graph 1, first 1 nohead dashtype 2
		plot "$OUT/fio.ratios" using 3:xtic(1) title "bound, DAX" linecolor rgb "#2a6f97", \
			"" using 4 title "dm-crypt, no DAX" linecolor rgb "#e07a5f"
	END
}

mkdir -p "$OUT" "$LOGS"
scripts/programs.sh
scripts/initramfs.sh
measure
awk "$ratios" "$OUT/fio" >"$OUT/fio.ratios"
print_table | tee "$OUT/fio.table"
draw_chart
note "the same as a picture: $OUT/fio.svg"
