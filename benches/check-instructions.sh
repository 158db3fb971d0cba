#!/usr/bin/env bash
# Counts the instructions of every case of `workload` under callgrind and compares them with instructions.txt.
#
#   benches/check-instructions.sh            fails when a case costs over 5 % more than the file says
#   benches/check-instructions.sh --update   writes the file anew, on purpose
#
# Counts do not depend on how busy the machine is, only on the code, the compiler and the C library; so when the
# compiler named in the file is not the one at hand, a difference may be its work.
set -euo pipefail
export LC_ALL=C

cd "$(dirname "$0")/.."
file=benches/instructions.txt
operations=10000
limit_percent=5

command -v valgrind > /dev/null || { echo "valgrind is not installed" >&2; exit 1; }
cargo build --quiet --release -p rotom-benches --bin workload
workload=${CARGO_TARGET_DIR:-target}/release/workload
compiler=$(rustc --version)

# Prints "<case> <instructions per operation>".
count() {
    local total
    total=$(valgrind --tool=callgrind --toggle-collect='*workload*measured*' --callgrind-out-file=/dev/null \
        "$1" "$2" "$3" 2>&1 | sed -n 's/.*Collected : \([0-9]*\).*/\1/p')
    [ "${total:-0}" -gt 0 ] || { echo "nothing was counted for $2" >&2; return 1; }
    echo "$2 $(((total + $3 / 2) / $3))"
}
export -f count

counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
"$workload" | awk '{ print $1 }' \
    | xargs -P "$(nproc)" -I CASE bash -c 'count "$@"' _ "$workload" CASE "$operations" | sort > "$counts"

if [ "${1:-}" = --update ]; then
    {
        echo "# Instructions per operation, under callgrind, of the cases of the program 'workload' (which lists them)."
        echo "# Written by benches/check-instructions.sh --update; checked by the same without --update."
        echo "# $compiler"
        cat "$counts"
    } > "$file"
    echo "$file is written:"
    cat "$counts"
    exit
fi

grep -qxF "# $compiler" "$file" || echo "note: the file was written with $(sed -n 3p "$file" | cut -c3-), this is $compiler"
join -a 1 -a 2 -e - -o 0,1.2,2.2 <(grep -v '^#' "$file" | sort) "$counts" | awk -v limit="$limit_percent" '
    BEGIN { printf "%-20s %10s %10s %8s\n", "instructions", "file", "now", "change" }
    $2 == "-" { printf "%-20s %10s %10d  is not in the file\n", $1, "", $3; bad++; next }
    $3 == "-" { printf "%-20s %10d %10s  is no case any more\n", $1, $2, ""; bad++; next }
    {
        change = 100 * ($3 - $2) / $2
        remark = ""
        if (change > limit) { remark = "  GROWN"; bad++ }
        if (change < -limit) { remark = "  shrunk: keep the gain with --update" }
        printf "%-20s %10d %10d %+7.1f%%%s\n", $1, $2, $3, change, remark
    }
    END {
        if (bad) {
            printf "%d cases differ. When that is on purpose: benches/check-instructions.sh --update\n", bad
            exit 1
        }
    }'
