#!/bin/sh
# plan.sh: blobfront plan: what it says beforehand, that it leaves nothing, what it refuses.
. "$(dirname "$0")/lib.sh"

small() { echo --dataset "$small_data" --durability none --workload read_point "$@"; }
# The plan of a small study, in words: the file system below the folder stays as it is (run_keeping,
# because probing it writes and removes a file).
# shellcheck disable=SC2046 # the options are words
planned() {
    run_keeping 0 '' "$bf" plan $(small) "$@"
}
nothing() { is "$1: nothing is left" "$(ls -A .)" "$2"; }

# ---- the plan alone ----------------------------------------------------------------------------
planned --strategy dedup --strategy memory --rounds 20
nothing 'plan' ''
like 'cells' "$out" '^cells: +4 runs a round x 2 phases = 8:$'
like 'strategies: the control twice' "$out" "^ +raw, raw', dedup, memory\$"
like 'rounds' "$out" '^rounds: 20$'
like 'claims: the floor competes with nobody' "$out" \
    '^claims: 2 hypotheses \(ordered pairs of 2 competing strategies\), alpha 0\.05: it takes 6 rounds$'
like 'time: unknown, and how to know it' "$out" '^time: +unknown; --pilot .*--from RECORD'
planned --strategy dedup --strategy chunked
like 'the quick profile: said plainly' "$out" 'it takes 7 rounds;$'
like 'the quick profile: what three rounds are' "$out" 'with 3 nothing can be confirmed, only described'
planned --strategy dedup --strategy chunked --looks 10,20
like 'looks' "$out" '^rounds: looks after 10, 20$'
like 'looks: the first that can confirm' "$out" 'can be confirmed at the look after round 10 \(it takes 8\)'
planned --strategy dedup --until-decided
like 'until decided' "$out" '^rounds: until nothing is undecided, at most 200$'
planned --strategy memory
like 'nobody to beat' "$out" '^claims: none: 1 strategies compete'
run_keeping 0 '' "$bf" plan --profile full --dataset "$small_data"
like 'the full profile' "$out" '^rounds: looks after 16, 24, 40$'
nothing 'the full profile' ''

# ---- from a record -----------------------------------------------------------------------------
small_study --name seen --rounds 4 --strategy dedup --workload read_point >"$out" 2>"$err" ||
    fail 'the earlier study' "$err"
planned --strategy dedup --rounds 12 --budget 1h --from seen
nothing 'from a record' seen
like 'time' "$out" '^time: +a round takes about [0-9.]+ m?s: 12 rounds [0-9.]+ m?s$'
like 'budget' "$out" '^budget: 1h00m is enough for 12 rounds$'
like 'disk' "$out" '^disk: +about [0-9.]+ [KM]iB: stores [0-9.]+ [KM]iB, latencies of all rounds'
like 'source' "$out" '^from: +seen, 4 rounds$'
like 'few rounds: said so' "$out" '^note: spreads of 4 rounds are rough'
like 'smallest changes: head' "$out" 'metric +spread +16 rounds +24 rounds +40 rounds +12 rounds \(budget\)'
like 'smallest changes: CPU' "$out" '^  cpu_ms_per_mb@[^ ]+ +[0-9.]+ % +[0-9.]+ %'
like 'rounds needed: head' "$out" '^  metric +1 % +2 % +3 % +5 % +10 %$'
unlike 'fits the terminal' "$out" '.{121}'
planned --strategy dedup --strategy naive --seed 9 --retention latest --rounds 12 --from seen
like 'another plan: the data' "$out" '^note: dataset hash is ".*" in the record'
like 'another plan: retention' "$out" '^note: retention is "history" in the record and "latest" here'
like 'another plan: a strategy' "$out" '^note: 1 of 4 strategies are not in the record'
planned --strategy dedup --rounds 12 --from seen --json
ok 'json: fits its schema' "$python" "$src/tests/schema_check.py" --as plan "$out"
planned --strategy dedup --json
ok 'json without a record: fits its schema' "$python" "$src/tests/schema_check.py" --as plan "$out"
is 'json: the schema refuses a time from nowhere' "$(sed 's/"cells":/"round_s": 3, "cells":/' "$out" |
    "$python" "$src/tests/schema_check.py" --as plan - | grep -c "'from' is a dependency")" 1

# ---- the pilot ---------------------------------------------------------------------------------
planned --strategy dedup --rounds 40 --pilot --budget 30s
nothing 'pilot' seen
like 'pilot: what it does is said' "$err" '^blobfront: pilot: 3 rounds of 3 runs$'
like 'pilot: its figures' "$out" '^from: +pilot, 3 rounds$'
like 'pilot: the budget' "$out" '^budget: 30 s is enough for [0-9]+ rounds$'
: >"$err" # the last command's note is in it
# shellcheck disable=SC2046
"$bf" plan $(small --strategy dedup --set read_point:ops=200000) --pilot >"$out" 2>"$err" &
pilot=$!
for _ in $(seq 100); do
    grep -q pilot "$err" 2>/dev/null && break
    sleep 0.05
done
sleep 0.2
kill -TERM $pilot
wait $pilot
is 'an interrupted pilot: exit code' "$?" 143
nothing 'an interrupted pilot' seen

# ---- what is refused ---------------------------------------------------------------------------
run_expect 2 '--from and --pilot: expected one of them' "$bf" plan --from seen --pilot
run_keeping 2 'none' "$bf" plan --dataset "$small_data" --from none
run_keeping 2 'manifest' "$bf" plan --dataset "$small_data" --from .
cp -r seen schema
sed -i 's,"blobfront/manifest/2","blobfront/manifest/1",' schema/manifest.json
run_keeping 5 'blobfront/manifest/1' "$bf" plan --dataset "$small_data" --from schema
cp -r seen edited
sed -i 's/"seed": "1"/"seed": "one"/' edited/manifest.json
run_keeping 2 'edited/manifest.json.*seed' "$bf" plan --dataset "$small_data" --from edited
cp -r seen nan
sed -i '1s/\("[a-z_]*bytes":\)[0-9]*/\1NaN/' nan/samples.jsonl
run_keeping 2 'nan/samples.jsonl:1' "$bf" plan --dataset "$small_data" --from nan
cp -r seen empty
: >empty/samples.jsonl
run_keeping 2 '"empty": the record holds no finished run' "$bf" plan --dataset "$small_data" --from empty
rm -rf schema edited nan empty
echo x >file
run_expect 2 'there is no strategy "frob"' "$bf" plan --strategy frob
run_expect 2 'unknown workload "frob"' "$bf" plan --workload frob
run_expect 2 'unknown option "--round" \(did you mean "--rounds"\?\)' "$bf" plan --round 3
run_expect 2 'unknown option "--export"' "$bf" plan --export csv x
run_expect 2 '--rounds and --looks: expected one of them' "$bf" plan --rounds 3 --looks 5
run_expect 2 '--profile: expected quick or full' "$bf" plan --profile slow
run_expect 2 'cannot read the plan "x"' "$bf" plan x
run_keeping 1 '"file": Not a directory|Not a directory' "$bf" plan --dataset "$small_data" --out file
run_keeping 0 '' "$bf" plan --dataset "$small_data" --out new/and/deep
ok 'a folder that is not there is not made' test ! -e new
"$bf" plan --dataset "$small_data" >/dev/full 2>"$err"
is 'a full standard output: exit code' "$?" 1

done_testing
