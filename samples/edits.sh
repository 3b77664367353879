#!/bin/bash
# Makes, from the sample clips, what people upload: eight edited re-uploads and two innocent videos.
#
#   samples/edits.sh FOLDER
set -euo pipefail

clips=$(realpath "$(dirname "$0")")
out=${1:?usage: samples/edits.sh FOLDER}
mkdir -p "$out"
font=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf

# upload NAME ARGUMENT...: ffmpeg's arguments, then our encoder (crf= before it sets the quality).
upload() {
    local name=$1
    shift
    ffmpeg -nostdin -v error -y "$@" -an -c:v libx264 -preset veryfast -crf "${crf:-26}" -pix_fmt yuv420p "$out/$name.mp4"
}

caption() { echo "drawtext=fontfile=$font:text='$1':fontsize=$2:fontcolor=white:borderw=3:x=(w-tw)/2:y=$3"; }

crf=34 upload 01-harbour-smaller -i "$clips/harbour.mp4" -vf scale=320:-2
upload 02-city-mirrored -i "$clips/city.mp4" -vf hflip
upload 03-chess-cropped -i "$clips/chess.mp4" -vf 'crop=iw*0.7:ih*0.7:iw*0.2:ih*0.1,scale=480:-2'
upload 04-mountains-letterbox -i "$clips/mountains.mp4" \
    -vf "scale=480:-2,pad=480:480:0:(oh-ih)/2,$(caption 'wait for it...' 34 40)"
upload 05-coast-in-picture -i "$clips/colony.mp4" -i "$clips/coast.mp4" \
    -filter_complex '[1]scale=230:-2[small];[0][small]overlay=W-w-12:H-h-12:eof_action=pass'
upload 06-aquarium-faster -i "$clips/aquarium.mp4" -vf 'setpts=PTS/1.25'
upload 07-harbour-excerpt -i "$clips/window.mp4" -ss 2 -t 5 -i "$clips/harbour.mp4" -filter_complex '
    [0]trim=0:4,setpts=PTS-STARTPTS,scale=-2:270,pad=480:270:(ow-iw)/2:0,setsar=1,fps=15[before];
    [1]scale=480:270,setsar=1,fps=15,setpts=PTS-STARTPTS[middle];
    [before][middle]concat=n=2'
upload 08-city-blurred-box -i "$clips/city.mp4" -filter_complex '
    split[a][b];[a]scale=-2:640,crop=360:640,boxblur=18[back];[b]scale=360:-2[front];[back][front]overlay=0:(H-h)/2'
upload 09-innocent-window -i "$clips/window.mp4" -vf scale=360:-2
upload 10-innocent-colony -i "$clips/colony.mp4" \
    -vf "scale=480:-2,pad=480:480:0:(oh-ih)/2,$(caption 'so satisfying' 34 40)"
