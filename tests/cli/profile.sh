#!/bin/sh
# profile.sh: blobfront profile: what it says, what its twin is, what it refuses.
. "$(dirname "$0")/lib.sh"
lib_limit=60

write() { "$build/tests/tool_saving" --write "$@"; }
json() { "$python" -c 'import json, sys; P = json.load(open(sys.argv[1])); print(eval(sys.argv[2]))' "$@"; }
# What `profile` says of a directory, in files p.json and (with a twin) t.json.
describe() { "$bf" profile --json "$@" >p.json 2>"$err" || fail "profile $*" "$err"; }

mkdir -p tree/text tree/media tree/copies
for i in 1 2 3 4 5 6 7 8; do
    write text $i $((i * 7000)) natural >"tree/text/secret-name-$i.txt"
    write source $i $((i * 5000)) natural >"tree/text/$i.c"
    { printf '\211PNG\r\n\032\n' && write random $i $((i * 15000)) natural; } >"tree/media/$i.PNG"
    cp "tree/text/$i.c" "tree/copies/$((i % 3)).c"
done
: >tree/text/empty
files=$(find tree -type f | wc -l)
bytes=$(find tree -type f -exec cat {} + | wc -c)

# ---- what it says ------------------------------------------------------------------------------
run_expect 0 '' "$bf" profile tree
like 'people: files and bytes' "$out" "^files:  $files, [0-9,]+ bytes\$"
like 'people: quantiles' "$out" '^sizes:  smallest 0 B, 1 % .* 99 % .*, largest [0-9.]+ KiB$'
like 'people: the empty file' "$out" '^ +empty +1 #+$'
like 'people: a type' "$out" '^  media_png +8 +540,0'
like 'people: an extension' "$out" '^  png +8 +540,0'
like 'people: copies' "$out" '^copies: 3 files equal an earlier one: '
like 'people: chunks' "$out" '^chunks: of about 64KiB, copies aside: '
like 'people: no versions' "$out" '^edits:  no versions'
describe tree
ok 'json: fits its schema' "$python" "$src/tests/schema_check.py" --as profile p.json
is 'json: files' "$(json p.json 'P["files"]')" "$files"
is 'json: bytes' "$(json p.json 'P["bytes"]')" "$bytes"
is 'json: the histogram counts every file' "$(json p.json 'sum(h["files"] for h in P["histogram"])')" "$files"
is 'json: types count every byte' "$(json p.json 'sum(t["bytes"] for t in P["types"])')" "$bytes"
is 'json: extensions count every byte' "$(json p.json 'sum(t["bytes"] for t in P["extensions"])')" "$bytes"
is 'json: random data have eight bits a byte' \
    "$(json p.json '[t["entropy_bits_per_byte"] > 7.99 and t["saving"] < 0.001 for t in P["types"] if t["type"] == "media_png"]')" '[True]'
cp p.json first.json
describe tree
ok 'the same every time' cmp first.json p.json
run_expect 0 '' "$bf" profile "random:files=5,size=1000"
like 'a dataset: its files' "$out" '^files:  5, 5,000 bytes$'

# ---- the twin ----------------------------------------------------------------------------------
describe tree --twin t.json
ok 'twin: fits its schema' "$python" "$src/tests/schema_check.py" --as twin t.json
unlike 'twin: no name of a file is in it' t.json 'secret|media/|copies'
"$bf" profile tree --twin again.json >"$out" 2>"$err"
ok 'twin: the same every time' cmp t.json again.json
ok 'twin: small' test "$(wc -c <t.json)" -lt 4000
cp p.json real.json
describe twin:t.json
for what in files bytes smallest largest sizes histogram copy_files copy_bytes; do
    is "twin: $what" "$(json p.json "P['$what']")" "$(json real.json "P['$what']")"
done
# Packed as a whole, type by type.
is 'twin: types save what the real ones do' "$(json p.json \
    "[t['type'] for t in P['types'] if abs(t['saving'] - [r for r in json.load(open('real.json'))['types'] if r['type'] == t['type']][0]['saving']) > 0.02]")" '[]'
run_keeping 0 '' "$bf" run --dataset twin:t.json --rounds 1 --strategy dedup --workload update \
    --durability none --no-plots --quiet --out . --name of-twin
ok 'twin: a study of it verifies' "$bf" verify of-twin
rm -rf of-twin

# ---- the check ---------------------------------------------------------------------------------
run_keeping 0 '' "$bf" profile tree --check --json
cp "$out" p.json
ok 'check: fits its schema' "$python" "$src/tests/schema_check.py" --as profile p.json
is 'check: every strategy' "$(json p.json 'sorted(set(f["strategy"] for f in P["twin"]["figures"]))')" \
    "['chunked', 'dedup', 'dedup-zstd', 'raw']"
