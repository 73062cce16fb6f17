#!/bin/sh
# full.sh: what runs out (disk, file size, descriptors, memory) and environments that lack something:
# one clear line, nothing half-written, a record that can be read and gone on with.
. "$(dirname "$0")/lib.sh"

arms="--strategy files --strategy dedup --durability none --no-bounds --no-plots --quiet --rounds 2"
# whole RECORD WHAT: nothing in it is half-written.
whole() {
    is "$2: no temporary file is left" "$(find "$1" -name '*.tmp*' 2>/dev/null)" ''
    [ -e "$1/manifest.json" ] || return 0
    ok "$2: the manifest is whole" "$python" -m json.tool "$1/manifest.json" /dev/null
    ok "$2: every sample is whole" "$python" -c '
import json, sys
text = open(sys.argv[1]).read()
assert not text or text.endswith("\n")
for line in text.splitlines():
    json.loads(line)' "$1/samples.jsonl"
    is "$2: no run is INVALID for it" "$(samples "$1" 'all(r["valid"] for r in R)')" True
}

# ---- a full disk -------------------------------------------------------------------------------
mkdir disk
mounted=no
if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=8m,nr_inodes=2000 none disk 2>/dev/null; then
    mounted=yes
    at_end="umount $home/disk"
    # shellcheck disable=SC2086 # $arms is words
    run_keeping 1 'No space left on device' "$bf" run $arms --out disk --name lix
    like 'a full disk: how to go on' "$err" '^hint: .*blobfront resume disk/lix$'
    whole disk/lix 'a full disk'
    is 'a full disk: the store that did not fit is gone' "$(find disk/lix/stores -mindepth 1 |
        wc -l)" 0
    run_keeping 1 'No space left on device' "$bf" resume --no-bounds --no-plots disk/lix
    whole disk/lix 'a disk that is still full'
    mount -o remount,size=400m disk
    run_keeping 0 '' "$bf" resume --no-bounds --no-plots disk/lix
    run_keeping 0 '' "$bf" verify disk/lix
    rm -rf disk/lix

    # Full at every step: the manifest, a store, the latencies, the samples, the report.
    for left in 0 4 16 64 150 300 600 900 1200 1600 2000; do
        rm -rf disk/*
        mount -o remount,size=4m disk
        dd if=/dev/zero of=disk/filler bs=1024 count=$((4096 - left)) 2>/dev/null
        # shellcheck disable=SC2086
        "$bf" run $arms --dataset "$small_data" --out disk --name small >"$out" 2>"$err" </dev/null
        code=$?
        if [ $code -ne 0 ]; then
            lib_got=$code lib_exit=1 lib_regexp='No space left on device|no space' lib_words="$left KiB left"
            lib_judge
        else
            pass "$left KiB left: are enough"
        fi
        whole disk/small "$left KiB left"
        rm disk/filler
        mount -o remount,size=100m disk
        if [ -e disk/small/manifest.json ]; then
            ok "$left KiB left: with room it is finished" "$bf" resume --no-bounds --no-plots disk/small
            ok "$left KiB left: and verifies" "$bf" verify disk/small
        fi
    done
    rm -rf disk/*
    umount disk
    mounted=no
    at_end=:
    mount -t tmpfs -o size=8m,nr_inodes=60 none disk && mounted=yes at_end="umount $home/disk"
    # shellcheck disable=SC2086
    run_keeping 1 'No space left on device' "$bf" run $arms --dataset "$small_data" --out disk --name inodes
    whole disk/inodes 'no more files'
    umount disk && mounted=no at_end=:
    # A disk that may not be written.
    mount -t tmpfs -o size=1m,ro none disk && mounted=yes at_end="umount $home/disk"
    # shellcheck disable=SC2086
    run_keeping 1 'Read-only file system' "$bf" run $arms --dataset "$small_data" --out disk --name x
    umount disk && mounted=no at_end=:
else
    skip 'a full disk: mounting needs root'
fi
[ $mounted = no ] || umount disk

# ---- a limit on the size of files --------------------------------------------------------------
limited() { # ULIMIT-OPTIONS COMMAND...
    lib_limits=$1
    shift
    # shellcheck disable=SC2086
    (ulimit $lib_limits && exec timeout -k 5 20 "$@") >"$out" 2>"$err" </dev/null
    lib_got=$?
}
# shellcheck disable=SC2086
limited '-f 4096' "$bf" run $arms --out . --name filesize
lib_exit=1 lib_regexp='File too large' lib_words='files of at most 2 MiB: a study of 6 MiB'
lib_judge
whole filesize 'a limit on files'
run_keeping 0 '' "$bf" resume --no-bounds --no-plots filesize
run_keeping 0 '' "$bf" verify filesize
rm -rf filesize
# shellcheck disable=SC2086
limited '-f 2' "$bf" run $arms --out . --name filesize
lib_exit=1 lib_regexp='File too large' lib_words='files of at most 1 KiB'
lib_judge
whole filesize 'a small limit on files'
rm -rf filesize

# ---- descriptors, memory -----------------------------------------------------------------------
too_little_to_start() {
    [ "$lib_got" -eq 127 ] && grep -q 'error while loading shared libraries' "$err"
}
for count in 4 5 6 8 12 20; do
    # shellcheck disable=SC2086
    limited "-n $count" "$bf" run $arms --dataset "$small_data" --out . --name few
    if [ "$lib_got" -eq 0 ]; then
        pass "$count descriptors: are enough"
    elif too_little_to_start; then
        pass "$count descriptors: not enough to load the program"
    else
        lib_exit=1 lib_regexp='' lib_words="$count descriptors"
        lib_judge
    fi
    whole few "$count descriptors"
    rm -rf few
done
[ $sanitized = no ] || skip 'little memory: sanitizers need much'
for kib in 20000 30000 40000 60000 100000; do
    [ $sanitized = no ] || break
    # shellcheck disable=SC2086
    limited "-v $kib" "$bf" run $arms --strategy memory --dataset random:files=40,size=256k --out . --name few
    if [ "$lib_got" -eq 0 ]; then
        pass "$kib KiB of memory: are enough"
    elif too_little_to_start; then
        pass "$kib KiB of memory: not enough to load the program"
    else
        lib_exit=1 lib_regexp='memory' lib_words="$kib KiB of memory"
        lib_judge
    fi
    whole few "$kib KiB of memory"
    rm -rf few
done

# ---- environments ------------------------------------------------------------------------------
in_environment() { # DESCRIPTION COMMAND...
    what=$1
    shift
    # shellcheck disable=SC2086
    "$@" "$bf" run --rounds 1 --strategy memory --durability none --no-bounds --no-plots --quiet \
        --dataset "$small_data" --out . --name odd --json >"$out" 2>"$err" </dev/null
    is "$what: exit code" "$?" 0
    is "$what: nothing to say" "$(cat "$err")" ''
    ok "$what: numbers are written as in C" "$python" -m json.tool "$out" /dev/null
    rm -rf odd
}
in_environment 'no environment at all' env -i
in_environment 'no HOME' env -u HOME
in_environment 'a German locale' env LC_ALL=de_DE.UTF-8
in_environment 'a Turkish locale' env LC_ALL=tr_TR.UTF-8 LANGUAGE=tr
in_environment 'a locale that does not exist' env LC_ALL=xx_XX
in_environment 'an odd time zone' env TZ=:/nonsense
in_environment 'TMPDIR that does not exist' env TMPDIR=/none
in_environment 'TMPDIR that is relative' env TMPDIR=none
in_environment 'an umask that forbids' sh -c 'umask 077 && exec "$@"' sh
# Devices and pipes are written through, not replaced.
run_keeping 0 '' "$bf" run --rounds 1 --strategy memory --durability none --no-bounds --no-plots --quiet \
    --dataset "$small_data" --out . --name export --export csv /dev/null
ok 'export to a device: it is still one' test -c /dev/null
if [ "$(id -u)" -eq 0 ] && mknod full c 1 7 2>/dev/null && ! echo x >full 2>/dev/null; then
    run_keeping 1 'cannot write "full": No space left on device' "$bf" report --no-plots --export csv full export
    ok 'export to a full device: it is still one' test -c full
else
    skip 'export to a full device: making one needs root'
fi
mkfifo pipe
timeout 10 cat pipe >from-pipe &
run_keeping 0 '' "$bf" report --no-plots --export json pipe export
wait
ok 'export to a pipe' cmp from-pipe export/summary.json
ln -s linked-to link
echo old >linked-to
run_keeping 0 '' "$bf" report --no-plots --export json link export
ok 'export to a link: it is still one' test -L link
ok 'export to a link: what it names is written' cmp linked-to export/summary.json

done_testing
