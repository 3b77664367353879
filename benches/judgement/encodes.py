"""Films: recipes for ffmpeg, made in parallel and kept in a folder under the hash of their recipe.

A film is small (640 × 360, 15 frames a second, ultrafast, crf 26, no sound). Its recipe names everything that its
bytes depend on: the source files with size and time of change, the cuts, the filters, the encoder's options. A second
run with the same seed finds its films made.
"""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WIDTH, HEIGHT, RATE = 640, 360, 15
# Brings any picture to the common size without black bars: bars would be the same in all films.
FIT = (f"fps={RATE},scale={WIDTH}:{HEIGHT}:force_original_aspect_ratio=increase,crop={WIDTH}:{HEIGHT},"
       "setsar=1,format=yuv420p,setpts=PTS-STARTPTS")


class Film:
    """A film that has been ordered: `path` is known, the file is there after `Encodes.make`."""

    def __init__(self, path, inputs, arguments, seconds, is_encode):
        self.path, self.inputs, self.arguments = path, inputs, arguments
        self.seconds, self.is_encode = seconds, is_encode
        # Films that must be there first: those among the inputs, and those of a chain.
        self.after = [part for given in inputs for part in given if isinstance(part, Film)]


class Piece:
    """A stretch of a film or of any file, seconds; `filters` come after the common size."""

    def __init__(self, source, start=0.0, seconds=None, filters=""):
        self.source, self.start, self.filters = source, start, filters
        self.seconds = seconds if seconds is not None else source.seconds - start


class Encodes:
    """All films of a run. `order` and `join` only write down; `make` runs ffmpeg for what is not there yet."""

    def __init__(self, work, workers=None):
        self.folder = Path(work) / "films"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.workers = workers or os.cpu_count() or 1
        self.films = {}
        self.made = 0

    def count(self):
        """Number of encodes that the films ordered so far need; remuxes do not count."""
        return sum(film.is_encode for film in self.films.values())

    def order(self, inputs, graph, seconds, crf=26, suffix="mp4", extra=()):
        """A film from ffmpeg's inputs and a filter graph from [0:v], [1:v], … to [v].

        An input is a list of arguments whose last is a film or a path, or a list that needs no file (lavfi).
        """
        encoder = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", str(crf), "-pix_fmt", "yuv420p", "-g", "60",
                   *extra]
        arguments = ["-filter_complex", graph, "-map", "[v]", "-t", f"{seconds:.3f}", "-r", str(RATE), "-an", *encoder]
        return self._film(inputs, arguments, seconds, suffix, True)

    def join(self, pieces, filters="", **options):
        """The pieces one after another; `filters` apply to the whole."""
        inputs, chains, labels = [], [], ""
        for number, piece in enumerate(pieces):
            inputs.append(piece_input(piece))
            own = f",{piece.filters}" if piece.filters else ""
            chains.append(f"[{number}:v]{FIT}{own},format=yuv420p[p{number}]")
            labels += f"[p{number}]"
        after = f",{filters}" if filters else ""
        graph = ";".join(chains) + f";{labels}concat=n={len(pieces)}{after},format=yuv420p[v]"
        seconds = options.pop("seconds", sum(piece.seconds for piece in pieces))
        return self.order(inputs, graph, seconds, **options)

    def remux(self, film, suffix, **metadata):
        """The same pictures in another container; metadata by name, which make the bytes differ."""
        given = [word for name, value in metadata.items() for word in ("-metadata", f"{name}={value}")]
        arguments = ["-c", "copy", *given]
        return self._film([["-i", film]], arguments, film.seconds, suffix, False)

    def chain(self, films, suffix="mp4"):
        """Films one after another without encoding: a long one for little work."""
        names = "".join(film.path.name for film in films)
        listed = self.folder / (hashlib.sha256(names.encode()).hexdigest()[:20] + ".txt")
        listed.write_text("".join(f"file '{film.path}'\n" for film in films))
        inputs = [["-f", "concat", "-safe", "0", "-i", str(listed)]]
        chained = self._film(inputs, ["-c", "copy"], sum(film.seconds for film in films), suffix, False)
        chained.after = films
        return chained

    def _film(self, inputs, arguments, seconds, suffix, is_encode):
        recipe = "\0".join([*(part for given in inputs for part in map(_identity, given)), *arguments])
        name = hashlib.sha256(recipe.encode()).hexdigest()[:20]
        path = self.folder / f"{name}.{suffix}"
        if path not in self.films:
            self.films[path] = Film(path, inputs, arguments, seconds, is_encode)
        return self.films[path]

    def make(self, wanted=None):
        """Makes what is missing of these films (all that were ordered), sources before what is made of them."""
        def missing(film):
            return not film.path.exists()

        needed, open_films = {}, list(self.films.values() if wanted is None else wanted)
        while open_films:
            film = open_films.pop()
            # What a film that is there was made of need not be there any more.
            if film.path not in needed and missing(film):
                needed[film.path] = film
                open_films += film.after
        waiting = list(needed.values())
        total = len(waiting)
        with ThreadPoolExecutor(self.workers) as pool:
            while waiting:
                ready = [film for film in waiting if not any(map(missing, film.after))]
                assert ready, "a film cannot be made of itself"
                for _ in pool.map(_run, ready):
                    self.made += 1
                    if sys.stderr.isatty():
                        print(f"\r{self.made} of {total} films", end="", file=sys.stderr)
                waiting = [film for film in waiting if missing(film)]
        if total and sys.stderr.isatty():
            print(file=sys.stderr)


def piece_input(piece):
    """ffmpeg's arguments for reading a piece."""
    return ["-ss", f"{piece.start:.3f}", "-t", f"{piece.seconds:.3f}", "-i", piece.source]


def _identity(part):
    """What the recipe says of an argument: a source file by name, size and time of change."""
    if isinstance(part, Film):
        return part.path.name
    if isinstance(part, Path):
        state = part.stat()
        return f"{part.name} {state.st_size} {state.st_mtime_ns}"
    return part


def _run(film):
    def plain(part):
        return str(part.path if isinstance(part, Film) else part)

    given = [plain(part) for arguments in film.inputs for part in arguments]
    # Under another name until it is complete: a run that was stopped leaves no half film.
    half = film.path.with_name("half-" + film.path.name)
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", "-filter_complex_threads", "1", *given,
               *film.arguments, "-threads", "1", "-bitexact", str(half)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"ffmpeg failed: {' '.join(command)}\n{done.stderr}")
    half.rename(film.path)
