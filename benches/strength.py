#!/usr/bin/env python3
"""Does a tombstone keep what it promises?

Makes up to 100 deleted videos (pieces of clips of 2, 5 and 10 seconds, and slides, titles, screens and single colours
from ffmpeg's generators), a tombstone of each in a data folder of its own, and its re-encode with
`ffmpeg -vf scale=320:-2 -c:v libx264 -crf 30`. Compares the strength of the tombstone with what `cenotaph check` says of
the re-encode, for a million tombstones: the score of a check among one less the six that a million cost.

    benches/strength.py [--program target/release/cenotaph] [--work FOLDER] [--json] [FOLDER OF CLIPS ...]

Without a folder of clips it takes those of samples/. FOLDER keeps the videos for the next run. Needs ffmpeg; prints
tables in Markdown, and ends with 1 when promises are not kept.
"""

import argparse
import collections
import concurrent.futures
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MOST = 100
LENGTHS_S = (2, 5, 10)
VIDEOS = {".mp4", ".mov", ".mkv", ".webm"}
REENCODE = ["-vf", "scale=320:-2", "-c:v", "libx264", "-crf", "30", "-pix_fmt", "yuv420p", "-an"]
# The policy's thresholds, and what a million tombstones cost.
BLOCK, REVIEW, MILLION = 8.0, 4.0, 6.0
# Agreement and over-promises that are demanded.
AGREE_MIN, OVER_MAX = 0.95, 0.02


def ffmpeg(*arguments):
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", *map(str, arguments)]
    subprocess.run(command, check=True)


def generators(clips):
    """Names and ffmpeg's arguments of what has little in it."""
    font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"

    def text(words, size, colour, x, y):
        return f"drawtext=fontfile={font}:text='{words}':fontsize={size}:fontcolor={colour}:x={x}:y={y}"

    def still(clip, at, seconds):
        graph = f"trim=end_frame=1,scale=640:-2,loop={seconds * 15}:1,setpts=N/15/TB"
        return ["-ss", str(at), "-i", str(clip), "-vf", graph, "-r", "15"]

    def drawn(ground, seconds, *filters):
        graph = ",".join([f"color={ground}:s=640x360:r=15:d={seconds}", *filters])
        return ["-f", "lavfi", "-i", graph]

    line = "Minutes of the meeting, page"
    lines = [text(f"{line} {n}", 18 + n, "black", 40, 30 + 40 * n) for n in range(7)]
    window = [
        "drawbox=x=0:y=0:w=640:h=24:color=0x333333:t=fill",
        "drawbox=x=0:y=24:w=140:h=336:color=0xdddddd:t=fill",
        *[text(f"folder {n}", 13, "black", 12, 40 + 24 * n) for n in range(9)],
    ]
    found = {
        "black": drawn("black", 5),
        "grey": drawn("gray", 5),
        "gradient": ["-f", "lavfi", "-i", "gradients=s=640x360:c0=0x202020:c1=0x404040:x0=0:x1=639:d=5:r=15:speed=0.00001"],
        "noise": drawn("gray", 3, "noise=alls=12:allf=t"),
        "title": drawn("white", 4, text("The end", 60, "black", 200, 140)),
        "title-dim": drawn("0x101010", 4, text("chapter one", 28, "0x282828", 240, 170)),
        "word": drawn("navy", 2, text("hello", 40, "white", 260, 160)),
        "slide": drawn("white", 6, *lines),
        "screen": drawn("white", 8, *window),
        "screen-typing": drawn("white", 8, *window, text("%{n}", 40, "black", 200, 160)),
        "bars": ["-f", "lavfi", "-i", "smptebars=s=640x360:r=15:d=5"],
        "test": ["-f", "lavfi", "-i", "testsrc=s=640x360:r=15:d=5"],
        "box": drawn("gray", 5, "drawbox=x=40+t*60:y=150:w=60:h=60:color=white:t=fill"),
        "cells": ["-f", "lavfi", "-i", "cellauto=s=160x90:r=15:rule=110,scale=640:360,trim=duration=4"],
    }
    for n, clip in enumerate(clips[:6]):
        found[f"still-{clip.stem}"] = still(clip, 1, 3 + n % 3)
    if len(clips) > 1:
        blurred = ["-ss", "1", "-t", "4", "-i", str(clips[1]), "-vf", "scale=640:-2,gblur=sigma=12"]
        dark = ["-ss", "1", "-t", "4", "-i", str(clips[0]), "-vf", "scale=640:-2,eq=contrast=0.08:brightness=-0.4"]
        found |= {"blurred": blurred, "dark": dark}
    return found


