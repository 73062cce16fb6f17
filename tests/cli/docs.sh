#!/bin/sh
# docs.sh: what the documents claim: the metric tables are the program's own, the strategy that
# docs/adding-a-strategy.md builds works as written, the schemas name every metric.
. "$(dirname "$0")/lib.sh"

# ---- docs/metrics.md ---------------------------------------------------------------------------
"$bf" list --markdown metrics >tables.md
sed -n '/^### Per phase/,$p' "$src/docs/metrics.md" >documented.md
ok 'docs/metrics.md holds the tables of blobfront list --markdown metrics' cmp tables.md documented.md

# ---- results/schema ----------------------------------------------------------------------------
if "$python" -c 'import jsonschema' 2>/dev/null; then
    ok 'the schemas are valid and name every metric' "$python" "$src/tests/schema_check.py"
else
    skip 'schemas: there is no python3-jsonschema'
fi

# ---- docs/adding-a-strategy.md -----------------------------------------------------------------
sed -n '/^```c$/,/^```$/p' "$src/docs/adding-a-strategy.md" | sed '/^```/d' >plain.c
printf '#include "strategies/strategies.def"\nSTRATEGY(plain)\n' >added.def
config=${build##*/}
make_says() {
    make -s --no-print-directory -C "$src" CONFIG="$config" "$1"
}
compile=$(make_says show-compile)
link=$(make_says show-link)
libs=$(make_says show-libs)
build_it() {
    here=$PWD
    # shellcheck disable=SC2086 # the commands are words
    (
        cd "$src" &&
            $compile -c -o "$here/plain.o" "$here/plain.c" &&
            $compile "-DSTRATEGIES_DEF=\"$here/added.def\"" -c -o "$here/strategies.o" \
                strategies/strategies.c &&
            $link -o "$here/blobfront" "$build/cli/main.o" "$here/plain.o" "$here/strategies.o" \
                "$build/libblobfront.a" $libs
    )
}
ok 'the example of docs/adding-a-strategy.md compiles and links' build_it
./blobfront list strategies >listed
like 'it is listed' listed '^plain  *one WITHOUT ROWID row per blob$'
./blobfront run --strategy plain --workload update --workload read_point --workload mixed \
    --rounds 1 --no-plots --quiet --out . --name added >said 2>&1
is 'it runs beside the control, valid' "$?" 0
like 'it is ranked' said '^  plain .*(on frontier|dominated by)'
run_keeping 0 '' ./blobfront verify added
done_testing
