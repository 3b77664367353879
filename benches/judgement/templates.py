#!/usr/bin/env python3
"""templates: what many videos share (idents, cards, bars, sets) blocks nobody, and soon is allowed.

Tombstones are videos with a template and bodies of their own; uploads are strangers' innocent videos with the same
template and other bodies. Tombstones come one after another (1, 2, 3, 5, 20, 200), by many owners or by one, and after
each step all uploads are checked.
"""

from concurrent.futures import ThreadPoolExecutor

from encodes import FIT, Encodes, Piece, piece_input
from footage import Footage
from generated import Generated, lower_third, story
from program import Cenotaph
from report import Run, share

PLACES = ["head", "middle", "tail"]
STEPS = [1, 2, 3, 5, 20, 200]
# Number of owners from which a template is known to be one.
OWNERS_ENOUGH = 3


class Scenario:
    """Tombstones in order of arrival and uploads of one kind of template.

    `may_allow`: the template is ≤ 20 % of the upload and a stretch of its own, so that `allow` is promised.
    `promised`: false for what the documents name as a limit.
    """

    def __init__(self, name, share, tombstones, uploads, may_allow=False, promised=True, one_owner=False):
        self.name, self.share, self.tombstones, self.uploads = name, share, tombstones, uploads
        self.may_allow, self.promised, self.one_owner = may_allow, promised, one_owner

    def of_one_owner(self):
        """The same videos, all deleted by one account."""
        return Scenario(f"{self.name}, one owner", self.share, self.tombstones, self.uploads,
                        promised=self.promised, one_owner=True)