def length_s(clip):
    ask = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(clip)]
    return float(subprocess.run(ask, check=True, capture_output=True, text=True).stdout)


def pieces(clips, most):
    """Names and ffmpeg's arguments of pieces of clips: one of each clip, then another length of each."""
    found, lengths = {}, [length_s(clip) for clip in clips]
    for turn in range(len(LENGTHS_S)):
        for n, clip in enumerate(clips):
            seconds = LENGTHS_S[(n + turn) % len(LENGTHS_S)]
            start = max(0.0, (lengths[n] - seconds) * (0.2 + 0.3 * turn))
            if len(found) < most:
                cut = f"-ss {start:.2f} -t {seconds} -i {clip} -vf scale=640:-2"
                found[f"{clip.stem}-{seconds}s"] = cut.split()
    return found


def make(work, name, arguments):
    deleted, copy = work / f"{name}.mp4", work / "copies" / f"{name}.mp4"
    if not deleted.exists():
        coded = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p", "-an"]
        ffmpeg(*arguments, *coded, deleted)
    if not copy.exists():
        ffmpeg("-i", deleted, *REENCODE, copy)
    return deleted, copy


def measure(program, work, name, arguments):
    """What the tombstone of a video promises, and what its re-encode gets."""
    deleted, copy = make(work, name, arguments)
    with tempfile.TemporaryDirectory() as data:
        keys = work / "keys"

        def run(*words):
            command = [program, "--data", data, "--keys", keys, *words, "--json"]
            done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
            assert done.stdout.strip(), (name, words, done.stderr)
            return json.loads(done.stdout.strip().splitlines()[-1])

        made = run("tombstone", "add", "--id", "it", deleted)
        found = [m for m in run("check", copy)["matches"] if m["tombstone"] == "it"]
    one = found[0] if found else {"score": -9.0, "verdict": "allow", "evidence": {"keyframes": 0}}
    score = one["score"] - MILLION
    two = one["verdict"] == "block" or one["evidence"]["keyframes"] > 1
    gets = "unmatchable" if score < REVIEW else "block" if score >= BLOCK and two else "review"
    return {"name": name, "promises": made["strength"], "gets": gets, "score": round(score, 1), "why": made["why"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="*", type=pathlib.Path)
    parser.add_argument("--program", default=HERE.parent / "target/release/cenotaph", type=pathlib.Path)
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--json", action="store_true", help="print a line for each video as well")
    parser.add_argument("--prepare", action="store_true", help="only make the videos")
    options = parser.parse_args()
    folders = [HERE.parent / "samples", *options.folders]
    clips = [sorted(f for f in folder.iterdir() if f.suffix in VIDEOS) for folder in folders]
    # The clips of all folders in turn, so that the number is not used up by one of them.
    clips = [clip for clips in clips for clip in clips]
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or pathlib.Path(temporary)
        (work / "copies").mkdir(parents=True, exist_ok=True)
        videos = generators(clips)
        videos |= pieces(clips, MOST - len(videos))
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            if options.prepare:
                list(pool.map(lambda item: make(work, *item), videos.items()))
                return 0
            # The first makes the keys.
            items = list(videos.items())
            first = measure(options.program, work, *items[0])
            rest = pool.map(lambda item: measure(options.program, work, *item), items[1:])
            return report([first, *rest], options.json)


def report(lines, as_json):
    if as_json:
        for line in lines:
            print(json.dumps(line))
    labels = ("block", "review", "unmatchable")
    counts = collections.Counter((line["promises"], line["gets"]) for line in lines)
    print("| the tombstone promises | its re-encode: block | review | neither |\n|---|---|---|---|")
    for label in labels:
        print(f"| `{label}` | " + " | ".join(str(counts[label, got]) for got in labels) + " |")
    agree = sum(counts[label, label] for label in labels)
    over = [l for l in lines if labels.index(l["promises"]) < labels.index(l["gets"])]
    under = [l for l in lines if labels.index(l["promises"]) > labels.index(l["gets"])]
    print(f"\n{len(lines)} videos, {agree} agree, {len(over)} promise too much, {len(under)} too little.")
    for line in over + under:
        print(f"- {line['name']}: promises {line['promises']}, gets {line['gets']} ({line['score']}); {line['why']}")
    kept = agree >= AGREE_MIN * len(lines) and len(over) <= math.floor(OVER_MAX * len(lines) + 1e-9)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
