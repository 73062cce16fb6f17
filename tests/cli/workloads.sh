#!/bin/sh
# workloads.sh: the workloads that run when asked for, as typed, and what nobody should type.
# shellcheck disable=SC2086 # $quick is words
. "$(dirname "$0")/lib.sh"

quick="--rounds 2 --dataset random:files=20,size_min=1,size_max=9k --durability none --no-plots --quiet"
# study NAME OPTION...: exit code 0, every run valid, the record and its stores verify.
study() {
    name=$1
    shift
    run_keeping 0 '' "$bf" run $quick --out . --name "$name" "$@"
    is "$name: every run is valid" "$(samples "$name" 'all(s["valid"] for s in R)')" True
    ok "$name: verifies" "$bf" verify "$name"
    ok "$name: its lines fit the schema" "$python" "$src/tests/schema_check.py" "$name"
}
# of NAME PHASE METRIC: its values over all runs, the floor's left out, without repeats.
of() {
    samples "$1" 'sorted({s["values"].get("'"$3"'") for s in S
        if s.get("name") == "'"$2"'" and s["arm"] != "memory"})'
}

# ---- what there is -----------------------------------------------------------------------------
run_expect 0 '' "$bf" list workloads
for workload in delete_churn rewrite read_range read_history open_cold open_warm ageing growth ingest_batch; do
    like "list workloads names $workload" "$out" "^ *$workload "
    like "list workloads shows the phase of $workload as one to ask for" "$out" "^\* +[a-z_]+ +$workload "
done
like 'the options of a skew are listed' "$out" 'skew=uniform\|zipf\|latest\|hotspot\|runs'

# ---- each of them ------------------------------------------------------------------------------
study churn --workload delete_churn --set delete_churn:turnover=2,revive=25%
is 'churn: two operations for each deletion' "$(of churn delete_churn ops)" '[80]'
is 'churn: what was deleted is collected by who shares blobs' \
    "$(samples churn '{s["values"]["collected"] for s in S if s.get("name") == "delete_churn" and s["arm"] == "dedup"}')" '{40}'
is 'churn: as many files as before' "$(of churn after_delete_churn live_bytes)" \
    "$(of churn after_delete_churn history_bytes)"

study rewrites --workload rewrite --set rewrite:ops=50,skew=zipf
is 'rewrite: who shares blobs stores none of it' \
    "$(samples rewrites '{(s["values"]["unique_bytes"], s["values"]["dedup_ratio"]) for s in S
        if s.get("name") == "rewrite_identical" and s["arm"] == "dedup"}')" '{(0, 1)}'

study ranges --workload read_range --set read_range:ops=500,len=512
ok 'read_range: no more than was asked for' test "$(samples ranges \
    'max(s["values"]["bytes_out"] for s in S if s.get("name") == "read_range")')" -le 256000

study history --workload update --workload read_history --set read_history:ops=400,old=50%
study latest --workload update --workload read_history --retention latest
is 'read_history: without a history every read is of the newest' \
    "$(of latest read_history ops)" '[500]'

study opens --workload open_cold --workload open_warm --set open_cold:rounds=5,reads=4 --set open_warm:rounds=5,reads=4
is 'open_cold: openings are operations' "$(of opens open_cold ops)" '[25]'
is 'open_warm: the same reads' "$(of opens open_cold bytes_out)" "$(of opens open_warm bytes_out)"
is 'open_cold: openings have a median of their own' \
    "$(samples opens 'all(s["values"]["open_p50_ns"] > 0 for s in S
        if s.get("name") == "open_cold" and s["arm"] != "memory")')" True
study floor --workload open_cold --strategy memory --set open_cold:rounds=5,reads=4
is 'open_cold: a volatile store is not opened again' \
    "$(samples floor 'sorted({(s["arm"], s["values"]["ops"], "open_p50_ns" in s["values"]) for s in S if s.get("name") == "open_cold"})')" \
    "[('memory', 20, False), ('raw', 25, True), (\"raw'\", 25, True)]"

