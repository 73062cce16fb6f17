#!/bin/sh
# r.sh: the statistics against R's, where R is installed; nothing else needs it.
. "$(dirname "$0")/lib.sh"

command -v Rscript >/dev/null 2>&1 || skip_all "R is not installed (r-base-core)"

# TOOL answers requests on standard input; the comparison itself is R's.
timeout 110 Rscript --vanilla "$src/tests/r_check.R" "$build/tests/tool_r" >said 2>complaints
is "R compared to the end" $? 0
while read -r word rest; do
    case $word in
    ok) pass "$rest" ;;
    skip) skip "$rest" ;;
    *) echo "$word $rest" >line; cat complaints >>line; fail "${rest#ok }" line ;;
    esac
done <said
is "every kind was compared" "$(grep -Ec '^(not )?ok ' said | awk '{ print ($1 >= 11) }')" 1
done_testing
