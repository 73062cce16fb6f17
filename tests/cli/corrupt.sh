#!/bin/sh
# corrupt.sh: damage to kept stores and to records, done from outside, and what `verify` says.
. "$(dirname "$0")/lib.sh"

small_study --name made --rounds 2 --strategy files --strategy dedup-zstd --strategy chunked:avg=4k,min=1k,max=16k \
    --strategy naive >"$out" 2>"$err" </dev/null
ok 'a record to damage' "$bf" verify made
for arm in raw files dedup-zstd chunked_avg_4k_min_1k_max_16k naive; do
    mv made/stores/????-$arm "${arm%%_*}"
done
rm -rf made/stores
ok 'without its stores it is consistent' "$bf" verify made

# damaged NAME [EXIT REGEXP]: the damaged copy, and how verify ends; then there is a fresh copy again.
damaged() {
    lib_exit=${2:-6} lib_regexp=${3:-}
    lib_words="verify: $store: $1"
    timeout -k 5 20 "$bf" verify copy >"$out" 2>"$err" </dev/null
    lib_got=$?
    lib_judge
    fresh "$store"
}
fresh() { # NAME: a copy of that store, or of the record
    store=$1
    rm -rf copy
    cp -r "$store" copy
}
flip() { # FILE OFFSET: one bit
    byte=$(od -An -tu1 -j "$2" -N 1 "$1")
    # shellcheck disable=SC2059
    printf "\\$(printf '%03o' $((byte ^ 4)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# ---- any store ---------------------------------------------------------------------------------
for name in raw files dedup-zstd chunked naive; do
    fresh $name
    find copy -type f -exec cksum {} + | sort >before
    run_keeping 0 '' "$bf" verify copy
    find copy -type f -exec cksum {} + | sort >after
    ok "verify: $name: changes nothing" cmp before after
done
fresh raw
rm copy/store.json
damaged 'store.json is missing' 2 'expected a study.s folder \(manifest.json\) or a kept store'
: >copy/store.json
damaged 'store.json is empty' 2 'store "copy": store.json:1'
head -c 60 raw/store.json >copy/store.json
damaged 'store.json is cut' 2 'store "copy": store.json:[0-9]'
sed 's/"raw"/"frob"/' raw/store.json >copy/store.json
damaged 'store.json names no strategy' 2 'there is no strategy "frob"'
sed 's/"raw"/"dedup"/' raw/store.json >copy/store.json
damaged 'store.json names another strategy' 6 'store "copy": .*no such table'
sed 's/"none"/"some"/' raw/store.json >copy/store.json
damaged 'store.json names no level' 2 '"some"'
sed 's,blobfront/store/1,blobfront/store/9,' raw/store.json >copy/store.json
damaged 'store.json is of another version' 5 'blobfront/store/9'
rm copy/contents.csv
damaged 'contents.csv is missing' 2 'contents.csv'
: >copy/contents.csv
damaged 'contents.csv is empty' 6 'contents.csv'
head -n 5 raw/contents.csv >copy/contents.csv
damaged 'contents.csv is cut at a line' 6 'contents.csv'
sed '4d' raw/contents.csv >copy/contents.csv
damaged 'contents.csv lacks a line' 6 'contents.csv'
sed '4s/[0-9a-f]\{32\}/00000000000000000000000000000000/' raw/contents.csv >copy/contents.csv
damaged 'contents.csv has another hash' 6 'contents.csv'
sed '5s/^\([0-9]*,[0-9]*\),[0-9]*/\1,7/' raw/contents.csv >copy/contents.csv
damaged 'contents.csv has another number' 6 'contents.csv'
rm -rf copy/data
damaged 'data/ is missing' 6 'store "copy": its folder data is missing'
rm -rf copy/data && mkdir copy/data
damaged 'data/ is empty' 6 'files are missing'
rm -rf copy/data && echo x >copy/data
damaged 'data is a file' 6 'its folder data is missing'
run_keeping 2 'expected a study.s folder' "$bf" verify .

# ---- a database --------------------------------------------------------------------------------
fresh raw
size=$(wc -c <raw/data/blobs.db)
for keep in 0 1 99 100 511 512 4095 4096 8192 $((size / 2)) $((size - 4096)) $((size - 1)); do
    truncate -s "$keep" copy/data/blobs.db
    damaged "blobs.db is cut to $keep of $size bytes" 6 ''
done
rm copy/data/blobs.db
damaged 'blobs.db is missing' 6 ''
head -c "$size" /dev/urandom >copy/data/blobs.db
damaged 'blobs.db is noise' 6 ''
cp dedup-zstd/data/blobs.db copy/data/blobs.db
damaged 'blobs.db is that of another strategy' 6 'no such table'
cat raw/data/blobs.db raw/data/blobs.db >copy/data/blobs.db
damaged 'blobs.db is there twice' 6 'bytes, its pages are'
rm copy/data/blobs.db && mkdir copy/data/blobs.db
damaged 'blobs.db is a folder' 6 ''
rm copy/data/blobs.db && mkfifo copy/data/blobs.db
damaged 'blobs.db is a FIFO' 6 ''
rm copy/data/blobs.db && ln -s /dev/zero copy/data/blobs.db
damaged 'blobs.db is a link to a device' 6 ''
rm copy/data/blobs.db && cp raw/data/blobs.db . && ln -s ../../blobs.db copy/data/blobs.db
damaged 'blobs.db is a link to itself' 6 ''
# A bit flipped anywhere: verify finds it, unless it lies where nothing is stored; then stock SQLite
# reads the very same content.
if command -v sqlite3 >/dev/null 2>&1; then
    for name in raw dedup-zstd chunked naive; do
        fresh $name
        size=$(wc -c <$name/data/blobs.db)
        sqlite3 $name/data/blobs.db .dump 2>/dev/null | cksum >expected
        found=0 harmless=0 wrong=
        # Magic, page size, format, page count, application id, root pages, then all over.
        for offset in 3 16 18 28 60 68 100 103 105 108 112 \
            $(awk -v size="$size" 'BEGIN { srand(7); for (i = 0; i < 30; i++) print int(rand() * size) }'); do
            flip copy/data/blobs.db "$offset"
            timeout -k 5 20 "$bf" verify copy >"$out" 2>"$err" </dev/null
            code=$?
            # A bit of the header makes a database read-only, which naive's cache is not.
            if [ $code -eq 6 ] || { [ $code -eq 1 ] && grep -q 'attempt to write a readonly' "$err"; }; then
                found=$((found + 1))
            elif [ $code -eq 0 ] && sqlite3 copy/data/blobs.db .dump 2>/dev/null | cksum | cmp -s - expected; then
                harmless=$((harmless + 1))
            else
                wrong="$wrong offset $offset: exit code $code;"
            fi
            fresh $name
        done
        is "verify: $name: a flipped bit is found ($found of $((found + harmless)), the others touch nothing)" "$wrong" ''
        ok "verify: $name: nearly all are" test "$found" -ge 25
    done
    fresh raw
    sql() { sqlite3 copy/data/blobs.db "$1"; }
    sql 'DELETE FROM blob WHERE id = 7'
    damaged 'a row is gone' 6 'is missing|not found|were'
    sql 'UPDATE blob SET data = zeroblob(length(data)) WHERE id = 7'
    damaged 'a blob is zero' 6 'hash'
    sql 'UPDATE blob SET data = zeroblob(10), hash = hash WHERE id = 7'
    damaged 'a blob is short' 6 'bytes'
    sql 'INSERT INTO blob SELECT 100000, 4242, 0, hash, data FROM blob WHERE id = 1'
    damaged 'a blob too many' 6 'finds file 4242 version 0'
    sql 'INSERT INTO blob SELECT 100000, 0, 77, hash, data FROM blob WHERE id = 1'
    damaged 'a version too many' 6 'finds file 0 version 77'
    sql 'DROP INDEX blob_key'
    damaged 'an index is gone' 6 ''
    sql 'DROP TABLE blob'
    damaged 'the table is gone' 6 ''
    sql 'ALTER TABLE blob RENAME TO blub'
    damaged 'the table has another name' 6 ''
    sql 'PRAGMA user_version = 99'
    damaged 'another format version' 6 'has format version 99; this blobfront knows version 1'
    sql 'PRAGMA application_id = 99'
    damaged 'another application' 6 ''
    sql 'CREATE VIEW v AS SELECT * FROM blob; CREATE TRIGGER t AFTER INSERT ON blob BEGIN SELECT 1; END'
    lib_words='verify: raw: a view and a trigger beside our table do no harm'
    timeout 20 "$bf" verify copy >"$out" 2>"$err"
    is "$lib_words" "$?" 0
    fresh dedup-zstd
    sql "UPDATE $(sql "SELECT name FROM pragma_table_list WHERE name = 'content' OR name = 'blob' LIMIT 1")
        SET refs = refs + 1 WHERE rowid = 3" 2>/dev/null && damaged 'a count of references is wrong' 6 ''
    unset -f sql
else
    skip 'there is no sqlite3 shell'
fi

# ---- files -------------------------------------------------------------------------------------
fresh files
victim=$(cd files && find data -type f ! -name lock -size +3 | sort | head -n 1)
rm "copy/$victim"
damaged 'a file is gone' 6 ''
truncate -s -1 "copy/$victim"
damaged 'a file is a byte short' 6 ''
echo x >>"copy/$victim"
damaged 'a file is longer' 6 ''
flip "copy/$victim" 100
damaged 'a bit of a file is another' 6 'hash'
cp "copy/$victim" "copy/$(dirname "$victim")/00000000000000ff-00000000"
damaged 'a file too many' 6 'finds file 255 version 0'
cp "copy/$victim" "copy/$(dirname "$victim")/00000000000fffff-00000000"
damaged 'a file where it does not belong' 5 'does not lie where it belongs'
rm "copy/$victim" && mkdir "copy/$victim"
damaged 'a file is a folder' 6 ''
rm "copy/$victim" && mkfifo "copy/$victim"
damaged 'a file is a FIFO' 6 ''
rm "copy/$victim" && ln -s "$home/files/$victim" "copy/$victim"
damaged 'a file is a link to what it was' 6 ''
chmod 0 "copy/$victim"
if [ "$(id -u)" -eq 0 ]; then chmod 600 "copy/$victim"; else damaged 'a file cannot be read' 1 'Permission denied'; fi

# ---- a record ----------------------------------------------------------------------------------
fresh made
rm copy/manifest.json
damaged 'manifest.json is missing' 2 'expected a study.s folder'
rm copy/samples.jsonl
damaged 'samples.jsonl is missing' 2 'samples.jsonl'
: >copy/samples.jsonl
damaged 'samples.jsonl is empty' 1 'no finished run'
for cut in 1 100 $(($(wc -c <made/manifest.json) / 2)) $(($(wc -c <made/manifest.json) - 3)); do
    truncate -s "$cut" copy/manifest.json
    damaged "manifest.json is cut to $cut bytes" 2 'manifest.json:[0-9]+'
done
edit() { # SED-SCRIPT [FILE]
    sed "$1" "made/${2:-samples.jsonl}" >"copy/${2:-samples.jsonl}"
    cmp -s "made/${2:-samples.jsonl}" "copy/${2:-samples.jsonl}" && echo "# $1 changes nothing"
}
edit '2s/"bytes_in":[0-9]*/"bytes_in":1/'
damaged 'a counter is another in one run' 1 'counter|bytes_in'
edit '2s/"write_calls":[0-9]*/"write_calls":7/'
damaged 'another counter is' 1 'write_calls'
awk '/"kind":"run"/ && !done { sub(/"verification":"......../, "\"verification\":\"00000000"); done = 1 } { print }' \
    made/samples.jsonl >copy/samples.jsonl
damaged 'a verification hash is another' 1 'verification'
awk '/"kind":"run"/ && !done { sub(/"dataset_hash":"......../, "\"dataset_hash\":\"00000000"); done = 1 } { print }' \
    made/samples.jsonl >copy/samples.jsonl
damaged 'a data hash is another' 5 'samples.jsonl:[0-9]+: "dataset_hash" is .*, the study is of other data'
edit '2s/"wall_ns":[0-9]*/"wall_ns":-1/'
damaged 'a negative time' 2 'samples.jsonl:2.*wall_ns'
edit '2s/"p50_ns":[0-9.]*/"p50_ns":1e300/'
damaged 'a median above the 95th percentile' 2 'samples.jsonl:2'
edit '2s/"wall_ns":[0-9]*/"wall_ns":NaN/'
damaged 'not a number' 2 'samples.jsonl:2'
edit '2s/"wall_ns":[0-9]*/"wall_ns":1e999/'
damaged 'infinity' 2 'samples.jsonl:2'
edit '2s/"wall_ns":[0-9]*/"wall_ns":"fast"/'
damaged 'a text for a number' 2 'samples.jsonl:2.*wall_ns'
edit '2s/"ops":[0-9]*/"ops":1,"ops":1/'
damaged 'a key twice' 2 'samples.jsonl:2'
edit '2s,sample/2,sample/9,'
damaged 'another schema' 5 'samples.jsonl:2: unknown schema "blobfront/sample/9" \(expected blobfront/sample/2\)'
edit 's,manifest/2,manifest/1,' manifest.json
damaged 'a study of an earlier release' 5 'unknown schema "blobfront/manifest/1" \(expected blobfront/manifest/2\)'
edit 's/"alpha": 0.05/"alpha": 0.9/' manifest.json
damaged 'a protocol out of range' 2 'manifest.json:[0-9]+: "protocol.alpha" must be above 0 and at most 0.5'
event='{"schema":"blobfront/event/1","kind":"void","round":0,"reason":"steal time 7 %"}'
printf '%s\n%s\n' "$event" "$event" >copy/events.jsonl
damaged 'a round is voided twice' 2 'events.jsonl:2: "round" is voided already'
printf '%s\n' "$event" | sed 's,event/1,event/7,' >copy/events.jsonl
damaged 'another schema of events' 5 'events.jsonl:1: unknown schema "blobfront/event/7"'
printf '%s\n' "$event" | sed 's/"round":0/"round":Infinity/' >copy/events.jsonl
damaged 'infinity in an event' 2 'events.jsonl:1'
look='{"schema":"blobfront/event/1","kind":"look","round":0,"reason":"","look":1,"rounds":1,"ends":false,"dropped":'
printf '%s["frob"]}\n' "$look" >copy/events.jsonl
damaged 'an event names an arm that is not there' 2 'events.jsonl:1: "dropped\[0\]" is not an arm'
printf '%s["raw"]}\n' "$look" >copy/events.jsonl
damaged 'a look that was not planned' 2 'events.jsonl:1: "look" is there, and "stopping" is "fixed"'
mkdir copy/events.jsonl
damaged 'events are a folder' 2 'events.jsonl.*not a regular file'
edit '2s/"arm":"[^"]*"/"arm":"frob"/'
damaged 'an arm that is not there' 2 'samples.jsonl:2: "arm" is not an arm'
edit '2d'
damaged 'a phase is missing' 2 'samples.jsonl:[0-9]+: "valid" is true, and run 0 has no phase'
edit '1,12d'
damaged 'a run is missing' 1 'has no run of arm'
cat made/samples.jsonl made/samples.jsonl >copy/samples.jsonl
damaged 'every run twice' 2 ''
edit 's/"rounds": 2/"rounds": 0/' manifest.json
damaged 'no rounds' 2 'rounds'
edit 's/"seed": "1"/"seed": "x"/' manifest.json
damaged 'a seed that is no number' 2 'seed'
printf '%0100000d' 0 | tr 0 '[' >copy/manifest.json
damaged 'nested 100,000 deep' 2 'nest|deep'
truncate -s 70M copy/manifest.json
damaged 'a manifest of 70 MB' 2 ''
awk '{ print; if (NR == 2) print "" }' made/samples.jsonl >copy/samples.jsonl
damaged 'an empty line' 2 'samples.jsonl:3'
printf '\357\273\277' | cat - made/samples.jsonl >copy/samples.jsonl
damaged 'a byte order mark' 2 'samples.jsonl:1'
head -c 1000 /dev/urandom >copy/samples.jsonl && echo >>copy/samples.jsonl
damaged 'noise' 2 'samples.jsonl:1'
lib_words='a round that is void may lack a run'
sed '1,12d' made/samples.jsonl >copy/samples.jsonl
rm -rf copy/summary.json copy/cells.csv copy/report.md copy/plots
printf '%s\n' "$event" >copy/events.jsonl
printf '%s' "$event" | head -c 50 >>copy/events.jsonl
"$bf" verify copy >"$out" 2>"$err"
is "$lib_words" "$?" 0
like 'a torn event: said so' "$err" 'warning: .*events.jsonl:2: last line is torn and is ignored'
fresh made
edit '2s/"values":{/"values":{"zzz":1,/'
lib_words='an unknown key is left out, with a warning'
"$bf" verify copy >"$out" 2>"$err"
is "$lib_words" "$?" 0
like "$lib_words: said so" "$err" '^blobfront: warning: '
fresh made
for file in $(cd made/raw && find . -name '0003-*' | sort | head -n 1); do
    flip "copy/raw/$file" 50
    damaged 'a bit of the latencies is another' 6 '\.lat'
    truncate -s -1 "copy/raw/$file"
    damaged 'the latencies are cut' 6 '\.lat'
    : >"copy/raw/$file"
    damaged 'the latencies are empty' 6 '\.lat'
    rm "copy/raw/$file"
    damaged 'the latencies are gone' 6 '\.lat" is missing, samples.jsonl:[0-9]+ tells of it'
    cp made/raw/0004-ingest_binary_cold.lat copy/raw/0003-read_point_binary.lat
    damaged 'the latencies are those of another phase' 6 'latencies, samples.jsonl:[0-9]+ says "ops"'
done
sed 's/"on_frontier": *true/"on_frontier": false/' made/summary.json >copy/summary.json
damaged 'the summary was edited' 1 'summary.json" is not what the samples say'
sed '5s/[0-9]/7/g' made/cells.csv >copy/cells.csv
damaged 'the table was edited' 1 'cells.csv" is not what the samples say'
mkdir -p copy/stores/strange
damaged 'a stranger among the stores' 2 'strange'

# Cut anywhere: what is finished can be read, or it says why not.
size=$(wc -c <made/samples.jsonl) wrong=
for cut in $(awk -v size="$size" 'BEGIN { srand(3); for (i = 0; i < 25; i++) print int(rand() * size) }') \
    $((size - 1)); do
    fresh made
    truncate -s "$cut" copy/samples.jsonl
    timeout 20 "$bf" report --no-plots copy >"$out" 2>"$err" </dev/null
    code=$?
    finished=$(head -c "$cut" made/samples.jsonl | grep -c '"kind":"run".*}$')
    if [ "$finished" -gt 0 ]; then expected=0; else expected=2; fi
    [ "$code" -eq "$expected" ] || wrong="$wrong cut to $cut: exit code $code;"
done
is 'samples.jsonl cut anywhere: what is finished can be read' "$wrong" ''

done_testing
