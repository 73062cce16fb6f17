#!/bin/sh
# import.sh: archives, pairs of releases and repositories as people point the program at them.
. "$(dirname "$0")/lib.sh"

refuse() { # EXIT REGEXP DATASET
    run_expect "$1" "$2" "$bf" plan --dataset "$3"
}
accept() { # DATASET: it can be measured
    run_keeping 0 '' "$bf" plan --dataset "$1"
}
# measure NAME DATASET [OPTION...]: a study of one round
measure() {
    lib_record=$1 lib_dataset=$2
    shift 2
    run_keeping 0 '' "$bf" run --rounds 1 --durability none --no-plots --quiet --out records \
        --name "$lib_record" --dataset "$lib_dataset" "$@"
    ok "$lib_record: verifies" "$bf" verify "records/$lib_record"
}
hash_of() { samples "records/$1" 'M["dataset"]["hash"]'; }
note_of() { samples "records/$1" 'M["dataset"]["options"]'; }
GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.org
export GIT_CONFIG_NOSYSTEM GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
HOME=$home
export HOME

# ---- the same files in every wrapping are the same data ----------------------------------------
mkdir -p tree/sub/deep
head -c 20000 /dev/urandom >tree/b.bin
seq 3000 >tree/a.txt
: >tree/sub/empty
printf x >"tree/sub/deep/with space"
printf y >"tree/sub/$(printf '\303\251\347\214\253')"
(cd tree && tar cf ../plain.tar . && tar czf ../t.tar.gz ./* && tar cJf ../t.tar.xz . &&
    tar cjf ../t.tar.bz2 . && tar --format=v7 -cf ../v7.tar . && tar --format=ustar -cf ../ustar.tar . &&
    tar --format=pax -cf ../pax.tar .)
"$python" - <<'PYTHON'
import os, zipfile
names = sorted(os.path.relpath(os.path.join(d, f), "tree") for d, _, fs in os.walk("tree") for f in fs)
for name, method in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
    with zipfile.ZipFile(name + ".zip", "w", method) as z:
        z.write("tree/sub", "sub/")
        for n in reversed(names):  # another order than that of paths
            z.write(os.path.join("tree", n), n)
data = open("deflated.zip", "rb").read()
open("behind-a-program.zip", "wb").write(b"#!/bin/sh\necho extracts itself\n" + data)
PYTHON
few_ops="--strategy memory --workload read_point"
# shellcheck disable=SC2086
{
    measure files files:tree $few_ops
    for kind in plain.tar t.tar.gz t.tar.xz t.tar.bz2 v7.tar ustar.tar pax.tar; do
        measure "$kind" "tar:$kind" $few_ops
        is "$kind: is the folder it was made of" "$(hash_of "$kind")" "$(hash_of files)"
    done
    for kind in stored deflated behind-a-program; do
        measure "$kind" "zip:$kind.zip" $few_ops
        is "$kind: is the folder it was made of" "$(hash_of "$kind")" "$(hash_of files)"
    done
    measure pair-same pair:tree,plain.tar $few_ops
    is 'a folder and an archive of it: no event' "$(note_of pair-same)" \
        'tree,plain.tar (0 created, 0 changed, 0 deleted)'
    is 'and the hash of one of them' "$(hash_of pair-same)" "$(hash_of files)"
}
zstd=$("$python" -c 'import ctypes.util; print(ctypes.util.find_library("zstd"))')
if [ "$zstd" = None ]; then
    skip 'tar.zst: no libzstd to make one'
else
    "$python" - "$zstd" <<'PYTHON'
import ctypes, sys
z = ctypes.CDLL(sys.argv[1])
z.ZSTD_compressBound.restype = z.ZSTD_compress.restype = ctypes.c_size_t
src = open("plain.tar", "rb").read()
dst = ctypes.create_string_buffer(len(src) + 100000)
n = z.ZSTD_compress(dst, ctypes.c_size_t(len(dst)), src, ctypes.c_size_t(len(src)), 3)
open("t.tar.zst", "wb").write(dst.raw[:n])
PYTHON
    # shellcheck disable=SC2086
    measure t.tar.zst tar:t.tar.zst $few_ops
    is 't.tar.zst: is the folder it was made of' "$(hash_of t.tar.zst)" "$(hash_of files)"
fi

# ---- what is no archive -------------------------------------------------------------------------
mkdir empty
mkfifo fifo
: >nothing
echo text >text
ln -s loop loop
refuse 2 'dataset "tar": no FILE is given' tar:
refuse 2 'cannot open archive "none": No such file or directory' tar:none
refuse 2 'cannot open archive "loop": Too many levels' zip:loop
refuse 2 'archive "empty" is no regular file' tar:empty
refuse 2 'archive "fifo" is no regular file' zip:fifo
refuse 2 'archive "/dev/zero" is no regular file' tar:/dev/zero
refuse 2 '"text" is no archive that can be read' tar:text
refuse 2 '"text" is no archive that can be read' zip:text
refuse 2 '"plain.tar" is no archive that can be read' zip:plain.tar
refuse 2 '"stored.zip" is no archive that can be read' tar:stored.zip
for kind in tar zip; do
    refuse 2 '"nothing" is no archive that can be read' "$kind:nothing"
done

# ---- entries that are refused, each by its name --------------------------------------------------
"$python" - <<'PYTHON'
import io, struct, tarfile, zipfile, zlib

def tar(file, *entries, format=tarfile.GNU_FORMAT, mode="w"):
    with tarfile.open(file, mode, format=format) as t:
        for name, kind, extra in entries:
            i = tarfile.TarInfo(name)
            i.type = kind
            if kind == tarfile.REGTYPE:
                i.size = len(extra)
                t.addfile(i, io.BytesIO(extra))
            else:
                i.linkname = extra
                t.addfile(i)
R = tarfile.REGTYPE
good = ("good", R, b"good")
names = {
    "absolute": "/etc/passwd", "dotdot": "../evil", "inner": "a/../../evil", "last": "a/..",
    "backslash": "a\\b", "drive": "C:/evil", "newline": "a\nb", "escape": "a\x1b[31mred",
    "delete": "a\x7f", "c1": "a\u009bb", "rtl": "a\u202etxt.exe", "isolate": "a\u2066b",
    "long": "n/" * 10 + "x" * 4000, "deep": "d/" * 65 + "f",
}
for case, name in names.items():
    for suffix, format in (("", tarfile.GNU_FORMAT), ("-pax", tarfile.PAX_FORMAT)):
        tar("bad-%s%s.tar" % (case, suffix), good, (name, R, b"x"), format=format)
    with zipfile.ZipFile("bad-%s.zip" % case, "w") as z:
        z.writestr("good", "good")
        z.writestr(zipfile.ZipInfo(name), "x")
tar("folder.tar", good, ("../up", tarfile.DIRTYPE, ""))
with open("latin.tar", "wb") as f:
    with tarfile.open(fileobj=f, mode="w", format=tarfile.GNU_FORMAT, encoding="latin-1") as t:
        t.addfile(tarfile.TarInfo("caf\u00e9"))
tar("hard.tar", good, ("hard", tarfile.LNKTYPE, "good"))
tar("soft.tar", good, ("soft", tarfile.SYMTYPE, "/etc"), ("soft/passwd", R, b"x"))
tar("twice.tar", good, ("other", R, b""), ("./good", R, b"bad"))
tar("composed.tar", ("caf\u00e9", R, b"1"), ("cafe\u0301", R, b"2"), format=tarfile.PAX_FORMAT)
tar("case.tar", ("NAME", R, b"1"), ("name", R, b"2"))
tar("odd.tar", good, ("fifo", tarfile.FIFOTYPE, ""), ("zero", tarfile.CHRTYPE, ""),
    ("disk", tarfile.BLKTYPE, ""), ("folder", tarfile.DIRTYPE, ""))
tar("folders.tar", ("folder", tarfile.DIRTYPE, ""))
tar("none.tar")
nested = open("plain.tar", "rb").read()
tar("nested.tar", ("inner.tar", R, nested), ("deep/inner.tar", R, nested))

def zip_(file, *entries, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(file, "w", method) as z:
        for name, data in entries:
            z.writestr(name, data)
zip_("none.zip")
import warnings
warnings.simplefilter("ignore")
zip_("twice.zip", ("good", "1"), ("a//../good" if 0 else "good", "2"))
zip_("composed.zip", ("caf\u00e9", "1"), ("cafe\u0301", "2"))
link = zipfile.ZipInfo("soft")
link.external_attr = 0o120777 << 16
link.create_system = 3
with zipfile.ZipFile("soft.zip", "w") as z:
    z.writestr("good", "good")
    z.writestr(link, "/etc")

def patch(source, file, *changes):
    data = open(source, "rb").read()
    for old, new in changes:
        assert old in data and len(old) == len(new), (file, old)
        data = data.replace(old, new)
    open(file, "wb").write(data)
zip_("seed.zip", ("goodname", "some text"))
patch("seed.zip", "nul.zip", (b"goodname", b"good\0ame"))
data = bytearray(open("seed.zip", "rb").read())
data[6] |= 1                                       # local header: encrypted
data[data.index(b"PK\1\2") + 8] |= 1               # central directory: encrypted
open("encrypted.zip", "wb").write(data)
data = bytearray(open("seed.zip", "rb").read())
at = data.index(b"PK\1\2")
data[at + 24:at + 28] = struct.pack("<I", 1000)    # says it has 1000 bytes
data[22:26] = struct.pack("<I", 1000)
open("size.zip", "wb").write(data)
data = bytearray(open("seed.zip", "rb").read())
data[at - 1] ^= 1                                  # the last byte of the content
open("flipped.zip", "wb").write(data)
data = open("deflated.zip", "rb").read()
open("cut.zip", "wb").write(data[:len(data) // 2])
data = bytearray(data)
data[data.index(b"PK\1\2") + 28] ^= 0x40           # the length of a name in the list
open("list.zip", "wb").write(data)

data = open("plain.tar", "rb").read()
entries = tarfile.open("plain.tar").getmembers()
last = max(entries, key=lambda e: e.offset_data)
end = last.offset_data + (last.size + 511) // 512 * 512
open("cut-in-data.tar", "wb").write(data[:[e for e in entries if e.size > 9000][0].offset_data + 5000])
open("cut-in-header.tar", "wb").write(data[:last.offset + 100])
open("cut-at-end.tar", "wb").write(data[:end])
bad = bytearray(data)
bad[last.offset + 150] ^= 1                        # the header's checksum
open("checksum.tar", "wb").write(bad)
z = open("t.tar.gz", "rb").read()
open("cut.tar.gz", "wb").write(z[:len(z) - 200])
z = bytearray(z)
z[len(z) // 2] ^= 0xff
open("flipped.tar.gz", "wb").write(z)

# A sparse file of a terabyte, in GNU's own form, and one that only says it is large.
i = tarfile.TarInfo("huge")
i.size = 1 << 40
open("huge.tar", "wb").write(i.tobuf(tarfile.GNU_FORMAT) + b"\0" * 10240)
i.size = -1
head = bytearray(tarfile.TarInfo("negative").tobuf(tarfile.GNU_FORMAT))
head[124:136] = b"\xff" * 12
head[148:156] = b" " * 8
head[148:156] = b"%06o\0 " % sum(head)
open("negative.tar", "wb").write(bytes(head) + b"\0" * 10240)

# Bombs: 100 MiB of zeros in 100 KiB; in a zip as well; 5 GiB in five files.
zeros = b"\0" * (1 << 20)
with tarfile.open("bomb.tar.bz2", "w:bz2") as t:
    i = tarfile.TarInfo("zeros")
    i.size = 100 << 20
    t.addfile(i, io.BufferedReader(io.BytesIO(zeros * 100)))
zip_("bomb.zip", ("zeros", zeros * 100), method=zipfile.ZIP_BZIP2)
with tarfile.open("honest.tar.gz", "w:gz") as t:
    i = tarfile.TarInfo("zeros")
    i.size = 60 << 20
    t.addfile(i, io.BytesIO(zeros * 60))
PYTHON
for suffix in .tar -pax.tar .zip; do
    kind=${suffix##*.}
    refuse 2 'entry "/etc/passwd": its name is an absolute path' "$kind:bad-absolute$suffix"
    refuse 2 'entry "\.\./evil": its name has a part "\.\."' "$kind:bad-dotdot$suffix"
    refuse 2 'entry "a/\.\./\.\./evil": its name has a part' "$kind:bad-inner$suffix"
    refuse 2 'entry "a/\.\.": its name has a part' "$kind:bad-last$suffix"
    refuse 2 'entry "a\\x5cb": its name has a backslash' "$kind:bad-backslash$suffix"
    refuse 2 'entry "C:/evil": its name begins with a drive letter' "$kind:bad-drive$suffix"
    refuse 2 'entry "a\\x0ab": its name has a control' "$kind:bad-newline$suffix"
    refuse 2 'entry "a\\x1b\[31mred": its name has a control' "$kind:bad-escape$suffix"
    refuse 2 'entry "a\\x7f": its name has a control' "$kind:bad-delete$suffix"
    refuse 2 'its name has a control' "$kind:bad-c1$suffix"
    refuse 2 'its name has a mark that turns the direction' "$kind:bad-rtl$suffix"
    refuse 2 'its name has a mark that turns the direction' "$kind:bad-isolate$suffix"
    refuse 2 'its name has more than 4000 bytes' "$kind:bad-long$suffix"
    refuse 2 'its folders are nested deeper than 64' "$kind:bad-deep$suffix"
done
refuse 2 'entry "\.\./up/?": its name has a part "\.\."' tar:folder.tar
refuse 2 'entry "caf\\xe9": its name is not valid UTF-8' tar:latin.tar
refuse 2 'entry "hard": it is a hard link' tar:hard.tar
refuse 2 'entry "soft": it is a symbolic link' tar:soft.tar
refuse 2 'entry "soft": it is a symbolic link' zip:soft.zip
refuse 2 'entry "soft": it is a symbolic link' pair:tree,soft.tar
refuse 2 'entry "good" is there twice' tar:twice.tar
refuse 2 'entry "good" is there twice' zip:twice.zip
refuse 2 'entry "caf.*" is there twice' tar:composed.tar
refuse 2 'entry "caf.*" is there twice' zip:composed.zip
refuse 2 'entry "good\\x00ame": its name has a NUL' zip:nul.zip
refuse 2 'entry "goodname": it is encrypted' zip:encrypted.zip
refuse 2 'archive "folders.tar" holds no regular file' tar:folders.tar
refuse 2 'archive "none.tar" holds no regular file' tar:none.tar
refuse 2 '"none.zip" is no archive that can be read' zip:none.zip
refuse 1 'entry "goodname" holds 9 bytes, it says 1000|archive "size.zip" is damaged' zip:size.zip
refuse 1 'archive "flipped.zip" is damaged at or behind entry "goodname": ZIP bad CRC' zip:flipped.zip
refuse 2 '"cut.zip" is no archive that can be read' zip:cut.zip
refuse 2 '"list.zip" is no archive that can be read: Invalid central directory' zip:list.zip
refuse 1 'archive "cut-in-data.tar" is damaged at or behind entry .*: Truncated' tar:cut-in-data.tar
refuse 1 'archive "cut-in-header.tar" is ' tar:cut-in-header.tar
refuse 1 'archive "cut-at-end.tar" is cut off: no end of the archive behind' tar:cut-at-end.tar
refuse 1 'archive "checksum.tar" is damaged' tar:checksum.tar
refuse 1 'archive "cut.tar.gz" is damaged: gzip: it is cut off' tar:cut.tar.gz
refuse 1 'archive "flipped.tar.gz" is damaged: gzip: [a-z ]*$' tar:flipped.tar.gz
"$python" - <<'PYTHON'
for kind in "xz", "bz2":
    data = bytearray(open("t.tar." + kind, "rb").read())
    open("cut.tar." + kind, "wb").write(data[:len(data) - 30])
    data[len(data) * 2 // 3] ^= 0x10
    open("flipped.tar." + kind, "wb").write(data)
PYTHON
for kind in xz bz2; do
    refuse 1 "archive \"cut.tar.$kind\" is damaged" tar:cut.tar.$kind
    refuse 1 "archive \"flipped.tar.$kind\" is damaged" tar:flipped.tar.$kind
done
refuse 2 'entry "huge": it holds more than 1000000000 bytes' tar:huge.tar
refuse 2 '"negative.tar" is no archive' tar:negative.tar
refuse 2 'entry "zeros": with it the archive holds more than 1000 times its own size' tar:bomb.tar.bz2
refuse 2 'entry "zeros": with it the archive holds more than 1000 times its own size' zip:bomb.zip
mkdir sparse
truncate -s 900M sparse/1 sparse/2 sparse/3 sparse/4 sparse/5
tar cSf sparse.tar sparse
refuse 2 'entry "sparse/[1-5]": with it the archive holds more than 1000 times' tar:sparse.tar
truncate -s 1T sparse/1
tar cSf sparse.tar -C sparse 1
refuse 2 'entry "1": it holds more than 1000000000 bytes' tar:sparse.tar
rm -rf sparse
# Truncated anywhere, an archive is never taken for a whole one, nor the program down.
"$python" - "$bf" <<'PYTHON' >cuts
import subprocess, sys
wrong = []
for kind, file in (("tar", "plain.tar"), ("tar", "t.tar.gz"), ("zip", "deflated.zip")):
    data = open(file, "rb").read()
    if kind == "tar" and file == "plain.tar":
        data = data[:data.rstrip(b"\0").__len__() // 512 * 512 + 512]
    for k in range(12):
        open("cut", "wb").write(data[:len(data) * k // 12])
        p = subprocess.run([sys.argv[1], "plan", "--dataset", kind + ":cut"], capture_output=True)
        if p.returncode not in (1, 2) or not p.stderr.startswith(b"blobfront: error: "):
            wrong.append((file, k, p.returncode, p.stderr))
print(wrong)
PYTHON
is 'archives cut at any twelfth are refused' "$(cat cuts)" '[]'

# ---- odd, and all right ---------------------------------------------------------------------------
accept tar:case.tar
accept tar:nested.tar
accept tar:honest.tar.gz
# shellcheck disable=SC2086
measure odd tar:odd.tar $few_ops
is 'what is no file was left out and told' "$(note_of odd)" 'odd.tar (skipped: 1 FIFO, 2 devices)'
run_expect 1 'cannot create a temporary file in ".*/none": No such file' \
    env "TMPDIR=$home/none" "$bf" plan --dataset tar:plain.tar

# ---- histories --------------------------------------------------------------------------------------
mkdir old new
for file in a b c d; do seq "$(printf %d "'$file")" 2000 >old/$file; done
cp old/a old/b new
echo changed >>new/b
echo new >new/e
mv_like="pair:old,new"
measure pair $mv_like --strategy dedup --strategy chunked --strategy files --workload history \
    --workload read_scan
is 'pair: what it says of itself' "$(note_of pair)" 'old,new (1 created, 1 changed, 2 deleted)'
is 'pair: four operations of history' \
    "$(samples records/pair 'sorted({s["values"]["ops"] for s in S if s.get("name") == "history"})')" \
    '[4]'
is 'pair: nothing INVALID' "$(samples records/pair 'all(r["valid"] for r in R)')" True
run_expect 2 'workload "history": dataset "random" has no history of its own' \
    "$bf" run --dataset random --workload history
like 'datasets that have one are named' "$err" '^hint: datasets that have one: .*pair, git'
refuse 2 'expected OLD,NEW, got "old"' pair:old
for place in old new; do
    run_expect 2 "the study would be written to \"$place/x\", inside the data" \
        "$bf" run --dataset $mv_like --out $place/x
done

if ! command -v git >/dev/null; then
    skip 'histories of repositories: no git here'
    done_testing
fi
git init -q -b main repository
commit() {
    git -C repository add -A
    git -C repository commit -q -m "$1"
}
refuse 2 'the repository "repository" has no commit' git:repository
seq 1000 >repository/a
seq 500 >repository/b
ln -s a repository/link
commit one
seq 1001 >repository/a
git -C repository mv b c
commit two
echo x >"repository/$(printf 'odd\n\377')"
rm repository/c
commit three
measure git git:repository --strategy dedup --strategy chunked --strategy files --workload history \
    --workload read_scan --retention latest
is 'git: nothing INVALID' "$(samples records/git 'all(r["valid"] for r in R)')" True
is 'git: commits and what was left out are told' "$(note_of git)" "repository (3 commits: \
$(git -C repository rev-parse HEAD~2)..$(git -C repository rev-parse HEAD); skipped: 1 symbolic link)"
measure git-again git:repository --strategy dedup --workload history --retention latest
is 'git: the same hash again' "$(hash_of git-again)" "$(hash_of git)"
# A study may be written into the repository it measures: objects are read, not files.
run_keeping 0 '' "$bf" run --rounds 1 --strategy memory --workload history --durability none \
    --no-plots --quiet --dataset git:repository --out repository/records --name inside
rm -rf repository/records
# The study began with the commits there were: those that follow change nothing in it.
"$bf" run --rounds 4 --strategy memory --workload history --durability none --no-plots --quiet \
    --dataset git:repository --out records --name moving >"$out" 2>"$err" &
study=$!
until_runs records/moving 1
echo later >repository/later
commit later
wait $study
is 'git: a commit while a study runs is none of its business' "$?" 0
is 'git: every run of it is there' "$(samples records/moving 'len(R)')" 12
"$bf" run --rounds 8 --strategy memory --workload history --durability none --no-plots --quiet \
    --dataset git:repository --out records --name gone >"$out" 2>"$err" &
study=$!
until_runs records/gone 1
mv repository/.git/objects repository/.git/gone
mkdir repository/.git/objects
wait $study
lib_got=$? lib_exit=2 lib_words='the objects go during a study'
# One that was being read from says so itself: the exit code of a failed read.
[ $lib_got -ne 1 ] || lib_exit=1
lib_regexp='has no commit|is no git repository|does not give its content|git [a-z-]* (failed|ended)'
lib_judge
is 'git: no INVALID run is made of it' "$(samples records/gone 'all(r["valid"] for r in R)')" True
run_expect 2 'the repository "repository" has no commit' "$bf" plan --dataset git:repository
run_expect 2 'there is no program "git" in PATH' /usr/bin/env PATH=/nonexistent "$bf" plan \
    --dataset git:repository
like 'and how to get it' "$err" '^hint: install it'

done_testing
