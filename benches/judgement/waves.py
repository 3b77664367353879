#!/usr/bin/env python3
"""waves: a video that many others re-upload and delete is still blocked, and its owner is not.

Twenty originals of 8, 20 and 60 s, each deleted by its owner; for each ten more tombstones by ten other owners: whole
re-uploads, cuts, mirrored, faster, compilations, and two attacks that try to make the original common. They arrive in
three orders. Then five re-uploads of each original are checked, by a stranger and, unaltered, by the owner.
"""

from concurrent.futures import ThreadPoolExecutor

from encodes import Encodes, Piece
from footage import Footage
from generated import Generated, generator
from program import Cenotaph
from report import Run, share

LENGTHS = [8] * 7 + [20] * 7 + [60] * 6
COMPILATION_S_MAX = 200
CHECKS = ["remux", "re-encode", "crop", "mirror", "50 % cut"]


class Material:
    """Originals, what others delete, and what is uploaded afterwards."""

    def __init__(self, run):
        self.seed = run.arguments.seed
        self.encodes = Encodes(run.arguments.work, run.arguments.workers)
        self.generated = Generated(run.arguments.work, self.encodes)
        self.footage = Footage(run.folders(), self.generated)
        # The shortest first: they take the clips that fit them; long ones are put together of what is left.
        taken = {number: self.footage.take(LENGTHS[number], f"wave-{self.seed}-{number}")
                 for number in sorted(range(len(LENGTHS)), key=lambda number: LENGTHS[number])}
        self.originals = [self.encodes.join(taken[number], crf=23) for number in range(len(LENGTHS))]
        # With `--only "8 s"` the same films as without, but only those of these originals.
        self.numbers = [number for number, seconds in enumerate(LENGTHS) if run.wants(f"{seconds} s")]
        self.others = [(f"{number}-{kind}", f"other-{number}-{kind}", film)
                       for number in self.numbers for kind, film in self._others(number)]
        self.uploads = {(number, kind): film for number in self.numbers
                        for kind, film in zip(CHECKS, self._uploads(number))}

    def _others(self, number):
        film, rng = self.originals[number], generator("others", self.seed, number)
        yield "whole-1", self.encodes.join([Piece(film)], crf=30)
        yield "whole-2", self.encodes.remux(film, "mov", title=f"copy {number}")
        for name in ("cut-1", "cut-2"):
            yield name, self.encodes.join([self._cut(film, rng)])
        yield "mirrored", self.encodes.join([Piece(film)], "hflip")
        yield "faster", self.encodes.join([Piece(film)], "setpts=PTS/1.25", seconds=film.seconds / 1.25)
        yield "compilation-wholes", self.encodes.join(self._compilation(number, rng, lambda film: Piece(film)))
        yield "compilation-cuts", self.encodes.join(self._compilation(number, rng, lambda film: self._cut(film, rng)))
        yield "attack-3s", self.encodes.join(
            [self._junk(number, "a", rng), self._three_seconds(film, rng), self._junk(number, "b", rng)])
        pieces = [self._junk(number, "c", rng)]
        for name in "def":
            pieces += [self._three_seconds(film, rng), self._junk(number, name, rng)]
        yield "attack-3x3s", self.encodes.join(pieces)

    def _compilation(self, number, rng, piece):
        """The original among one to five others, not longer than a compilation is."""
        films, size = [self.originals[number]], rng.randint(2, 6)
        others = [film for film in self.originals if film is not films[0]]
        for film in rng.sample(others, len(others)):
            if len(films) < size and sum(one.seconds for one in films) + film.seconds <= COMPILATION_S_MAX:
                films.append(film)
        rng.shuffle(films)
        return [piece(film) for film in films]

    @staticmethod
    def _cut(film, rng):
        seconds = film.seconds * rng.uniform(0.3, 0.7)
        return Piece(film, rng.uniform(0, film.seconds - seconds), seconds)

    @staticmethod
    def _three_seconds(film, rng):
        return Piece(film, rng.uniform(0, film.seconds - 3), 3.0)

    def _junk(self, number, name, rng):
        """A stretch of a body that is in no other video. One generated film serves one original's attacks."""
        whole = self.generated.body(f"junk-{self.seed}-{number}", 24)
        return Piece(whole, 4 * "abcdef".index(name), rng.uniform(2.5, 3.9))

    def _uploads(self, number):
        film = self.originals[number]
        yield self.encodes.remux(film, "mkv", title=f"upload {number}")
        yield self.encodes.join([Piece(film)], "scale=480:270", crf=30)
        yield self.encodes.join([Piece(film)], "crop=iw*0.8:ih*0.8:iw*0.12:ih*0.06,scale=480:-2")
        yield self.encodes.join([Piece(film)], "hflip,scale=576:324", crf=27)
        yield self.encodes.join([Piece(film, film.seconds / 4, film.seconds / 2)], crf=28)