is 'check: within a tenth' "$(json p.json 'P["twin"]["within"] and P["twin"]["worst"] <= 0.1')" True
is 'check: raw stores exactly as much' \
    "$(json p.json '[f["change"] for f in P["twin"]["figures"] if f["strategy"] == "raw" and f["metric"] == "total_bytes"]')" '[0, 0]'
is 'check: nothing is left' "$(find . -name '.blobfront*')" ''
run_keeping 0 '' "$bf" profile tree --check
like 'check: the verdict' "$out" '^worst:  [+-]?[0-9.]+ % \(.*\): within the goal of 10 %$'

# Two releases: their changes are replayed on both.
cp -r tree newer
for i in 1 2 3 4; do
    write text 9 500 natural >>"newer/text/$i.c"
    { head -c 3000 "tree/text/secret-name-$i.txt"; write text 10 200 natural
        tail -c +3100 "tree/text/secret-name-$i.txt"; } >"newer/text/secret-name-$i.txt"
done
rm newer/copies/1.c
write log 3 30000 natural >newer/added.log
run_keeping 0 '' "$bf" profile pair:tree,newer --check --json --twin pair.json
cp "$out" p.json
ok 'releases: fits its schema' "$python" "$src/tests/schema_check.py" --as profile p.json
ok 'releases: the twin fits its schema' "$python" "$src/tests/schema_check.py" --as twin pair.json
is 'releases: what changed' "$(json p.json '[P["edits"][k] for k in ("created", "changed", "deleted")]')" '[1, 8, 1]'
is 'releases: appended to four' "$(json p.json 'P["edits"]["kinds"]["append"]')" 4
is 'releases: history on both' "$(json p.json '"history" in [f["place"] for f in P["twin"]["figures"]]')" True
# A dozen chunks are written again: what they share is luck, what they come to is not.
is 'releases: sizes are within a tenth' "$(json p.json \
    '[f for f in P["twin"]["figures"] if f["metric"] == "total_bytes" and abs(f["change"]) > 0.1]')" '[]'

# ---- what is refused ---------------------------------------------------------------------------
mkdir empty
mkfifo fifo
echo '{}' >object.json
sed 's,twin/1,twin/9,' t.json >newer.json
sed 's/"rows":\[\[[0-9]*/"rows":[[77/' t.json >row.json
head -c 700 t.json >cut.json
: >nothing.json
run_expect 2 'expected DIR' "$bf" profile
run_expect 2 'profile: expected a directory, got ""' "$bf" profile ''
run_expect 2 'cannot open directory "none": No such file' "$bf" profile none
run_expect 2 'directory "empty" holds no regular file' "$bf" profile empty
run_expect 2 'Not a directory' "$bf" profile t.json
run_expect 2 'unknown option "--twins"' "$bf" profile --twins t.json tree
run_expect 2 '--twin: expected a file' "$bf" profile tree --twin -
run_expect 2 '--seed: value "x" is not a whole number' "$bf" profile tree --seed x
run_keeping 1 'cannot write "new/' "$bf" profile tree --twin new/t.json
run_keeping 1 'cannot make a folder in "none"' "$bf" profile tree --check --out none
run_expect 2 'cannot read "none": No such file' "$bf" profile twin:none
run_expect 2 '"fifo": not a regular file' "$bf" profile twin:fifo
run_expect 2 '"\.": not a regular file|"\.": Is a directory' "$bf" profile twin:.
run_expect 2 'nothing.json' "$bf" profile twin:nothing.json
run_expect 2 'object.json:1: .*schema' "$bf" profile twin:object.json
run_expect 5 'newer.json": schema "blobfront/twin/9" \(this program reads blobfront/twin/1\)' \
    "$bf" profile twin:newer.json
run_expect 2 'row.json:1: .*no whole number of 0 to' "$bf" profile twin:row.json
run_expect 2 'cut.json:1' "$bf" profile twin:cut.json
if [ "$(id -u)" -eq 0 ] && setpriv --reuid=65534 --regid=65534 --clear-groups true 2>/dev/null; then
    mkdir locked
    echo text >locked/file
    chmod 0 locked/file
    chmod 755 "$lib_dir" "$home"
    run_expect 1 '"file": cannot open: Permission denied' \
        setpriv --reuid=65534 --regid=65534 --clear-groups "$bf" profile locked
else
    skip 'an unreadable file: root reads everything, and cannot become somebody else here'
fi
"$bf" profile tree >/dev/full 2>"$err"
is 'a full standard output: exit code' "$?" 1

# An interrupted check leaves nothing behind.
: >"$err"
"$bf" profile "random:files=2000,size=100k" --check >"$out" 2>"$err" &
checking=$!
for _ in $(seq 200); do
    grep -q check "$err" 2>/dev/null && break
    sleep 0.05
done
sleep 0.2
kill -TERM $checking
wait $checking
is 'an interrupted check: exit code' "$?" 143
is 'an interrupted check: nothing is left' "$(find . -name '.blobfront*')" ''

done_testing
