#!/bin/sh
# tidy.sh: the style check has teeth: one planted violation of each kind is found, in a copy.
. "$(dirname "$0")/lib.sh"

for folder in engine strategies datasets workloads results analysis cli tests docs; do
    cp -R "$src/$folder" "$folder"
done
cp "$src/README.md" "$src/.clang-format" .

# plant NAME FILE PATTERN TEXT: append the text to FILE, expect a line that matches, restore.
plant() {
    cp "$2" saved
    printf '%s\n' "$4" >>"$2"
    TIDY_FORMAT=no tests/tidy.sh >said 2>&1
    if grep -q "$3" said; then pass "$1 is found"; else fail "$1 is found" said; fi
    cp saved "$2"
}

wide=$(printf 'a%.0s' $(seq 1 96))
long=$(printf 'void arena_long(void)\n{\n'; seq 1 71 | sed 's/.*/    ;/'; printf '}\n')
plant 'a long line' engine/arena.c 'arena.c:[0-9]*: 10[0-9] columns' "/* $wide */"
plant 'a long function' engine/arena.c 'function of 71 lines' "$long"
plant 'unfinished work' engine/arena.c 'unfinished work' "/* TO""DO: later */"
plant 'a banned call' engine/arena.c 'atoi is banned' 'int x = atoi("1");'
plant 'an include against the flow' engine/arena.c 'against the layering' \
    '#include "analysis/stats.h"'
plant 'a strategy in a strategy' strategies/raw.c 'against the layering' \
    '#include "strategies/memory.c"'
plant 'a row without a file' strategies/strategies.def 'rows are not the files' 'STRATEGY(ghost)'
plant 'a clock in a strategy' strategies/raw.c 'a clock outside' 'x = clock_gettime(0, 0);'
plant 'a dead link' README.md 'link to missing no-such-file.md' '[gone](no-such-file.md)'
plant 'white space at the end' engine/arena.c 'white space' 'int x; '
done_testing
