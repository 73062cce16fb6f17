#!/bin/sh
# data.sh: --data and what people point it at.
# shellcheck disable=SC2086 # $quick and $as_nobody are words
. "$(dirname "$0")/lib.sh"

# One round on a floor: everything about the data, nothing about strategies.
quick="--rounds 1 --strategy memory --workload read_point --durability none --no-bounds --no-plots --quiet"
refuse() { # EXIT REGEXP DATA
    run_expect "$1" "$2" "$bf" run $quick --data "$3" --out "$lib_dir/out-of-the-way"
}
accept() { # NAME DATA: a study of it, verified
    run_keeping 0 '' "$bf" run $quick --data "$2" --out records --name "$1"
    ok "$1: verifies" "$bf" verify "records/$1"
}
bytes() { head -c "$1" /dev/urandom; }

# ---- what is no folder of files ----------------------------------------------------------------
mkdir empty only-odd
echo text >file
mkfifo fifo only-odd/fifo
ln -s nowhere dangling
ln -s loop loop
ln -s nowhere only-odd/dangling
ln -s loop only-odd/loop
ln -s . only-odd/self
ln -s /dev/zero only-odd/zero
refuse 2 'cannot open directory "none": No such file or directory' none
refuse 2 'directory "empty" holds no regular file' empty
refuse 2 'cannot open directory "file": Not a directory' file
refuse 2 'cannot open directory "fifo": Not a directory' fifo
refuse 2 'cannot open directory "/dev/zero": Not a directory' /dev/zero
refuse 2 'cannot open directory "dangling": No such file or directory' dangling
refuse 2 'cannot open directory "loop": Too many levels of symbolic links' loop
refuse 2 'directory "only-odd" holds no regular file' only-odd
refuse 2 'cannot open directory "none\\x0a\\x1b\[31m"' "$(printf 'none\n\033[31m')"
refuse 2 'File name too long' "$(printf '%05000d' 0)"
if [ -d /proc/sys/kernel/random ]; then
    refuse 1 'changed while in use \(it gives more than the 0 bytes it said\)' /proc/sys/kernel/random
fi

# ---- permissions -------------------------------------------------------------------------------
mkdir locked locked-folder locked-folder/in locked-file
echo text >locked/file
echo text >locked-folder/in/file
echo text >locked-file/file
chmod 0 locked locked-folder/in locked-file/file
as_nobody=
if [ "$(id -u)" -eq 0 ]; then
    as_nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
    $as_nobody "$bf" --version >/dev/null 2>&1 && chmod 755 "$lib_dir" "$home" || as_nobody=none
fi
if [ "$as_nobody" = none ]; then
    skip 'unreadable data: root reads everything, and cannot become somebody else here'
else
    {
        run_expect 1 '"locked": Permission denied' $as_nobody "$bf" run $quick --data locked --out o
        run_expect 1 '"in": cannot open the folder: Permission denied' $as_nobody "$bf" run $quick \
            --data locked-folder --out o
        run_expect 1 '"file": cannot open: Permission denied' $as_nobody "$bf" run $quick \
            --data locked-file --out o
    }
fi

# ---- too much ----------------------------------------------------------------------------------
mkdir sparse deep deeper long
truncate -s 1T sparse/huge
refuse 2 '"huge": 1099511627776 bytes \(at most 1000000000\)' sparse
(cd deep && for level in $(seq 64); do mkdir d && cd d || exit 1; done; echo "$level" >file)
accept deep deep
(cd deeper && for level in $(seq 65); do mkdir d && cd d || exit 1; done; echo "$level" >file)
refuse 2 'folders are nested deeper than 64' deeper
component=$(printf '%0250d' 0)
(cd long && for level in $(seq 16); do mkdir "$component" && cd "$component" || exit 1; done
    echo "$level" >file)
refuse 2 'the path has 4015 bytes \(at most 4000\)' long

# ---- odd, and all right ------------------------------------------------------------------------
mkdir odd
bytes 3000 >odd/plain
: >odd/nothing
printf x >odd/one
bytes 100 >"odd/with space"
bytes 200 >"odd/$(printf 'new\nline')"
bytes 300 >"odd/$(printf 'bad\377\200utf8')"
bytes 400 >odd/--rounds
bytes 500 >odd/-
# shellcheck disable=SC2016
bytes 600 >'odd/$(touch pwned);`x`'
bytes 700 >'odd/<script>alert("1")<!--'
bytes 800 >"odd/$(printf 'esc\033[31m\007')"
bytes 900 >"odd/$(printf '%0255d' 0)"
bytes 1000 >'odd/quote"back\slash,comma'
bytes 1100 >odd/.hidden
bytes 1200 >"odd/$(printf '\342\200\256rtl')"
bytes 1300 >odd/UPPER.PNG
bytes 1300 >odd/upper.png
ln odd/plain odd/hard-link
ln -s plain odd/link
ln -s nowhere odd/dangling
mkfifo odd/fifo
mkdir odd/empty-folder odd/folder
bytes 5000 >odd/folder/in
if [ "$(id -u)" -eq 0 ] && mknod odd/zero c 1 5 2>/dev/null; then devices=', 1 device'; else devices=; fi
"$python" -c 'import socket; socket.socket(socket.AF_UNIX).bind("odd/socket")'
accept odd odd
is 'odd: every regular file counts' "$(samples records/odd 'M["dataset"]["files"]')" 19
is 'odd: what was left out is told' "$(samples records/odd 'M["dataset"]["options"].split("skipped: ")[1]')" \
    "2 symbolic links, 1 FIFO, 1 socket$devices)"
