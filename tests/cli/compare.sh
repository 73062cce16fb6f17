#!/bin/sh
# compare.sh: blobfront compare on records of real studies: what it says, exports and refuses.
. "$(dirname "$0")/lib.sh"

study() {
    name=$1
    shift
    small_study --name "$name" --workload read_point --strategy dedup "$@" >"$out" 2>"$err" ||
        fail "study $name" "$err"
}
study before --rounds 12
study after --rounds 8
study few --rounds 3
study seed2 --rounds 3 --seed 2

# ---- two records -------------------------------------------------------------------------------
run_expect 0 '' "$bf" compare before after
like 'records: are only described' "$out" '^DESCRIPTIVE: the records were measured one after the other'
like 'records: the right tool is named' "$out" 'blobfront gate'
like 'records: a timing in the shape of benchstat' "$out" \
    '^  p50_ns +[0-9.]+ [mun]?s ± +[0-9]+ % +[0-9.]+ [mun]?s ± +[0-9]+ %  (~|[+-][0-9.]+ %) \(p[=<][0-9.]+ n=12\+8\)'
like 'records: counters are exact' "$out" '^  write_bytes .* equal \(EXACT\)'
like 'records: the last line counts' "$out" '^[0-9,]+ metrics: [0-9,]+ unchanged, [0-9]+ better'
unlike 'records: fits the terminal' "$(sed '$d' "$out" >lines; echo lines)" '.{125}'
is 'records: the counts are those of the JSON' "$("$bf" compare before after --export json - |
    "$python" -c 'import json, sys; d = json.load(sys.stdin)
print(d["unchanged"] + d["better"] + d["worse"] + d["changed"])')" "$(tail -n 1 "$out" | sed 's/ .*//; s/,//')"
run_expect 0 '' "$bf" compare before few
like 'too few rounds: says how many it takes' "$out" \
    '^\[1\] n too small: needs >= [0-9]+ rounds a side for [0-9]+ timings \(the smallest p these records can give is 0\.0044\)'
like 'too few rounds: a median has no interval' "$out" '± ∞'
unlike 'too few rounds: no timing differs' "$out" '^  (p50_ns|p95_ns|ops_per_s) .* (better|worse)'
run_expect 0 '' "$bf" compare --sort severity --all --alpha 10% before after
like 'sorted: one table' "$out" '^  strategy +where +metric +old +new +vs base'
like 'sorted: at the level asked for' "$out" 'alpha 0\.1\)'
run_expect 0 '' "$bf" compare before:dedup after:dedup
unlike 'one strategy of two records: no other' "$out" '^raw: '
like 'one strategy of two records: still described' "$out" '^DESCRIPTIVE: '
run_expect 0 '' "$bf" compare before:raw after:dedup
like 'two strategies of two records' "$out" '^raw: read_point_binary$'

# ---- two strategies of one record -----------------------------------------------------------------
run_expect 0 '' "$bf" compare before:raw before:dedup
like 'strategies: what the labels say' "$out" '^CONFIRMED: new is better; REFUTED: new is worse; UNDECIDED'
like 'strategies: the method' "$out" '^Exact signed-rank test on paired rounds, Holm over [0-9]+ timings, alpha 0.05'
like 'strategies: reads of dedup are slower, and it is said so' "$out" '^  p50_ns .* REFUTED$'
unlike 'strategies: nothing about sequential records' "$out" 'one after the other'
like 'strategies: counters' "$out" '^  total_bytes .* \(EXACT\)'
run_expect 0 '' "$bf" compare "$PWD/before:raw'" ./before:raw
like "strategies: a record is itself whatever it is called" "$out" "^old: raw', new: raw\$"

# ---- names with colons -----------------------------------------------------------------------------
cp -r before 'with:colon'
run_expect 0 '' "$bf" compare with:colon before
run_expect 0 '' "$bf" compare with:colon:raw with:colon:dedup
like 'colons: the folder wins' "$out" '^old: raw, new: dedup$'
mkdir with
run_expect 0 '' "$bf" compare with:colon:raw with:colon:dedup
run_expect 2 'expected a strategy after the colon' "$bf" compare with:colon: before:raw
run_expect 2 '"with/manifest.json"|manifest.json' "$bf" compare with before

