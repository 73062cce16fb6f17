#!/bin/sh
# doctor.sh: blobfront doctor on this machine: what it prints, what it leaves, what it refuses.
. "$(dirname "$0")/lib.sh"

checks='clock frequency load steal quota memory page.cache file.system syncs instructions virtual A/A.spread'

run_keeping 0 '' "$bf" doctor --quick
for check in $checks; do
    like "text: $check is graded" "$out" "^$check +(good|usable|poor) +[^ ]"
done
is 'text: as many lines with a grade as checks' "$(grep -cE '^[a-zA-Z/ ]+ (good|usable|poor)  ' "$out")" 12
like 'text: an overall grade' "$out" '^overall: (good|usable|poor) \([a-zA-Z/, ]+\): [a-z]'
unlike 'text: fits a terminal' "$out" '.{141}'
worst=good
grep -qE '^[a-zA-Z/ ]+ usable ' "$out" && worst=usable
grep -qE '^[a-zA-Z/ ]+ poor ' "$out" && worst=poor
like 'text: the overall grade is the worst' "$out" "^overall: $worst "
is 'text: every line that is not good says what it means' \
    "$(grep -cE '^[a-zA-Z/ ]+ (usable|poor)  ' "$out")" "$(grep -c '^ *means: ' "$out")"

run_keeping 0 '' "$bf" doctor --quick --json --dir .
is 'nothing is left in the folder' "$(ls -A .)" ''
ok 'json: fits its schema' "$python" "$src/tests/schema_check.py" --as doctor "$out"
like 'json: names its schema' "$out" '"schema": "blobfront/doctor/1"'
is 'json: the schema refuses another grade' "$(sed 's/"grade": "[a-z]*"/"grade": "fine"/' "$out" |
    "$python" "$src/tests/schema_check.py" --as doctor - | grep -c "'fine' is not one of")" 13
is 'json: the schema refuses a negative time' "$(sed 's/"clock_tick_ns": [0-9]*/"clock_tick_ns": -1/' "$out" |
    "$python" "$src/tests/schema_check.py" --as doctor - | grep -c 'clock_tick_ns: -1')" 1

mkdir folder
chmod 500 folder
"$bf" doctor --quick --dir folder >"$out" 2>"$err"
is 'a folder that cannot be written: exit code' "$?" 0
if [ "$(id -u)" -ne 0 ]; then
    like 'a folder that cannot be written: poor' "$out" '^syncs +poor +cannot write there: Permission denied'
fi
is 'a folder that cannot be written: stays empty' "$(ls -A folder)" ''
if [ -d /dev/shm ] && [ "$(stat -f -c %T /dev/shm 2>/dev/null)" = tmpfs ]; then
    "$bf" doctor --quick --dir /dev/shm >"$out" 2>"$err"
    like 'memory is no disk' "$out" '^file system +poor +tmpfs'
    like 'memory is no disk: overall' "$out" '^overall: poor .*file system'
fi
echo x >file
run_expect 2 '"file" is not a folder' "$bf" doctor --dir file
run_expect 2 'cannot use the folder "none": No such file or directory' "$bf" doctor --dir none
run_expect 2 '--dir: expected a folder, got ""' "$bf" doctor --dir ''
run_expect 2 '--dir: given twice' "$bf" doctor --dir . --dir .
run_expect 2 'unexpected argument "x"' "$bf" doctor x
run_expect 2 'unknown option "--jsn" \(did you mean "--json"\?\)' "$bf" doctor --jsn
run_expect 2 '--quick takes no value' "$bf" doctor --quick=yes
"$bf" doctor --quick >/dev/full 2>"$err"
is 'a full standard output: exit code' "$?" 1
like 'a full standard output: why' "$err" 'standard output: No space left'

# Killed in the middle it leaves nothing either.
mkdir killed
"$bf" doctor --dir killed >"$out" 2>&1 &
sleep 0.3
kill -9 $! 2>/dev/null
wait $! 2>/dev/null
is 'killed: nothing is left' "$(ls -A killed)" ''

done_testing