class Material:
    def __init__(self, run):
        self.seed = run.arguments.seed
        self.encodes = Encodes(run.arguments.work, run.arguments.workers)
        self.generated = Generated(run.arguments.work, self.encodes)
        self.footage = Footage(run.folders(), self.generated)

    def bodies(self, scenario, seconds, count):
        """Pieces of footage for this number of videos; other scenarios may use the same ones, in another data folder."""
        self.footage.reset()
        return [self.footage.take(seconds, f"template-{self.seed}-{scenario}-{number}") for number in range(count)]

    def with_ident(self, ident, body, place):
        """The ident before, after or amid the body."""
        if place == "head":
            return self.encodes.join([Piece(ident), *body])
        if place == "tail":
            return self.encodes.join([*body, Piece(ident)])
        whole = sum(piece.seconds for piece in body)
        before, after = divide(body, whole / 2)
        return self.encodes.join([*before, Piece(ident), *after])

    def idents(self, seconds, tombstones, uploads, times=6, **options):
        """Videos `times` as long as their ident, which is at head, middle and tail in turn."""
        ident = self.generated.ident(f"{self.seed}-{seconds}-{times}", seconds)
        bodies = self.bodies(f"ident-{seconds}-{times}", seconds * (times - 1), tombstones + uploads)
        # Uploads first: real footage is best used where verdicts are counted.
        films = [self.with_ident(ident, body, PLACES[number % 3]) for number, body in enumerate(bodies)]
        return Scenario(f"ident of {seconds} s in {seconds * times:g} s", f"{100 / times:.0f} %",
                        films[uploads:], films[:uploads], **options)

    def crowd(self, tombstones, uploads):
        """An ident of 3 s in 18 s, with generated bodies by the hundred; half of the uploads are real."""
        ident = self.generated.ident(f"{self.seed}-crowd", 3)
        real = self.bodies("crowd", 15, uploads // 2)
        drawn = [[Piece(self.generated.body(f"crowd-{self.seed}-{number}", 15))]
                 for number in range(uploads - len(real))]
        films = [self.with_ident(ident, body, PLACES[number % 3]) for number, body in enumerate(real + drawn)]
        return Scenario("ident of 3 s in 18 s, generated bodies", "17 %",
                        [self.drawn_with_ident(ident, number) for number in range(tombstones)], films,
                        may_allow=True)

    def drawn_with_ident(self, ident, number):
        """An ident and a body that is drawn in the same encode: two hundred need no films of their own."""
        inputs, graph = self.generated.drawn(f"crowd-tombstone-{self.seed}-{number}", 15, 1)
        parts = {"head": "[0:v][body]concat=n=2", "tail": "[body][0:v]concat=n=2",
                 "middle": "[body]split[b1][b2];[b1]trim=0:7.4[early];[b2]trim=7.4:15,setpts=PTS-STARTPTS[late];"
                           "[early][0:v][late]concat=n=3"}
        # Both have the common size and rate already.
        graph += ";" + parts[PLACES[number % 3]] + "[v]"
        return self.encodes.order([["-i", ident], *inputs], graph, 18)

    def end_cards(self, tombstones, uploads):
        card = self.generated.end_card(self.seed, 5)
        bodies = self.bodies("card", 25, tombstones + uploads)
        films = [self.with_ident(card, body, "tail") for body in bodies]
        return Scenario("end card of 5 s in 30 s", "17 %", films[uploads:], films[:uploads], may_allow=True)

    def lower_thirds(self, tombstones, uploads, begin, end, what):
        bodies = self.bodies("third", 20, tombstones + uploads)
        films = [self.encodes.join(body, lower_third(self.seed, f"Speaker number {number}", begin, end))
                 for number, body in enumerate(bodies)]
        return Scenario(f"lower third, {what}", "a fifth of the picture", films[uploads:], films[:uploads])

    def studios(self, tombstones, uploads):
        set_film = self.generated.studio(self.seed, 15)
        bodies = self.bodies("studio", 15, tombstones + uploads)
        films = []
        for body in bodies:
            told = ";".join(f"[{number}:v]{FIT}[t{number}]" for number in range(1, len(body) + 1))
            told += ";" + "".join(f"[t{number}]" for number in range(1, len(body) + 1)) + f"concat=n={len(body)}[told]"
            graph = f"{told};[0:v]{FIT}[set];" + story("[set]", "[told]", "[v]")
            films.append(self.encodes.order([["-i", set_film], *map(piece_input, body)], graph, 15))
        return Scenario("moving studio set, a story each", "68 % of the picture", films[uploads:], films[:uploads])

    def nested(self):
        """An ident of 1 s in openings of 3 s in openings of 8 s: each level has videos of its own, all of 48 s."""
        ident = self.generated.ident(f"{self.seed}-nested-1", 1)
        opening = self.encodes.join([Piece(ident), Piece(self.generated.ident(f"{self.seed}-nested-2", 2))])
        long_opening = self.encodes.join([Piece(opening), Piece(self.generated.ident(f"{self.seed}-nested-3", 5))])
        levels = [ident, opening, long_opening]
        bodies = self.bodies("nested", 40, 9 + 3)
        films = [self.with_ident(levels[number % 3], body, "head") for number, body in enumerate(bodies)]
        return Scenario("nested: 1 s in 3 s in 8 s, of 41 to 48 s", "≤ 17 %", films[3:], films[:3], may_allow=True)

    def scenarios(self):
        idents = [self.idents(seconds, 20, 6, may_allow=True) for seconds in (1, 3, 8)]
        yield from idents
        yield from [one.of_one_owner() for one in idents]
        yield self.end_cards(8, 4)
        yield self.lower_thirds(8, 4, 0, 99, "all the time")
        yield self.lower_thirds(8, 4, 4, 8, "4 of 20 s")
        studio = self.studios(8, 4)
        yield studio
        yield studio.of_one_owner()
        yield self.nested()
        yield self.crowd(200, 6)
        yield self.idents(12, 5, 2, promised=False)
        yield self.idents(8, 5, 2, times=2, promised=False)


def divide(pieces, seconds):
    """Pieces before and after a time."""
    before, after = [], []
    for piece in pieces:
        here = min(max(seconds, 0.0), piece.seconds)
        if here > 0.01:
            before.append(Piece(piece.source, piece.start, here))
        if piece.seconds - here > 0.01:
            after.append(Piece(piece.source, piece.start + here, piece.seconds - here))
        seconds -= piece.seconds
    return before, after


def measure(run, scenario, folder):
    """Verdicts on all uploads after each step."""
    steps, done = [], 0
    with Cenotaph(run.arguments.program, folder) as cenotaph:
        for count in [step for step in STEPS if step < len(scenario.tombstones)] + [len(scenario.tombstones)]:
            more = scenario.tombstones[done:count]
            cenotaph.add_all([(f"v-{done + number}", "one" if scenario.one_owner else f"owner-{done + number}", film)
                              for number, film in enumerate(more)])
            done = count
            steps.append((count, cenotaph.scan(scenario.uploads)))
    return steps


def main():
    run = Run(__doc__.splitlines()[0])
    material = Material(run)
    scenarios = [scenario for scenario in material.scenarios() if run.wants(scenario.name)]
    run.say(f"{material.encodes.count()} encodes, what is missing of them is made")
    material.encodes.make(film for scenario in scenarios for film in scenario.tombstones + scenario.uploads)
    work = run.arguments.work
    with ThreadPoolExecutor(material.encodes.workers) as pool:
        found = list(pool.map(lambda pair: measure(run, pair[1], work / f"templates-{pair[0]}"), enumerate(scenarios)))
    run.say("judged")
    rows, limits, blocked, checked, allowed, allowable = [], [], 0, 0, 0, 0
    for scenario, steps in zip(scenarios, found):
        for count, verdicts in steps:
            counts = {verdict: sum(one.verdict == verdict for one in verdicts)
                      for verdict in ("block", "review", "allow")}
            top = max(one.score for one in verdicts)
            reasons = sorted({f"`{one.reason}`" for one in verdicts if one.verdict != "block"})
            row = [scenario.name, scenario.share, count, *counts.values(), f"{top:.1f}", " ".join(reasons)]
            for number, one in enumerate(verdicts):
                run.case(scenario=scenario.name, tombstones=count, upload=number, got=str(one),
                         file=scenario.uploads[number].path.name)
            if not scenario.promised:
                limits.append(row)
                continue
            rows.append(row)
            blocked, checked = blocked + counts["block"], checked + len(verdicts)
            if scenario.may_allow and count >= OWNERS_ENOUGH:
                allowed, allowable = allowed + counts["allow"], allowable + len(verdicts)
    head = ["template", "of the upload", "tombstones", "block", "review", "allow", "highest score", "reasons"]
    run.table("Strangers' innocent videos with the template", head, rows)
    run.table("Documented limits: longer idents, templates of 40–60 %", head, limits)
    run.bar("strangers never `block`, with any number", share(blocked, checked), blocked == 0)
    run.bar(f"`allow` in ≥ 95 % from {OWNERS_ENOUGH} owners on, where the template is ≤ 20 % of the upload",
            share(allowed, allowable), allowed >= 0.95 * allowable)
    run.end(material.encodes, material.footage)


if __name__ == "__main__":
    main()
