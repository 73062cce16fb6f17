#!/bin/sh
# coverage.sh BUILD: line coverage per source file of a `make cov` build, worst first, then the total.
set -eu
build=$1
find "$build" -name '*.gcda' | grep -v "^$build/tests/" | sort |
    while read -r data; do
        gcov -n -o "$data" "$data" 2>/dev/null
    done |
    awk -F"'" '
        /^File/ { file = $2 }
        /^Lines executed/ && file ~ /^(engine|strategies|datasets|workloads|results|analysis|cli)\/.*\.c$/ {
            split($0, part, /[:% ]+/)
            lines = part[5]
            covered[file] = part[3] * lines / 100
            total[file] = lines
            file = ""
        }
        END {
            for (f in total) {
                printf "%6.1f %% of %4d  %s\n", 100 * covered[f] / total[f], total[f], f
                all += total[f]
                sum += covered[f]
            }
            if (all) printf "%6.1f %% of %4d  total\n", 100 * sum / all, all
        }' | sort -n
