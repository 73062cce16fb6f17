#!/bin/sh
# claims.sh: a study with enough rounds for tests, from the command line: labels, derived files that
# fit their schemas and do not change, looks that drop what is confirmed to be dominated.
. "$(dirname "$0")/lib.sh"

# study NAME OPTION...: naive keeps a second copy to read from.  It stores twice as much, costs about
# twice the CPU and its reads fill the copy: dominated for certain on however noisy a machine.
study() {
    name=$1
    shift
    "$bf" run --out . --name "$name" --dataset random:files=60,size=64k --durability none \
        --no-bounds --no-plots --keep none --strategy dedup --strategy naive --workload update \
        --workload read_point --set read_point:ops=400 "$@" >"$out" 2>"$err" </dev/null
}

# ---- too few rounds ----------------------------------------------------------------------------
study few --rounds 2
is 'few: exit code' "$?" 0
like 'few: the recommendation is a description' "$out" '^Recommendation: DESCRIPTIVE: '
like 'few: says how many it takes' "$out" '2 rounds confirm nothing about 3 pairs of strategies at 95 %'
unlike 'few: nothing is confirmed' "$out" 'CONFIRMED'
like 'few: says what it knows of the machine' "$out" 'ENVIRONMENT: (UNKNOWN|UNSTABLE), 2 rounds'

# ---- enough ------------------------------------------------------------------------------------
study enough --rounds 12
is 'enough: exit code' "$?" 0
like 'enough: naive is confirmed to be dominated' "$out" \
    '^  naive +dominated by raw(, dedup)? +CONFIRMED \(95 %\) +broken'
like 'enough: the control is on the frontier' "$out" '^  raw +on frontier +EXACT'
like 'enough: intervals' "$out" '[0-9] % \[[0-9.,]+, [0-9.,]+\]'
like 'enough: the recommendation has a label' "$out" \
    '^Recommendation: (EXACT|CONFIRMED \(95 %\)|UNDECIDED): keep raw'
like 'enough: the method' "$out" 'method: UI-IU signed-rank test, Holm over 3 pairs'
like 'enough: the machine was judged' "$out" 'ENVIRONMENT: (UN)?STABLE, 12 rounds'
like 'enough: the report begins with the answer' enough/report.md '^## Answer$'
like 'enough: the report makes the claim' enough/report.md \
    '^- CONFIRMED \(95 %\): naive is dominated by raw, least certain in '
like 'enough: the tail of the work' enough/report.md '^\| read_point_binary \| raw \| 12 x 400 \|'
like 'enough: ratios have intervals' enough/cells.csv \
    '^dedup,valid,phase,read_point_binary,p95_ns,timing,ns,lower,12,[0-9.]+,[0-9.]+,[0-9.]+,[0-9.]+,[0-9.]+,[0-9.]+$'
if "$python" -c 'import jsonschema' 2>/dev/null; then
    ok 'enough: fits its JSON Schemas' "$python" "$src/tests/schema_check.py" few enough
else
    skip 'enough: schemas: there is no python3-jsonschema'
fi
ok 'enough: verify' "$bf" verify enough
cp -R enough again
ok 'enough: report' "$bf" report --no-plots enough
for file in summary.json cells.csv report.md; do
    ok "enough: the same record gives the same $file" cmp enough/$file again/$file
done
"$bf" frontier --guardrail 10000% enough >"$out" 2>"$err"
like 'enough: another guardrail, the same record' "$out" '^  naive +dominated by raw.* holds$'

# ---- looks -------------------------------------------------------------------------------------
study looks --looks 14,16
is 'looks: exit code' "$?" 0
like 'looks: what is dominated for certain leaves' "$err" \
    'look 1 after 14 rounds: dominated: .*naive \(by raw\)'
like 'looks: and is named at the end' "$out" '^dropped: naive \(look 1, after 14 rounds\)$'
like 'looks: it keeps its decision' "$out" '^  naive +dominated by raw.* CONFIRMED \(95 %\)'
like 'looks: the report says when it left' looks/report.md '^- Left after look 1 \(14 rounds\): naive$'
ok 'looks: verify' "$bf" verify looks

done_testing
