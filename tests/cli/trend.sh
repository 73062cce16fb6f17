#!/bin/sh
# trend.sh: blobfront trend on folders of records: a planted step, strangers, damage, wrong input.
. "$(dirname "$0")/lib.sh"

small_study --name seed --rounds 3 --strategy dedup --workload read_point >"$out" 2>"$err" ||
    fail 'the study all others are made from' "$err"

# history FOLDER COUNT STEP FACTOR: COUNT nights like seed, dedup slower by FACTOR from STEP on.
cat >history.py <<'PYTHON'
import json, os, random, sys
folder, count, step, factor = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
random.seed(7)
manifest = json.load(open("seed/manifest.json"))
lines = [json.loads(line) for line in open("seed/samples.jsonl")]
for i in range(count):
    place = os.path.join(folder, "n%03d" % (997 * i % 1000))  # names in another order than time
    os.makedirs(place)
    manifest["id"] = "night-%02d" % i
    manifest["created"] = "2026-%02d-%02dT01:00:00Z" % (9 + i // 28, 1 + i % 28)
    json.dump(manifest, open(os.path.join(place, "manifest.json"), "w"))
    day = random.uniform(0.5, 2)
    with open(os.path.join(place, "samples.jsonl"), "w") as out:
        for line in lines:
            sample = json.loads(json.dumps(line))
            f = day * random.gauss(1, 0.01) * (factor if sample["arm"] == "dedup" and i >= step else 1)
            for key, value in sample["values"].items():
                if key.endswith("_ns"):
                    sample["values"][key] = int(value * f) if isinstance(value, int) else value * f
                elif key == "ops_per_s":
                    sample["values"][key] = value / f
                elif key == "cpu_ms_per_mb":
                    sample["values"][key] = value * f
            out.write(json.dumps(sample, separators=(",", ":")) + "\n")
PYTHON
history() { "$python" history.py "$@" || fail "history $*"; }
history nightly 30 18 1.3

# ---- alarms ------------------------------------------------------------------------------------
p50=p50_ns@read_point_binary
run_expect 0 '' "$bf" trend nightly --metric $p50
like 'a step: what, how much, from where, when' "$out" \
    '^dedup p50_ns@read_point_binary: \+(2[5-9]|3[0-5])\.[0-9] % from night-18 \(2026-09-19\), worse, p='
is 'a step: one alarm' "$(tail -n 1 "$out")" '1 alarm in 2 series'
like 'a step: is only an alarm' "$out" '^DESCRIPTIVE: alarms to look at, not verdicts'
like 'the range' "$out" '^30 comparable records, night-00 \(2026-09-01\) to night-29 \(2026-10-02\)$'
unlike 'fits the terminal' "$out" '.{111}'
run_expect 0 '' "$bf" trend nightly
like 'default metrics: a note on those that are not there' "$out" '^note: total_bytes@after_update: not in the last record'
run_expect 0 '' "$bf" trend nightly --arm dedup --metric $p50 --metric total_bytes@after_ingest --max-p 0.01 --window 20
like 'one strategy, two metrics' "$out" 'in 2 series$'
unlike 'one strategy: no other' "$out" '^  raw '
run_expect 0 '' "$bf" trend nightly --json --metric $p50
ok 'json: fits its schema' "$python" "$src/tests/schema_check.py" --as trend "$out"
is 'json: the alarm' "$("$python" -c 'import json, sys
d = json.load(open(sys.argv[1]))
print([(s["arm"], a["from"], a["direction"], a["label"]) for s in d["series"] for a in s["alarms"]])' "$out")" \
    "[('dedup', 'night-18', 'worse', 'DESCRIPTIVE')]"
history quiet 12 99 1
run_expect 0 '' "$bf" trend quiet --metric $p50 --metric total_bytes@after_ingest --arm dedup
is 'nothing happened: no alarm' "$(tail -n 1 "$out")" '0 alarms in 2 series'

# ---- records that take no part -----------------------------------------------------------------
cp -r nightly mixed
mkdir mixed/empty mixed/.hidden
echo x >mixed/file
sed -i 's/"cpu": "[^"]*"/"cpu": "Another CPU"/' mixed/n997/manifest.json        # night 1
sed -i 's/"seed": "1"/"seed": "one"/' mixed/n994/manifest.json                  # night 2
sed -i '1s/\("[a-z_]*bytes":\)[0-9]*/\1NaN/' mixed/n991/samples.jsonl           # night 3
sed -i 's,"blobfront/manifest/2","blobfront/manifest/1",' mixed/n988/manifest.json # night 4
: >mixed/n985/samples.jsonl                                                     # night 5
rm mixed/n982/samples.jsonl                                                     # night 6
run_expect 0 '' "$bf" trend mixed --metric $p50
like 'another machine: left out' "$out" '^note: night-01 left out: host cpu is "Another CPU", ".*" in the last record'
like 'an edited manifest: left out' "$out" '^note: left out: .*mixed/n994/manifest.json.*seed'
like 'NaN: left out' "$out" '^note: left out: .*mixed/n991/samples.jsonl:1'
like 'another schema: left out' "$out" '^note: left out: .*mixed/n988/manifest.json.*blobfront/manifest/1'
like 'no rounds: left out' "$out" '^note: night-05 left out: no complete round'
like 'no samples: left out' "$out" '^note: left out: .*n982'
like 'the others are followed' "$out" '^24 comparable records, '
like 'and the step is still there' "$out" '^dedup .* from night-18 '
# When the newest cannot be read, the newest that can is what others are held to.
cp -r nightly torn
printf 'x\ny\n' >torn/n913/samples.jsonl # night 29: 997 x 29 is 28913
run_expect 0 '' "$bf" trend torn --metric $p50
like 'the newest is damaged: the one before counts' "$out" '^29 comparable records, night-00 .* to night-28 '

# ---- too little, or nothing --------------------------------------------------------------------
history three 3 9 1
run_expect 4 'a history needs 4 records comparable with the last one, "night-02"; there are 3' "$bf" trend three
mkdir one
cp -r seed one/
run_expect 4 'there are 1$' "$bf" trend one
history four 4 9 1
run_expect 0 '' "$bf" trend four --metric $p50
like 'four records: what they cannot show' "$out" '^note: fewer than 6 records: no change of a timing'
for record in n000 n997; do sed -i 's/"seed": "1"/"seed": "2"/' four/$record/manifest.json; done
run_expect 4 'there are 2$' "$bf" trend four
like 'too few comparable: the hint says why' "$err" '^hint: .*left out: seed is'
mkdir bad
cp -r seed bad/a
: >bad/a/manifest.json
run_expect 2 'none of the 1 records can be read: .*manifest.json' "$bf" trend bad
mkdir hollow
run_expect 2 '"hollow" holds no records' "$bf" trend hollow
run_expect 2 'cannot read the folder "none": No such file or directory' "$bf" trend none
run_expect 2 'cannot read the folder "history.py": Not a directory' "$bf" trend history.py
run_expect 2 '"seed" is a record: expected the folder that holds records' "$bf" trend seed
run_expect 2 'expected FOLDER' "$bf" trend
run_expect 2 'unexpected argument "b"' "$bf" trend nightly b

# ---- wrong questions ---------------------------------------------------------------------------
run_expect 2 '--metric: there is no metric "p51_ns"' "$bf" trend nightly --metric p51_ns@read_point_binary
like 'a misspelt metric: a hint' "$err" '^hint: did you mean "p50_ns"\?'
run_expect 2 '--metric p50_ns@nowhere: the last record, "night-29", has no such value' \
    "$bf" trend nightly --metric p50_ns@nowhere
run_expect 2 '--metric: expected METRIC@PLACE, got "p50_ns"' "$bf" trend nightly --metric p50_ns
run_expect 2 'given twice' "$bf" trend nightly --metric $p50 --metric $p50
run_expect 2 '--arm: the last record, "night-29", has no strategy "dedpu"' "$bf" trend nightly --arm dedpu
for value in 0 nan -1 51% '' x 1e-300; do
    run_expect 2 '--max-p: ' "$bf" trend nightly --max-p "$value"
done
for value in 5 1001 -1 '' x 1e2; do
    run_expect 2 '--window: ' "$bf" trend nightly --window "$value"
done
"$bf" trend nightly >/dev/full 2>"$err"
is 'a full standard output: exit code' "$?" 1

done_testing
