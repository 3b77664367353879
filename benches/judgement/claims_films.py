"""The films of the claims benchmark: one video with its copies, compilations, long ones, a series, slides, screens."""

from encodes import Encodes, Piece
from footage import Footage
from generated import Generated

# An earlier time than any that the scenarios name, for metadata that nobody may believe.
LONG_AGO = "2024-01-10T08:00:00Z"


class Material:
    """All films of the scenarios; two names are two different contents unless one says that it is a copy."""

    def __init__(self, run):
        seed = run.arguments.seed
        self.encodes = encodes = Encodes(run.arguments.work, run.arguments.workers)
        self.generated = generated = Generated(run.arguments.work, encodes)
        self.footage = footage = Footage(run.folders(), generated)

        def filmed(name, seconds):
            return encodes.join(footage.take(seconds, f"claims-{seed}-{name}"))

        # One video, another encoding of it, and what strangers upload.
        self.video = filmed("video", 20)
        self.copy = encodes.join([Piece(self.video)], "scale=576:324", crf=28)
        self.copy_2 = encodes.join([Piece(self.video)], "scale=480:270", crf=27)
        self.upload = encodes.join([Piece(self.video)], crf=30)
        self.dated = encodes.remux(self.upload, "mov", creation_time=LONG_AGO)
        # Compilations around the video, or around a short clip.
        left, right, far = filmed("left", 15), filmed("right", 15), filmed("far", 30)
        self.compilation = encodes.join([Piece(left), Piece(self.video), Piece(right)])
        self.long_compilation = encodes.join([Piece(left), Piece(self.video), Piece(right), Piece(far)])
        self.clip = filmed("clip", 8)
        self.clip_upload = encodes.join([Piece(self.clip)], crf=30)
        self.clip_compilation = encodes.join([Piece(right), Piece(self.clip), Piece(left)])
        # A video of 90 s and parts of it.
        self.long = filmed("long", 90)
        self.long_20 = encodes.join([Piece(self.long, 30, 20)], crf=28)
        self.long_40 = encodes.join([Piece(self.long, 30, 40)], crf=28)
        # Videos with one ident, and the ident alone.
        self.ident = generated.ident(f"claims-{seed}", 3)
        bodies = [filmed(f"ident-{number}", 15) for number in range(4)]
        self.with_ident = [encodes.join([Piece(self.ident), Piece(body)]) for body in bodies]
        self.ident_upload = encodes.join([Piece(self.ident)], crf=28)
        # Twelve episodes with one opening of 8 s, and a thirteenth; a film of 104 s gives the bodies of two.
        opening = generated.ident(f"claims-series-{seed}", 8)
        wholes = [generated.body(f"claims-series-{seed}-{number}", 104) for number in range(7)]
        self.episodes = [encodes.join([Piece(opening), Piece(wholes[number // 2], 52 * (number % 2), 52)])
                         for number in range(13)]
        self.opening = encodes.join([Piece(opening)], crf=28)
        self.episode_copy = encodes.join([Piece(self.episodes[4])], "scale=480:270", crf=28)
        self.scene = encodes.join([Piece(self.episodes[4], 15, 40)], crf=28)
        # Slide shows that share one picture in ten; two recordings of one app.
        slides = [f"claims-slide-{seed}-{number}" for number in range(19)]
        self.slides = generated.slides(slides[:10], 3)
        self.slides_copy = encodes.join([Piece(self.slides)], "scale=480:270", crf=28)
        self.other_slides = generated.slides(slides[10:14] + [slides[3]] + slides[14:], 3)
        mine = ["Quarterly sums 2024", "Rent 1 240.00", "Power 88.10", "Water 31.75", "Salaries 9 400.00",
                "Sum 11 159.85"]
        yours = ["Wedding guests", "Aunt Klara and two", "Jonas, no fish", "The band, five", "Table nine is full",
                 "Call Ida"]
        self.screen = generated.screen(f"claims-{seed}", 20, mine)
        self.screen_copy = encodes.join([Piece(self.screen)], "scale=576:324", crf=28)
        self.other_screen = generated.screen(f"claims-{seed}", 20, yours)
        # A stream: long films of this run one after another, for as long as there are some; it stands for three hours.
        self.stream = encodes.chain([*wholes, self.long, *self.episodes[6:12], self.compilation])
        self.stream_60 = encodes.join([Piece(wholes[2], 20, 60)], crf=28)
        self.stream_8 = encodes.join([Piece(wholes[2], 40, 8)], crf=28)