def owner(number):
    return f"owner-{number}"


def arrive(run, material, order):
    """One order of arrival: verdicts with the originals alone (in the order `first`), strangers', and owners'."""
    originals = [(f"original-{number}", owner(number), material.originals[number]) for number in material.numbers]
    films = list(material.uploads.values())
    alone = None
    with Cenotaph(run.arguments.program, run.arguments.work / f"waves-{order}") as cenotaph:
        if order == "first":
            cenotaph.add_all(originals)
            alone = cenotaph.scan(films)
            cenotaph.add_all(material.others)
        elif order == "last":
            cenotaph.add_all(material.others)
            cenotaph.add_all(originals)
        else:
            mixed = originals + material.others
            generator("order", material.seed).shuffle(mixed)
            cenotaph.add_all(mixed)
        run.say(f"original {order}: {len(originals) + len(material.others)} tombstones")
        found = cenotaph.scan(films)
        owners = {number: cenotaph.check(material.uploads[number, "remux"], owner(number))
                  for number in material.numbers}
    return order, alone, found, owners


def main():
    run = Run(__doc__.splitlines()[0])
    material = Material(run)
    run.say(f"{material.encodes.count()} encodes, what is missing of them is made")
    material.encodes.make([*(material.originals[number] for number in material.numbers),
                           *(film for _, _, film in material.others), *material.uploads.values()])
    with ThreadPoolExecutor(min(3, material.encodes.workers)) as pool:
        orders = list(pool.map(lambda order: arrive(run, material, order), ["first", "last", "shuffled"]))
    keys, alone = list(material.uploads), orders[0][1]
    rows, totals = [], {"lost": 0, "allow": 0, "owner": 0}
    for order, _, found, owners in orders:
        for length in sorted({LENGTHS[number] for number in material.numbers}):
            picked = [index for index, (number, _) in enumerate(keys) if LENGTHS[number] == length]
            counts = {verdict: sum(found[index].verdict == verdict for index in picked)
                      for verdict in ("block", "review", "allow")}
            lost = sum(alone[index].verdict == "block" != found[index].verdict for index in picked)
            blocked = sum(one.verdict == "block" for number, one in owners.items() if LENGTHS[number] == length)
            alone_blocks = sum(alone[index].verdict == "block" for index in picked)
            rows.append([f"original {order}", f"{length} s", len(picked), alone_blocks, *counts.values(), lost,
                         f"{blocked} of {LENGTHS.count(length)}"])
            totals["lost"] += lost
            totals["allow"] += counts["allow"]
            totals["owner"] += blocked
        for index, (number, kind) in enumerate(keys):
            run.case(order=order, original=number, seconds=LENGTHS[number], upload=kind, alone=str(alone[index]),
                     got=str(found[index]), owner=str(owners[number]))
    run.table("Verdicts on five re-uploads of each original", ["order", "length", "uploads", "block alone", "block",
              "review", "allow", "block lost", "owners blocked"], rows)
    kinds = [[kind, *(sum(found[index].verdict == verdict for _, _, found, _ in orders for index, key in enumerate(keys)
                          if key[1] == kind) for verdict in ("block", "review", "allow"))] for kind in CHECKS]
    run.table("By kind of upload, all orders", ["upload", "block", "review", "allow"], kinds)
    cases = len(keys)
    same = sum(len({found[index].verdict for _, _, found, _ in orders}) == 1 for index in range(cases))
    worst = max(sum(a.verdict == "block" != f.verdict for a, f in zip(alone, found)) for _, _, found, _ in orders)
    run.bar("`block` lost in ≤ 2 of 100, in every order", f"{worst} of {cases} in the worst", worst <= 0.02 * cases)
    run.bar("none `allow`", share(totals["allow"], 3 * cases), totals["allow"] == 0)
    run.bar("no original's owner blocked", share(totals["owner"], 3 * len(material.numbers)), totals["owner"] == 0)
    run.bar("the same verdict in three orders in ≥ 99 of 100", share(same, cases), same >= 0.99 * cases)
    run.end(material.encodes, material.footage)


if __name__ == "__main__":
    main()
