#!/bin/sh
# tidy.sh: style, layering and tables as a test.  One line per violation, exit code 1 when there is
# any.  `make tidy` runs it from the top folder.
#
# Its own checks are tested by tests/cli/tidy.sh, which plants one violation of each kind.
set -u
LC_ALL=C
export LC_ALL

folders="engine strategies datasets workloads results analysis cli"
sources=$(find $folders tests -name '*.[ch]' | sort)
found=$(mktemp)
trap 'rm -f "$found"' EXIT
say() {
    echo "$1" | tee -a "$found"
}

# ---- lines and functions ---------------------------------------------------------------------
# Functions: an opening brace alone in column 1 to the closing one.  Guide 40 lines, limit 70.
# Columns are characters: UTF-8 continuation bytes do not count.
awk '
FNR == 1 { start = 0 }
{ line = $0; gsub(/[\200-\277]/, "", line) }
length(line) > 100 { printf "%s:%d: %d columns, at most 100\n", FILENAME, FNR, length(line) }
/[ \t]$/ { printf "%s:%d: white space at the end of the line\n", FILENAME, FNR }
/\t/ { printf "%s:%d: a tab\n", FILENAME, FNR }
/^\{/ { start = FNR }
/^\}/ && start {
    if (FNR - start - 1 > 70)
        printf "%s:%d: function of %d lines, at most 70\n", FILENAME, start, FNR - start - 1
    start = 0
}
/(^|[^A-Za-z])(FIXME|TODO|XXX)([^A-Za-z]|$)/ { printf "%s:%d: unfinished work\n", FILENAME, FNR }
' $sources | tee -a "$found"

# ---- banned calls, each with its replacement -------------------------------------------------
ban() {
    # shellcheck disable=SC2086
    grep -nE "(^|[^A-Za-z0-9_.>])$1 *\(" $sources | grep -v '^tests/tidy' |
        sed "s/^\([^:]*:[0-9]*\):.*/\1: $1 is banned: $2/" | tee -a "$found"
}
ban strcpy "snprintf or memcpy"
ban strcat "snprintf or buf_append"
ban sprintf "snprintf or buf_printf"
ban atoi "parse_u64"
ban strtok "a span"
ban rand "rng_u64"
ban srand "rng_stream"
ban system "posix_spawnp"
ban popen "posix_spawnp"
ban gets "fgets"
ban alloca "an arena"
ban setlocale "nothing: numbers are locale independent"

# Clocks are read in one place; strategies and datasets never.
# shellcheck disable=SC2086
grep -nE '(clock_gettime|gettimeofday|getrusage|[^_]time\() *' $(find strategies datasets -name '*.[ch]') |
    sed 's/^\([^:]*:[0-9]*\):.*/\1: a clock outside the engine/' | tee -a "$found"

# ---- include direction -----------------------------------------------------------------------
# engine <- {strategies, datasets, results}; {engine, datasets, strategies.h, results} <- workloads;
# {engine base, results} <- analysis; all <- cli.  A strategy includes no other strategy.
for file in $(find $folders -name '*.[ch]' | sort); do
    folder=${file%%/*}
    grep -o '^#include "[^"]*"' "$file" | sed 's/#include "\(.*\)"/\1/' | while read -r header; do
        to=${header%%/*}
        allowed=no
        case $folder in
        engine) [ "$to" = engine ] && allowed=yes ;;
        strategies)
            [ "$to" = engine ] && allowed=yes
            case $file:$header in
            strategies/strategies.c:strategies/strategies.[hd]* | strategies/strategies.h:*) allowed=yes ;;
            esac ;;
        datasets) case $to in engine | datasets) allowed=yes ;; esac ;;
        results) case $to in engine | results) allowed=yes ;; esac ;;
        workloads)
            case $to in engine | datasets | results | workloads) allowed=yes ;; esac
            [ "$header" = strategies/strategies.h ] && allowed=yes ;;
        analysis)
            case $to in results | analysis) allowed=yes ;; esac
            case $header in
            engine/base.h | engine/buf.h | engine/arena.h | engine/rng.h | engine/json.h | \
                engine/hash.h | engine/quantile.h | engine/special.h) allowed=yes ;;
            esac ;;
        cli) allowed=yes ;;
        esac
        [ $allowed = yes ] || say "$file: includes \"$header\", against the layering"
    done
done

# ---- tables: one file per row, one row per file ----------------------------------------------
rows_match() {
    # $1 .def file, $2 macro, $3 folder, $4 symbol prefix in the file, $5 file prefix
    rows=$(sed -n "s/^$2(\([a-z0-9_]*\)).*/\1/p" "$1" | sort)
    files=$(grep -lE "^const struct [a-z_]+ $4[a-z0-9_]+ = \{" "$3"/*.c |
        sed "s,.*/$5\(.*\)\.c,\1," | sort)
    [ "$rows" = "$files" ] || say "$1: its rows are not the files that define $4*: rows [$(echo $rows)] files [$(echo $files)]"
}
rows_match strategies/strategies.def STRATEGY strategies strategy_ ""
rows_match datasets/datasets.def DATASET datasets dataset_ ""
rows_match datasets/classes.def CLASS datasets class_ class_
rows_match workloads/workloads.def WORKLOAD workloads workload_ ""
rows_match cli/commands.def COMMAND cli command_ cmd_

# File names are unique over the repository, so that a name in a message is a place.
for folder in $folders tests; do
    find "$folder" -name '*.[ch]'
done | sed 's,.*/,,' | sort | uniq -d | while read -r name; do
    say "two files are named $name"
done

# ---- documents -------------------------------------------------------------------------------
# docs/metrics.md names every metric; every path a document links to exists.
if [ -f docs/metrics.md ]; then
    sed -n 's/^METRIC([A-Z0-9_]*, "\([a-z0-9_]*\)".*/\1/p' results/metrics.def | while read -r metric; do
        grep -q "\`$metric\`" docs/metrics.md || say "docs/metrics.md: $metric is missing"
    done
fi
for document in README.md docs/*.md docs/decisions/*.md; do
    [ -f "$document" ] || continue
    grep -oE '\]\([^)#:]+\)' "$document" | sed 's/](\(.*\))/\1/' | while read -r link; do
        [ -e "$(dirname "$document")/$link" ] || say "$document: link to missing $link"
    done
done

# ---- formatting ------------------------------------------------------------------------------
# TIDY_FORMAT=no leaves this out: the tests of this script plant other things.
if [ "${TIDY_FORMAT:-yes}" = no ]; then
    :
elif command -v clang-format >/dev/null 2>&1; then
    # shellcheck disable=SC2086
    clang-format --dry-run $sources 2>&1 | sed -n 's/^\([^:]*:[0-9]*\):[0-9]*: warning.*/\1: not as clang-format would have it (make format)/p' |
        sort -u | tee -a "$found"
else
    echo "tidy: clang-format is not installed: formatting not checked" >&2
fi

if [ -s "$found" ]; then
    echo "tidy: $(wc -l <"$found") violations" >&2
    exit 1
fi
echo "tidy: clean"
