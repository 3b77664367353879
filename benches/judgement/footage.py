"""Real footage: the stretches of a folder's clips, handed out so that no picture is in two places.

Clips whose names begin with the same word, up to the first hyphen, count as one family (takes of one place, such as
`toy-elf` and `toy-frog`): what is taken from a family goes to one place only. When the footage is used up, generated
bodies take its place, and the table says how many.
"""

import subprocess
from pathlib import Path

from encodes import Piece

SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".3gp"}
# Shorter rests of a clip are not used.
REST_S_MIN = 2.0


class Footage:
    def __init__(self, folders, generated):
        self.generated = generated
        self.generated_count = 0
        # Generated bodies of one run have names of their own; `reset` must not hand them out again.
        self.clips = []
        for folder in folders:
            files = sorted(path for path in Path(folder).rglob("*") if path.suffix.lower() in SUFFIXES)
            self.clips += [(path, _seconds(path)) for path in files]
        self.clips = [(path, seconds) for path, seconds in self.clips if seconds >= REST_S_MIN]
        self.reset()

    def reset(self):
        """All footage is free again: for another scenario, with a data folder of its own."""
        self.families = {}
        for path, seconds in self.clips:
            family = self.families.setdefault(path.stem.split("-")[0], [])
            family.append(Piece(path, 0.0, seconds - 0.1))

    def take(self, seconds, name):
        """Pieces with this total length, from families of their own; `name` seeds what must be generated.

        The smallest family that suffices; else the largest ones until they do.
        """
        pieces, open_s = [], seconds
        while open_s > 0.01:
            sizes = {key: sum(piece.seconds for piece in family) for key, family in self.families.items()}
            enough = [key for key in sizes if sizes[key] >= open_s]
            # A family much longer than what is wanted is kept for longer films while others are left.
            chosen = min(enough, key=lambda key: (sizes[key], key), default=None)
            if chosen is None or sizes[chosen] > 3 * open_s + 10:
                short = [key for key in sizes if REST_S_MIN <= sizes[key] < open_s]
                chosen = max(short, key=lambda key: (sizes[key], key), default=chosen)
            if chosen is None:
                self.generated_count += 1
                return pieces + [Piece(self.generated.body(f"{name}-fill", round(open_s, 3)), 0.0, open_s)]
            for piece in self.families.pop(chosen):
                part = min(piece.seconds, open_s)
                if part > 0.01:
                    pieces.append(Piece(piece.source, piece.start, part))
                    open_s -= part
        return pieces


def _seconds(path):
    asked = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "format=duration",
                            "-of", "csv=p=0", str(path)], capture_output=True, text=True)
    try:
        return float(asked.stdout.strip())
    except ValueError:
        return 0.0
