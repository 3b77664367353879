#!/usr/bin/env python3
"""claims: who had it first, who may post it again, and what a small share of a video may do.

Each scenario sets up tombstones (and, where accepted uploads matter, a running service with uploads before the
deletion) and asks for verdicts that the rules fix. A row says what is set up, what is uploaded by whom, what is right,
and what came.
"""

import time
from concurrent.futures import ThreadPoolExecutor

from claims_films import Material
from program import Cenotaph, Refused
from report import Run, share

# Times of posting; every deletion happens when the benchmark runs, later than all of them.
T1, T2, T3, T4 = (f"2025-0{month}-10T08:00:00Z" for month in range(2, 6))
# Expected verdicts: a set of those that are right.
BLOCK, REVIEW, ALLOW = {"block"}, {"review"}, {"allow"}
AT_MOST_REVIEW, AT_LEAST_REVIEW = {"review", "allow"}, {"block", "review"}
NAMES = {frozenset(BLOCK): "`block`", frozenset(REVIEW): "`review`", frozenset(ALLOW): "`allow`",
         frozenset(AT_MOST_REVIEW): "`review` at most", frozenset(AT_LEAST_REVIEW): "`review` at least"}

SCENARIOS = []


def scenario(rule, setup):
    """Registers a scenario: the rule that it tests and what is set up, in words."""
    def register(function):
        SCENARIOS.append((rule, setup, function))
        return function
    return register


# (a) The claimant's permission.

@scenario("a", "the author's video (posted T1), a thief's copy (T2); both deleted")
def claimant(films, program, ask):
    program.add(films.video, "author", "author", uploaded_at=T1)
    program.add(films.copy, "thief", "thief", uploaded_at=T2)
    ask("the author's again", ALLOW, "owner", program.check(films.upload, "author"))
    ask("the thief's again", BLOCK, None, program.check(films.upload, "thief"))
    ask("a stranger's", BLOCK, None, program.check(films.upload, "stranger"))


@scenario("a", "the same, the thief's copy is deleted first")
def claimant_last(films, program, ask):
    program.add(films.copy, "thief", "thief", uploaded_at=T2)
    program.add(films.video, "author", "author", uploaded_at=T1)
    ask("the author's again", ALLOW, "owner", program.check(films.upload, "author"))
    ask("the thief's again", BLOCK, None, program.check(films.upload, "thief"))


@scenario("a", "the author asserts authorship (T1), a thief's copy (T2)")
def asserted(films, program, ask):
    program.add(films.copy, "thief", "thief", uploaded_at=T2)
    program.add(films.video, "author", "author", uploaded_at=T1, original=True)
    ask("the author's again", ALLOW, "owner", program.check(films.upload, "author"))
    ask("the thief's again", BLOCK, None, program.check(films.upload, "thief"))


@scenario("a", "the author (T1) has given a grant to a friend; a thief's copy (T2)")
def granted(films, program, ask):
    with program.serve() as service:
        tombstone = service.delete(films.video, "author", "author", uploaded_at=T1)
        service.delete(films.copy, "thief", "thief", uploaded_at=T2)
        service.grant(tombstone, "friend")
        ask("the friend's", ALLOW, "grant", service.upload(films.upload, "friend"))


@scenario("a", "no date is known: the author's video, a thief's copy")
def undated(films, program, ask):
    program.add(films.copy, "thief", "thief")
    program.add(films.video, "author", "author")
    ask("the author's again", AT_MOST_REVIEW, None, program.check(films.upload, "author"))
    ask("a stranger's", BLOCK, None, program.check(films.upload, "stranger"))