ok 'odd: no name was run' test ! -e pwned
unlike 'odd: no control byte in the report' records/odd/report.md "$(printf '[\001-\010\013-\037\177]')"
ok 'odd: cells.csv has the same number of fields in every line' "$python" -c '
import csv
rows = list(csv.reader(open("records/odd/cells.csv", newline="")))
assert len(rows) > 5 and len({len(row) for row in rows}) == 1'
# The same with stores that are kept, described and verified by path.
run_keeping 0 '' "$bf" run --rounds 1 --strategy files --durability none --no-bounds --no-plots --quiet \
    --data odd --out records --name odd-kept
ok 'odd-kept: verifies' "$bf" verify records/odd-kept
is 'odd-kept: contents.csv is one line a blob' \
    "$(cat records/odd-kept/stores/*-files/contents.csv | tr -d '[:print:]\n' | wc -c)" 0

mkdir zero
: >zero/a
: >zero/b
accept zero zero
is 'zero: no division by nothing' "$(grep -c -i -e nan -e inf records/zero/summary.json)" 0
mkdir one
printf x >one/a
accept one one

# shellcheck disable=SC2016
for name in 'a folder' 'a:b' 'a,b=c' -data "a'b" 'a"b' 'a\b' '$x' '<b>' "$(printf 'a\nb')"; do
    mkdir "./$name"
    bytes 100 >"./$name/file"
    accept "dir$lib_number" "$name"
done
ln -s one to-one
accept to-one to-one
# A record is JSON, and its text UTF-8.
name=$(printf 'a\377b')
mkdir "./$name"
bytes 100 >"./$name/file"
refuse 2 'not valid UTF-8' "$name"

# ---- data that would change by being measured --------------------------------------------------
mkdir -p project/src
bytes 1000 >project/src/file
for place in project project/src project/src/results/runs ./project/../project/src/x; do
    run_expect 2 'the study would be written to ".*", inside the data it measures' \
        "$bf" run $quick --data project/src/../src/../.  --out "$place"
done
like 'and where to write instead is said' "$err" '^hint: .*--out'
ln -s project/src way-in
run_expect 2 'inside the data it measures' "$bf" run $quick --data project --out way-in/deep/er
(cd project && "$bf" run $quick --data . >"$out" 2>"$err")
is 'the default place is inside the folder one stands in: exit code' "$?" 2
like 'the default place is inside the folder one stands in: why' "$err" 'inside the data it measures'
run_keeping 0 '' "$bf" run $quick --data project/src --out project-beside --name beside

# ---- data that changes while in use ------------------------------------------------------------
mkdir moving
for i in 1 2 3 4 5 6; do bytes 2000 >moving/$i; done
cp -a moving kept-aside
goes_on() { # DESCRIPTION REGEXP: resume fails so, and loses nothing
    run_keeping 1 "$2" "$bf" resume --no-bounds --no-plots records/moving
    like "$1: how to go on" "$err" '^hint: .*blobfront resume'
    is "$1: no INVALID run is made of it" "$(samples records/moving 'all(s["valid"] for s in R)')" True
    is "$1: nothing recorded is lost" "$(samples records/moving 'len(R)')" "$recorded"
    rm -rf moving
    cp -a kept-aside moving
}
"$bf" run --rounds 8 --data moving --strategy memory --durability none --no-bounds --no-plots --quiet \
    --out records --name moving >"$out" 2>"$err" &
study=$!
until_runs records/moving 1
bytes 10 >>moving/4
wait $study
lib_got=$? lib_exit=1 lib_regexp='^blobfront: error: .*changed while in use' lib_words='a file grows during a study'
lib_judge
recorded=$(samples records/moving 'len(R)')
ok 'what was finished before is recorded' test "$recorded" -ge 1 -a "$recorded" -lt 24
goes_on 'a file has grown' 'dataset changed while in use: its hash was'
printf x | dd of=moving/2 bs=1 seek=77 conv=notrunc 2>/dev/null
touch -r kept-aside/2 moving/2
goes_on 'a byte is another, size and time are not' 'dataset changed while in use: its hash was'
rm moving/3
goes_on 'a file is gone' 'has 5 files, the study began with 6: it changed while in use'
bytes 5 >moving/7
goes_on 'a file is new' 'has 7 files, the study began with 6: it changed while in use'
mv moving/6 moving/66
goes_on 'a file has another name' 'dataset changed while in use: its hash was'
rm -rf moving
run_keeping 2 'cannot open directory "moving"' "$bf" resume --no-bounds --no-plots records/moving
cp -a kept-aside moving
run_keeping 1 'round [0-9] has no run' "$bf" verify records/moving
run_keeping 0 '' "$bf" report --no-plots records/moving
run_keeping 0 '' "$bf" resume --no-bounds --no-plots records/moving
is 'with its data back the study is finished' "$(samples records/moving 'len(R)')" 24
ok 'and verifies' "$bf" verify records/moving

done_testing
