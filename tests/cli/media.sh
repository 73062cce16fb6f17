#!/bin/sh
# media.sh: tools that know nothing of us open what the classes of compressed media make, without a
# word of complaint: of several lengths, as made and after edits of the payload.
. "$(dirname "$0")/lib.sh"

tool=$build/tests/tool_class

# quiet WHAT COMMAND...: exit code 0 and nothing on standard error; $out has its standard output.
quiet() {
    what=$1
    shift
    "$@" >"$out" 2>"$err" </dev/null
    code=$?
    if [ $code -eq 0 ] && [ ! -s "$err" ]; then
        pass "$what"
    else
        { echo "exit code $code of: $*"; cat "$err" "$out"; } >"$lib_dir/said"
        fail "$what" "$lib_dir/said"
    fi
}

# with TOOL WHAT COMMAND...: as quiet, where the tool is installed.
with() {
    if command -v "$1" >/dev/null 2>&1; then
        shift
        quiet "$@"
    else
        : >"$out"
        skip "$2: $1 is not installed"
    fi
}

# says WHAT REGEXP: the last command said so; nothing when its tool is missing.
says() {
    [ ! -s "$out" ] || like "$1" "$out" "$2"
}

decodes() { # FILE: the reader of ffmpeg meets nothing it does not expect
    with ffmpeg "ffmpeg decodes $1" ffmpeg -nostdin -v error -xerror -i "$1" -f null -
}

open_png() {
    with file "file reads $1" file -b "$1"
    says "file knows $1" '^PNG image data, [0-9]+ x [0-9]+, 8-bit/color RGB, non-interlaced$'
    with pngcheck "pngcheck reads $1" pngcheck "$1"
    says "pngcheck accepts $1" '^OK: '
    decodes "$1"
}

open_jpeg() {
    with file "file reads $1" file -b "$1"
    says "file knows $1" '^JPEG image data, JFIF standard 1.01,.* components 1$'
    with djpeg "djpeg decodes $1" djpeg -outfile picture.pgm "$1"
    decodes "$1"
}

open_gif() {
    with file "file reads $1" file -b "$1"
    says "file knows $1" '^GIF image data, version 89a, [0-9]+ x [0-9]+$'
    with gifsicle "gifsicle decodes and packs $1" gifsicle --unoptimize --no-comments "$1" -o picture.gif
    decodes "$1"
}

# open_movie FILE SAYS CODEC
open_movie() {
    with file "file reads $1" file -b "$1"
    says "file knows $1" "^ISO Media, $2"
    with ffprobe "ffprobe reads $1" ffprobe -v error -show_entries \
        stream=codec_name,codec_tag_string,sample_rate,channels,duration_ts -of csv=p=0 "$1"
    says "ffprobe knows $1" "^pcm_s16le,$3,48000,2,[0-9]+\$"
    decodes "$1"
}
open_mp4() { open_movie "$1" 'MP4 Base Media v1' ipcm; }
open_mov() { open_movie "$1" 'Apple QuickTime movie' sowt; }

open_pdf() {
    with file "file reads $1" file -b "$1"
    says "file knows $1" '^PDF document, version 1.4, 1 pages$'
    with qpdf "qpdf checks $1" qpdf --check "$1"
    says "qpdf accepts $1" '^No syntax or stream encoding errors found'
}

open_zip() {
    with file "file reads $1" file -b "$1"
    says "file knows $1" '^Zip archive data, at least v2.0 to extract, compression method=deflate$'
    with unzip "unzip tests $1" unzip -t "$1"
    says "unzip accepts $1" '^No errors detected in compressed data of '
    quiet "Python reads $1" "$python" -c '
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
assert [i.compress_type for i in z.infolist()] == [8, 0, 0]
assert b"blobfront" in z.read("README.txt")
' "$1"
}

for class in png gif jpeg mp4 mov zip pdf; do
    for len in 2048 65536 1500007; do
        "$tool" $class 11 $len $class-$len || fail "tool_class $class $len"
        is "$class-$len is as long as asked" "$(wc -c <$class-$len)" $len
        open_$class $class-$len
    done
    # Bytes come and go; where AT is odd there is room to spare in the file.
    "$tool" $class 11 65536 $class-longer 20001 1237
    "$tool" $class 11 65536 $class-shorter 20000 -30011
    "$tool" $class 11 65536 $class-short 1 -65536
    for edit in longer shorter short; do
        open_$class $class-$edit
    done
done

# ---- files of a dataset, whose versions are edits of all kinds ----------------------------------
dataset=$build/tests/tool_dataset
for class in png gif jpeg mp4 mov zip pdf; do
    for version in 0 5; do
        mkdir synth-$class-$version
        "$dataset" synth:class=$class,files=3,sizes=lognormal,size=24k,edits=3 7 $version \
            synth-$class-$version || fail "tool_dataset $class $version"
        for made in synth-$class-"$version"/*; do
            open_$class "$made"
        done
    done
    is "synth makes three files of $class" "$(ls synth-$class-0 synth-$class-5 | grep -c '^[0-2]')" 6
    for file in 0 1 2; do
        cmp -s synth-$class-0/$file.* synth-$class-5/$file.*
        is "edits change file $file of $class" $? 1
    done
done
done_testing