@scenario("a", "the author's date is wrong (the moment of the deletion), a thief's copy (T2)")
def wrong_date(films, program, ask):
    program.add(films.copy, "thief", "thief", uploaded_at=T2)
    program.add(films.video, "author", "author", uploaded_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    ask("the author's again", AT_MOST_REVIEW, None, program.check(films.upload, "author"))
    ask("a stranger's", BLOCK, None, program.check(films.upload, "stranger"))


@scenario("a", "of the author only the day is known, the thief's copy is of that day's noon")
def same_day(films, program, ask):
    program.add(films.copy, "thief", "thief", uploaded_at="2025-03-10T12:00:00Z")
    program.add(films.video, "author", "author", uploaded_at="2025-03-10")
    ask("the author's again", AT_MOST_REVIEW, None, program.check(films.upload, "author"))
    ask("a stranger's", BLOCK, None, program.check(films.upload, "stranger"))


@scenario("a", "of the author only the day is known, the thief's copy is of two days later")
def day_before(films, program, ask):
    program.add(films.copy, "thief", "thief", uploaded_at="2025-03-12T12:00:00Z")
    program.add(films.video, "author", "author", uploaded_at="2025-03-10")
    ask("the author's again", ALLOW, "owner", program.check(films.upload, "author"))
    ask("the thief's again", BLOCK, None, program.check(films.upload, "thief"))


@scenario("a", "the author's video (T1); a copy was removed for moderation (T2)")
def other_reason(films, program, ask):
    program.add(films.video, "author", "author", uploaded_at=T1)
    program.add(films.copy, "removed", "other", uploaded_at=T2, reason="moderation")
    ask("the author's again", BLOCK, None, program.check(films.upload, "author"))


@scenario("a", "thief one (no date), the owner's re-post (T2), thief two (T3); all deleted")
def between_thieves(films, program, ask):
    program.add(films.copy, "thief-1", "thief-1")
    program.add(films.video, "owner", "owner", uploaded_at=T2)
    program.add(films.copy_2, "thief-2", "thief-2", uploaded_at=T3)
    ask("the owner's again", AT_MOST_REVIEW, None, program.check(films.upload, "owner"))
    ask("a stranger's", BLOCK, None, program.check(films.upload, "stranger"))


@scenario("a, b", "the owner's upload (T1) was accepted; deleted are thief one (T2), the re-post (T3), thief two (T4)")
def between_thieves_recorded(films, program, ask):
    with program.serve() as service:
        service.upload(films.dated, "owner", T1)
        service.delete(films.copy, "thief-1", "thief-1", uploaded_at=T2)
        service.delete(films.video, "owner", "owner", uploaded_at=T3)
        service.delete(films.copy_2, "thief-2", "thief-2", uploaded_at=T4)
        ask("the owner's again", AT_MOST_REVIEW, None, service.upload(films.upload, "owner"))


# A compilation that contains a stranger's clip.

@scenario("b, d", "a compilation of 50 s (T2) with 20 s of another user, without a record")
def compilation(films, program, ask):
    program.add(films.compilation, "compiler", "compiler", uploaded_at=T2)
    ask("the clip, by the first poster", BLOCK, None, program.check(films.upload, "first"))


@scenario("d", "a compilation of 80 s (T2) with the same 20 s, no record")
def long_compilation(films, program, ask):
    program.add(films.long_compilation, "compiler", "compiler", uploaded_at=T2)
    ask("the clip, by the first poster", REVIEW, "partial", program.check(films.upload, "first"))


@scenario("b", "a compilation of 50 s (T2); the platform says that the upload is of T1")
def own_time(films, program, ask):
    program.add(films.compilation, "compiler", "compiler", uploaded_at=T2)
    ask("the clip, T1", AT_MOST_REVIEW, "earlier", program.check(films.upload, "first", T1))
    ask("the clip, T3", BLOCK, None, program.check(films.upload, "later", T3))
    ask("the clip, long ago in the file's metadata only", BLOCK, None, program.check(films.dated, "later"))


@scenario("c", "the clip was accepted (T1), then the compilation of 50 s (T2) deleted")
def compilation_recorded(films, program, ask):
    with program.serve() as service:
        service.upload(films.copy, "first", T1)
        service.delete(films.compilation, "compiler", "compiler", uploaded_at=T2)
        ask("the clip, by the first poster", AT_MOST_REVIEW, "earlier", service.upload(films.upload, "first"))
        ask("the whole compilation, a stranger's", BLOCK, None, service.upload(films.compilation, "stranger"))


@scenario("a", "the clip (T1) is deleted by its owner, a compilation with it (T2) by another")
def compilation_deleted(films, program, ask):
    program.add(films.video, "first", "first", uploaded_at=T1)
    program.add(films.compilation, "compiler", "compiler", uploaded_at=T2)
    ask("the clip, by its owner", ALLOW, "owner", program.check(films.upload, "first"))
    ask("the compilation, by its owner", BLOCK, None, program.check(films.compilation, "compiler"))


@scenario("b", "a clip of 8 s (T2) is deleted by its owner; a compilation of 38 s with it is earlier (T1)")
def small_part(films, program, ask):
    program.add(films.clip_compilation, "compiler", "compiler", uploaded_at=T1)
    program.add(films.clip, "owner", "owner", uploaded_at=T2)
    ask("the clip, by its owner", AT_MOST_REVIEW, None, program.check(films.clip_upload, "owner"))


# (c) Earlier posters.

@scenario("c", "a user's upload (T1) was accepted; another's copy (T2) is deleted")
def earlier_poster(films, program, ask):
    with program.serve() as service:
        ask("the first upload", ALLOW, None, service.upload(films.video, "first", T1))
        service.delete(films.copy, "second", "second", uploaded_at=T2)
        ask("again, by the first poster", AT_MOST_REVIEW, "earlier", service.upload(films.upload, "first"))
        ask("a stranger's", REVIEW, "earlier", service.upload(films.upload, "stranger"))


@scenario("c", "ten people's uploads (T1) were accepted; another's copy (T2) is deleted")
def ten_posters(films, program, ask):
    with program.serve() as service:
        for number in range(10):
            service.upload(films.video if number % 2 else films.copy_2, f"first-{number}", T1)
        service.delete(films.copy, "second", "second", uploaded_at=T2)
        ask("again, by the seventh", AT_MOST_REVIEW, "earlier", service.upload(films.upload, "first-7"))


@scenario("c", "the owner's own earlier upload (T1) was accepted, his copy (T2) is deleted")
def own_earlier(films, program, ask):
    with program.serve() as service:
        service.upload(films.video, "owner", T1)
        service.delete(films.copy, "deleted", "owner", uploaded_at=T2)
        ask("a stranger's", BLOCK, None, service.upload(films.upload, "stranger"))


@scenario("c", "a user's upload (T3) was accepted, an earlier copy (T2) is deleted")
def later_poster(films, program, ask):
    with program.serve() as service:
        service.upload(films.video, "later", T3)
        service.delete(films.copy, "owner", "owner", uploaded_at=T2)
        ask("again, by the later poster", BLOCK, None, service.upload(films.upload, "later"))
        ask("a stranger's", BLOCK, None, service.upload(films.upload, "stranger"))


@scenario("c", "a user's upload (T1) was accepted; a copy (T2) is removed for moderation")
def moderated(films, program, ask):
    with program.serve() as service:
        service.upload(films.video, "first", T1)
        service.delete(films.copy, "removed", "second", uploaded_at=T2, reason="moderation")
        ask("a stranger's", BLOCK, None, service.upload(films.upload, "stranger"))


# (d) A small share of a long video.

@scenario("d", "a video of 90 s is deleted (T1)")
def small_share(films, program, ask):
    program.add(films.long, "owner", "owner", uploaded_at=T1)
    ask("20 s of it", REVIEW, "partial", program.check(films.long_20, "stranger"))
    ask("40 s of it", BLOCK, None, program.check(films.long_40, "stranger"))


@scenario("d", "the same, authorship is asserted")
def small_share_asserted(films, program, ask):
    program.add(films.long, "owner", "owner", uploaded_at=T1, original=True)
    ask("20 s of it", BLOCK, None, program.check(films.long_20, "stranger"))


@scenario("d", "the same, `policy.assume_original`")
def small_share_assumed(films, program, ask):
    with program.serve(POLICY__ASSUME_ORIGINAL="true") as service:
        service.delete(films.long, "owner", "owner", uploaded_at=T1)
        ask("20 s of it", BLOCK, None, service.upload(films.long_20, "stranger"))


@scenario("d", "a long stream is deleted (it stands for three hours)")
def stream(films, program, ask):
    program.add(films.stream, "stream", "owner")
    ask("60 s of it", REVIEW, "partial", program.check(films.stream_60, "stranger"))
    ask("8 s of it", REVIEW, "partial", program.check(films.stream_8, "stranger"))


@scenario("d", "the same, authorship is asserted")
def stream_asserted(films, program, ask):
    program.add(films.stream, "stream", "owner", original=True)
    ask("60 s of it", BLOCK, None, program.check(films.stream_60, "stranger"))
    ask("8 s of it", REVIEW, "partial", program.check(films.stream_8, "stranger"))


# (e) What stays.

@scenario("e", "an upload (T1) was accepted, a copy (T2) deleted; then the print expires")
def expired_print(films, program, ask):
    with program.serve(UPLOADS__PRINTS_DAYS="0.00015") as service:
        service.upload(films.video, "first", T1)
        service.delete(films.copy, "second", "second", uploaded_at=T2)
        # Longer than the print is kept (13 s).
        time.sleep(16)
        ask("a stranger's", REVIEW, "earlier", service.upload(films.upload, "stranger"))


@scenario("e", "the author's video (T1), a thief's copy (T2); the author's tombstone retires")
def retired(films, program, ask):
    with program.serve() as service:
        tombstone = service.delete(films.video, "author", "author", uploaded_at=T1)
        service.delete(films.copy, "thief", "thief", uploaded_at=T2)
        service.retire(tombstone)
        ask("the author's again", AT_MOST_REVIEW, "earlier", service.upload(films.upload, "author"))
        ask("a stranger's", REVIEW, "earlier", service.upload(films.upload, "stranger"))


# The deleted ident, rule 4.

@scenario("ident", "three owners' videos with an ident, then the ident alone; no dates")
def deleted_ident(films, program, ask):
    for number in range(3):
        program.add(films.with_ident[number], f"video-{number}", f"owner-{number}")
    program.add(films.ident, "ident", "station")
    ask("a fourth video with it", REVIEW, "common", program.check(films.with_ident[3], "stranger"))
    ask("the ident alone", BLOCK, None, program.check(films.ident_upload, "stranger"))


@scenario("ident", "an ident (T1), then three owners' videos with it (T2)")
def ident_first(films, program, ask):
    program.add(films.ident, "ident", "station", uploaded_at=T1)
    for number in range(3):
        program.add(films.with_ident[number], f"video-{number}", f"owner-{number}", uploaded_at=T2)
    ask("a fourth video with it", BLOCK, None, program.check(films.with_ident[3], "stranger"))


@scenario("ident", "three people's videos with an ident were accepted (T1), then an ident (T2) is deleted")
def ident_accepted(films, program, ask):
    with program.serve() as service:
        for number in range(3):
            service.upload(films.with_ident[number], f"owner-{number}", T1)
        service.delete(films.ident, "ident", "station", uploaded_at=T2)
        ask("a fourth video with it", REVIEW, None, service.upload(films.with_ident[3], "stranger"))


# One owner's series, slide shows, screens.

@scenario("series", "twelve episodes of 60 s with one opening of 8 s, deleted by one owner")
def series(films, program, ask):
    program.add_all([(f"episode-{number}", "owner", films.episodes[number]) for number in range(12)])
    ask("the opening only", AT_MOST_REVIEW, None, program.check(films.opening, "stranger"))
    ask("an episode never deleted", AT_MOST_REVIEW, None, program.check(films.episodes[12], "stranger"))
    ask("a deleted episode", BLOCK, None, program.check(films.episode_copy, "stranger"))
    ask("a scene of 40 s", BLOCK, None, program.check(films.scene, "stranger"))


@scenario("same place", "a slide show of ten pictures is deleted")
def slide_show(films, program, ask):
    program.add(films.slides, "slides", "owner")
    ask("another one with one of its pictures", AT_MOST_REVIEW, None, program.check(films.other_slides, "stranger"))
    ask("its copy", BLOCK, None, program.check(films.slides_copy, "stranger"))


@scenario("same place", "a recording of an app's screen is deleted")
def screens(films, program, ask):
    program.add(films.screen, "screen", "owner")
    ask("another's recording of the app", AT_MOST_REVIEW, None, program.check(films.other_screen, "stranger"))
    ask("its copy", AT_LEAST_REVIEW, None, program.check(films.screen_copy, "stranger"))


def play(run, films, number):
    """The rows of one scenario. What the program refuses ends it, with a row that says so."""
    rule, setup, function = SCENARIOS[number]
    rows = []

    def ask(what, expected, reason, found):
        # A reason is that of the strictest verdict which is still right.
        named = reason is not None and (found.verdict == "review" or expected == ALLOW)
        right = found.verdict in expected and (not named or found.reason == reason)
        words = NAMES[frozenset(expected)] + (f", `{reason}`" if reason else "")
        rows.append([rule, setup, what, words, str(found), right])

    with Cenotaph(run.arguments.program, run.arguments.work / f"claims-{number}") as program:
        try:
            function(films, program, ask)
        except Refused as error:
            rows.append([rule, setup, "–", "is set up", " ".join(str(error).split()).replace("|", "/")[:160], False])
    return rows


def main():
    run = Run(__doc__.splitlines()[0])
    films = Material(run)
    run.say(f"{films.encodes.count()} encodes, what is missing of them is made")
    films.encodes.make()
    with ThreadPoolExecutor(films.encodes.workers) as pool:
        chosen = [number for number, (rule, setup, _) in enumerate(SCENARIOS) if run.wants(f"{rule}: {setup}")]
        found = list(pool.map(lambda number: play(run, films, number), chosen))
    rows = [row for rows in found for row in rows]
    for rule, setup, what, expected, got, right in rows:
        run.case(rule=rule, setup=setup, upload=what, expected=expected, got=got, right=right)
    run.table(f"Claims; T1 to T4 are {T1[:10]} to {T4[:10]}", ["rule", "set up", "upload", "right", "got", "holds"],
              [[*row[:5], "yes" if row[5] else "**no**"] for row in rows])
    right = sum(row[5] for row in rows)
    run.bar("every row is right", share(right, len(rows)), right == len(rows))
    run.end(films.encodes, films.footage)


if __name__ == "__main__":
    main()