# ---- exports ---------------------------------------------------------------------------------------
check() {
    "$bf" compare --export json - "$@" >"$out" 2>"$err"
    is "export json: $*" "$?" 0
    ok "export json: fits its schema: $*" "$python" "$src/tests/schema_check.py" --as compare "$out"
}
check before after
check before few --all
check before:raw before:dedup
check --sort severity few:raw few:dedup --all
is 'the schema refuses a claim about two records' "$("$bf" compare --export json - before after |
    sed 's/"label": "DESCRIPTIVE"/"label": "CONFIRMED"/' |
    "$python" "$src/tests/schema_check.py" --as compare - | grep -c "'CONFIRMED' is not one of")" \
    "$("$bf" compare --export json - before after | grep -c '"label": "DESCRIPTIVE"')"
run_expect 2 '--export: given twice' "$bf" compare --export csv a.csv --export json b.json before after
run_keeping 0 '' "$bf" compare --export csv out.csv before after
is 'export csv: as many columns in every line' "$(awk -F, '{ print NF }' out.csv | sort -u)" 19
run_expect 0 '' "$bf" compare --export markdown - before after
like 'export markdown: a table' "$out" '^\| metric \| old \| new \| vs base \|'

# ---- what is refused ---------------------------------------------------------------------------------
run_expect 5 'not comparable: dataset hash differs, ".*" in the first record and ".*" in the second' \
    "$bf" compare few seed2
run_expect 0 '' "$bf" compare --allow-mismatch few seed2
like 'allowed: said all the same' "$out" '^note: seed differs: "1" and "2"'
run_expect 2 'expected two records' "$bf" compare before
run_expect 2 'expected RECORD:STRATEGY twice or not at all, got "after"' "$bf" compare before:raw after
run_expect 2 '"before" has no strategy "dedpu"' "$bf" compare before:raw before:dedpu
like 'a misspelt strategy: a hint' "$err" '^hint: did you mean "dedup"\?'
run_expect 2 '"raw" against itself' "$bf" compare before:raw before:raw
run_expect 2 'none' "$bf" compare before none
run_expect 2 'none:raw' "$bf" compare before:raw none:raw
run_expect 2 '--sort: expected severity or place, got "size"' "$bf" compare --sort size before after
for value in 0 51% nan -1 '' x; do
    run_expect 2 '--alpha: ' "$bf" compare --alpha "$value" before after
done

cp -r few host
sed -i 's/"cpu": "[^"]*"/"cpu": "Another CPU"/' host/manifest.json
run_expect 5 'not comparable: host cpu differs, ".*" in the first record and "Another CPU"' \
    "$bf" compare few host
cp -r few kernel
sed -i 's/"kernel": "[^"]*"/"kernel": "Linux 9.9"/' kernel/manifest.json
run_expect 5 'not comparable: kernel differs' "$bf" compare kernel few
cp -r few schema
sed -i 's,"blobfront/manifest/2","blobfront/manifest/1",' schema/manifest.json
run_expect 5 'schema.*blobfront/manifest/1|blobfront/manifest/1' "$bf" compare few schema
cp -r few edited
sed -i 's/"seed": "1"/"seed": "one"/; s/"seed": 1/"seed": "one"/' edited/manifest.json
run_expect 2 'expected .* "seed"|seed' "$bf" compare few edited
cp -r few nan
sed -i '1s/\("[a-z_]*bytes":\)[0-9]*/\1NaN/' nan/samples.jsonl
run_expect 2 'nan/samples.jsonl:1' "$bf" compare few nan
cp -r few empty
: >empty/samples.jsonl
run_expect 2 '"empty": the record holds no finished run' "$bf" compare empty few
run_expect 2 '' "$bf" compare empty:raw empty:dedup
"$bf" compare before after >/dev/full 2>"$err"
is 'a full standard output: exit code' "$?" 1

done_testing
