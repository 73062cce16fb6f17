#!/bin/sh
# classes.sh: what ordinary programs say about made-up files, and what the list says.
. "$(dirname "$0")/lib.sh"

write() { "$build/tests/tool_saving" --write "$@"; }
# looks CLASS REGEXP: `file` recognises files of several lengths and savings.
looks() {
    for saving in natural 0.3 0.8; do
        for len in 9000 65536 1000001; do
            write "$1" 3 $len "$saving" >"x.$1" || fail "$1: not written"
            is "$1 of $len bytes: length" "$(wc -c <"x.$1")" $len
            file -b "x.$1" >said
            like "$1 of $len bytes, $saving" said "$2"
        done
    done
}

looks text '^ASCII text'
looks source '^(C source, )?ASCII text|^C source'
looks json '^(New Line Delimited )?JSON'
looks log '^ASCII text'
looks exe '^ELF 64-bit LSB executable, x86-64'
looks sqlite '^SQLite 3\.x database'

for len in 2048 5000 100000 3000000; do
    write sqlite 9 $len natural >db
    is "sqlite3 finds $len bytes sound" "$(sqlite3 db 'PRAGMA integrity_check')" ok
    ok "sqlite3 reads rows of $len bytes" \
        test "$(sqlite3 db 'SELECT count(*) > 0 AND max(length(body)) = 496 FROM item')" = 1
    cp db changed
    sqlite3 changed "INSERT INTO item(body) VALUES('one more'); DELETE FROM item WHERE id % 3 = 0"
    is "sqlite3 writes into $len bytes" "$(sqlite3 changed 'PRAGMA integrity_check')" ok
done
write exe 1 64 natural >first
write exe 2 64 natural >second
ok 'every executable has the same header' cmp first second

run_expect 0 '' "$bf" list classes
like 'the list: head' "$out" '^class +saves +asked +from +what it looks like$'
like 'the list: a row' "$out" '^text +0\.57 +0\.3\.\.0\.9 +0 +prose'
like 'the list: a container' "$out" '^sqlite .* 2KiB +SQLite'
is 'the list: all rows' "$(grep -c '^[a-z0-9]* *[01]\.[0-9][0-9] ' "$out")" \
    "$(grep -c '^CLASS(' "$src/datasets/classes.def")"
run_expect 2 '--markdown: expected with metrics only' "$bf" list classes --markdown

done_testing
