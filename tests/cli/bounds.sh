#!/bin/sh
# bounds.sh: what is possible with a study's data: computed, shown everywhere, refused when damaged.
. "$(dirname "$0")/lib.sh"

study() {
    "$bf" run --out . --durability none --rounds 1 --keep none --no-plots --quiet \
        --workload update "$@"
}
# The strategies' bytes over what is possible, of a record: the least of all.
least() {
    samples "$1" 'min(s["values"]["total_bytes"] / b["bound_bytes"]
        for b in json.load(open(os.path.join(folder, "bounds.json")))["snapshots"]
        for s in S if s.get("name") == b["name"] and s["values"]["total_bytes"])'
}
at_least() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a >= b) }'; }

mkdir data
for i in 1 2 3 4 5 6; do seq $((i * 100)) $((i * 100 + 900)) >data/$i.txt; done
cp data/1.txt data/again.txt
study --data data --strategy dedup --strategy dedup-zstd --strategy chunked --strategy memory --name mine \
    >"$out" 2>"$err" || fail 'a study of seven files' "$err"
ok 'the study has its bounds, and everything fits its schema' "$python" "$src/tests/schema_check.py" mine
is 'the copy is held once' \
    "$("$python" -c 'import json
b = json.load(open("mine/bounds.json"))["snapshots"][0]
print(b["name"], b["contents"], b["logical_bytes"] - b["whole_bytes"])')" \
    "after_ingest 6 $(wc -c <data/1.txt)"
like 'run shows what is possible' "$out" '^What is possible \(packed: zstd 19'
like 'run shows the distance' "$out" '^  dedup-zstd +x[0-9.]+ +x[0-9.]+'
like 'nothing is stored in memory' "$out" '^  memory +- +- '
like 'the frontier has a column' "$out" 'bound_amp'
like 'the report has it' mine/report.md '^### Distance to what is possible$'
like 'summary.json has it' mine/summary.json '"metric": "bound_amp"'
like 'cells.csv has it' mine/cells.csv '^raw,valid,snapshot,after_ingest,bound_amp,counter,ratio,lower,1,'
run_expect 0 '' "$bf" frontier mine
like 'frontier shows the distance' "$out" '^  raw .*x[0-9.]+$'
run_expect 0 '' "$bf" compare mine:raw mine:dedup-zstd
like 'compare shows the distance' "$out" 'bound_amp'
run_keeping 0 '' "$bf" verify mine
ok 'nobody is below what is possible' at_least "$(least mine)" 0.98

for data in random:files=24,size_min=1,size_max=6k media:files=12,size=8k append:files=8,size=4k; do
    name=$(echo "$data" | tr -c 'a-z0-9\n' -)
    study --dataset "$data" --strategy dedup-zstd --strategy dedup-brotli --strategy chunked:avg=1k,min=256 \
        --strategy files --name "$name" >"$out" 2>"$err" || fail "$data" "$err"
    ok "nobody is below what is possible: $data" at_least "$(least "$name")" 0.98
done
study --data data --strategy chunked --retention latest --name latest >"$out" 2>&1
ok 'nor where old versions go' at_least "$(least latest)" 0.98
ok 'of files nobody made it is not known what is new' sh -c '! grep -q novel_bytes latest/bounds.json'

# ---- replayed ------------------------------------------------------------------------------------
run_keeping 0 '' "$bf" record latest --out latest.bft
run_keeping 0 '' "$bf" replay latest.bft --out . --name replayed --durability none --rounds 1 --keep none \
    --no-plots --quiet --strategy dedup
ok 'the same operations on the same data: the same bounds' cmp latest/bounds.json replayed/bounds.json

# ---- computed again ------------------------------------------------------------------------------
cp mine/bounds.json first.json
run_keeping 0 '' "$bf" bounds mine
like 'bounds prints them' "$out" '^  after_ingest +6 '
like 'and of phases' "$out" '^  ingest_binary_cold +6 '
ok 'the same again' cmp mine/bounds.json first.json
run_keeping 0 '' "$bf" bounds --json --effort 3 mine
ok 'what it prints is what it writes' cmp "$out" mine/bounds.json
like 'with more effort' mine/bounds.json '"effort": 3'
study --data data --no-bounds --name without >"$out" 2>"$err"
ok '--no-bounds: none' test ! -e without/bounds.json
unlike '--no-bounds: nothing is said' "$out" 'possible'
ok 'everything works without' "$python" "$src/tests/schema_check.py" without
run_keeping 0 '' "$bf" report without
run_keeping 0 '' "$bf" resume --no-plots --quiet without
ok 'resume computes what is missing' cmp without/bounds.json first.json
run_expect 0 '' "$bf" compare without mine

# ---- refused -------------------------------------------------------------------------------------
run_expect 2 'expected RUN' "$bf" bounds
run_expect 2 'no study "nowhere"' "$bf" bounds nowhere
for effort in 0 -1 x 1.5 10001 '' 99999999999999999999; do
    run_expect 2 '^blobfront: error: --effort: ' "$bf" bounds --effort "$effort" mine
done
sed 's/"whole_bytes": [0-9]*/"whole_bytes": 1/' first.json >mine/bounds.json
for command in report frontier; do
    run_keeping 2 'bounds.json.*bytes' "$bf" $command mine
    like "$command: how to mend it" "$err" '^hint: blobfront bounds mine computes it again$'
done
run_keeping 0 '' "$bf" bounds mine
ok 'mended' cmp mine/bounds.json first.json
echo more >>data/2.txt
run_expect 5 'the data have the hash .* they changed' "$bf" bounds mine
ok 'and left as it is' cmp mine/bounds.json first.json
rm data/3.txt
run_expect 1 'changed while in use' "$bf" bounds mine
done_testing
