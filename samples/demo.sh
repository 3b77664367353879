#!/bin/bash
# The demonstration: tombstones from the sample clips, then ten uploads checked against them.
#
#   samples/demo.sh [FOLDER]     FOLDER: your own videos, each deleted and then uploaded again, mirrored and smaller
#
# It works in a temporary folder with its own keys. `CENOTAPH` names the program to show. Takes about a minute.
set -euo pipefail

here=$(realpath "$(dirname "$0")")
cenotaph=$(realpath "${CENOTAPH:-$here/../target/release/cenotaph}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export CENOTAPH_KEYS=$work/keys
data=$work/data
uploads=$work/uploads
mkdir "$uploads"

if [ -n "${1:-}" ]; then
    mapfile -d '' -t deleted < <(find -L "$(realpath "$1")" -type f \( -iname '*.mp4' -o -iname '*.mov' -o \
        -iname '*.mkv' -o -iname '*.webm' -o -iname '*.avi' -o -iname '*.m4v' -o -iname '*.3gp' \) -print0 | sort -z)
    [ ${#deleted[@]} -gt 0 ] || { echo "no videos in $1" >&2; exit 2; }
else
    deleted=("$here"/{harbour,city,chess,mountains,coast,aquarium}.mp4)
fi

step() { echo "== [$SECONDS s] $*"; }

step "${#deleted[@]} deleted videos become tombstones"
"$cenotaph" tombstone add --data "$data" -- "${deleted[@]}"

echo
step "ffmpeg makes the uploads"
if [ -n "${1:-}" ]; then
    n=0
    for video in "${deleted[@]}"; do
        n=$((n + 1))
        ffmpeg -nostdin -v error -y -i "$video" -t 30 -vf "hflip,scale='trunc(iw*0.3)*2':-2" -an -c:v libx264 \
            -preset veryfast -crf 28 -pix_fmt yuv420p "$uploads/$(printf %03d $n)-mirrored-$(basename "${video%.*}").mp4" ||
            echo "ffmpeg cannot read $video" >&2
    done
else
    "$here/edits.sh" "$uploads"
fi

echo
step "the uploads are checked against the tombstones"
cd "$uploads"
# `scan` exits with 0 whatever the verdicts; 2 means that a file could not be checked.
scan() { "$cenotaph" scan --data "$data" "$@"; }
scan -- *.mp4
[ -z "${1:-}" ] || exit 0

# The demonstration is a test as well: every re-upload is found, no innocent video is touched.
scan --output "$work/scan.jsonl" -- *.mp4 >/dev/null
wrong=$(awk '
    # The first verdict of a line is the upload'\''s, the later ones are its matches'\''.
    { allowed = /^{"path":"[^"]*","verdict":"allow"/; innocent = /^{"path":"[^"]*innocent/ }
    allowed != innocent { print "wrong verdict: " $0 }
    END { if (NR != 10) print NR " lines instead of 10" }' "$work/scan.jsonl")
if [ -n "$wrong" ]; then
    echo "$wrong" >&2
    exit 1
fi
echo
step "all eight re-uploads were recognised, both innocent uploads let through"