study aged --workload ageing --set ageing:reads=30
is 'ageing: measured at 0, 1, 2 and 5 times' \
    "$(samples aged '{tuple(p["versions"] for p in s["series"]) for s in S if s.get("name") == "ageing"}')" '{(20, 40, 60, 120)}'
is 'ageing: reads at every point' \
    "$(samples aged 'all("read_p50_ns" in p for s in S if "series" in s for p in s["series"])')" True

keep_quick=$quick
quick="--rounds 2 --dataset random:files=20,size=100k --durability none --no-plots --quiet"
study grown --workload growth --set growth:versions=4
quick=$keep_quick
is 'growth: measured before and after each round' \
    "$(samples grown '{tuple(p["held"] for p in s["series"]) for s in S if s.get("name") == "growth"}')" '{(20, 40, 60, 80, 100)}'
is 'growth: raw costs the same for every version' \
    "$(samples grown '{0.9 < s["values"]["growth_exponent"] < 1.1 for s in S if s.get("name") == "growth" and s["arm"] == "raw"}')" '{True}'
is 'growth: the last point is the snapshot' \
    "$(samples grown 'all(s["series"][-1]["total_bytes"] == V(s["run"], "after_growth", "total_bytes")
        for s in S if "series" in s)')" True
run_keeping 0 '' "$bf" report grown
like 'growth: is in the report' grown/report.md '^## How the stores grew$'
run_expect 0 '' grep -c . grown/plots/growth.csv

study batches --workload ingest_batch --set ingest_batch:files=50,batch=20
is 'ingest_batch: its own batches' "$(of batches ingest_batch commits)" '[3]'
is 'ingest_batch: of nothing else' "$(of batches ingest_binary_cold commits)" '[20]'

study skewed --workload read_point --workload mixed --set read_point:skew=hotspot,ops=50 --set mixed:skew=latest,theta=1,ops=40
like 'a skew is in the plan' skewed/manifest.json 'skew=latest,theta=1'

# ---- what nobody should type -------------------------------------------------------------------
quick="--rounds 2 --dataset random:files=20,size=1k --durability none --no-plots --quiet"
refuse() { # REGEXP OPTION...: at once, leaving nothing
    regexp=$1
    shift
    run_expect 2 "$regexp" timeout 20 "$bf" run $quick --out refused --name x --strategy raw "$@"
}
refuse 'unknown workload "delete_chur" \(did you mean "delete_churn"\?\)' --workload delete_chur
refuse '"growth" is not among the chosen workloads' --workload ageing --set growth:versions=3
refuse 'workload "rewrite".*"ops".*"0" is out of range|rewrite.*ops' --workload rewrite --set rewrite:ops=0
refuse 'rewrite.*ops' --workload rewrite --set rewrite:ops=1000000000
refuse 'mixed.*add up to 100 %, got 110 %' --workload mixed --set mixed:read=80%
refuse 'read_point.*theta' --workload read_point --set read_point:skew=zipf,theta=nan
refuse 'read_point.*theta' --workload read_point --set read_point:skew=zipf,theta=-1
refuse 'read_point.*skew' --workload read_point --set read_point:skew=zipff
refuse 'more than 100000000 operations' --workload open_cold --set open_cold:rounds=1000000,reads=1000000
refuse 'growth.*versions' --workload growth --set growth:versions=1000000000
refuse 'ageing.*replaces 20000 files, more than max=10000' --workload ageing --set ageing:turnover=1000
refuse 'read_range.*len' --workload read_range --set read_range:len=-4k
refuse 'read_history.*old' --workload read_history --set read_history:old=150%
refuse 'delete_churn.*unknown option "turn"|delete_churn.*"turn"' --workload delete_churn --set delete_churn:turn=1

done_testing
