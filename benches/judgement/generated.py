"""Material that ffmpeg draws: any number of bodies, idents, lower thirds, studio sets, screens.

A *world* is a still of random cells and shapes, larger than the picture; a camera moves over it from scene to scene.
No two seeds share a picture. Every number comes from the seed.
"""

import os
import random
import subprocess
from pathlib import Path

from encodes import HEIGHT, RATE, WIDTH

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf"
WORLD_WIDTH, WORLD_HEIGHT = 1280, 720
SCENE_S = 5


def generator(*seed):
    """Random numbers for one purpose, the same in every run."""
    return random.Random("/".join(map(str, seed)))


class Generated:
    """Draws worlds into a folder and orders films of them."""

    def __init__(self, work, encodes):
        self.folder = Path(work) / "worlds"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.encodes = encodes

    def world(self, seed):
        """A still of the world, drawn once."""
        path = self.folder / f"{str(seed).replace('/', '-')}.jpg"
        if not path.exists():
            _draw(path, generator("world", seed))
            # The time of change is part of a recipe; a world that is drawn again is the same one.
            os.utime(path, (0, 0))
        return path

    def body(self, seed, seconds):
        """A film of one world."""
        inputs, graph = self.drawn(seed, seconds, 0)
        return self.encodes.order(inputs, graph + ";[body]null[v]", seconds)

    def drawn(self, seed, seconds, first):
        """The body as inputs, of which `first` is the number of the first, and a graph that ends in [body].

        Half of the bodies have a cellular automaton or a fractal laid over their world.
        """
        rng = generator("body", seed)
        kind = rng.choice(["moving", "moving", "life", "cellauto", "mandelbrot"])
        inputs = [["-framerate", str(RATE), "-i", self.world(seed)]]
        ground = f"[{first}:v]{camera(rng, seconds)},format=yuv420p"
        if kind == "moving":
            return inputs, ground + "[body]"
        number, size = rng.randrange(1 << 30), f"s=160x90:r={RATE}"
        source = {
            "life": f"life={size}:random_seed={number}:ratio=0.35:mold=25:mold_color=#{rng.randrange(1 << 24):06x}",
            "cellauto": f"cellauto={size}:rule=30:random_seed={number}:scroll=1",
            "mandelbrot": f"mandelbrot={size}:maxiter=120:start_x={rng.uniform(-0.8, -0.7):.6f}"
                          f":start_y={rng.uniform(0.08, 0.2):.6f}:start_scale=0.1:end_scale=0.002"
                          f":end_pts={seconds * RATE}",
        }[kind]
        inputs.append(["-f", "lavfi", "-t", f"{seconds}", "-i", source])
        over = f"[{first + 1}:v]hue=h={rng.randrange(360)},scale={WIDTH}:{HEIGHT}:flags=neighbor,format=yuv420p[over]"
        return inputs, f"{ground}[under];{over};[under][over]blend=all_mode=average:all_opacity=0.5:shortest=1[body]"

    def ident(self, seed, seconds):
        """A channel's ident: a textured emblem that flies in and turns, the name, colours that change."""
        rng = generator("ident", seed)
        name, colours = f"CHANNEL {rng.randrange(10, 99)}", [f"0x{rng.randrange(1 << 24):06x}" for _ in range(4)]
        ground = (f"gradients=s={WIDTH}x{HEIGHT}:r={RATE}:d={seconds}:c0={colours[0]}:c1={colours[1]}:nb_colors=2"
                  f":seed={rng.randrange(1 << 30)}:speed=0.03")
        graph = (
            f"[0:v]format=yuv420p,drawbox=x=0:y=250:w=iw:h=8:color={colours[2]}:t=fill,"
            f"drawbox=x=60:y=0:w=14:h=ih:color={colours[3]}:t=fill[g];"
            f"[1:v]crop=220:220:{rng.randrange(1000)}:{rng.randrange(480)},{_hold(seconds)},format=rgba,"
            f"rotate='0.5*sin(2*t)':c=none:ow=260:oh=260[e];"
            f"[g][e]overlay=x='30+230*min(1,1.6*t/{seconds})':y='10+20*sin(3*t)'[a];"
            f"[a]{text(name, 58, f'(w-tw)*min(1,0.5+0.5*t/{seconds})', 275)},"
            f"{text('the best of ' + rng.choice(['nature', 'sports', 'music', 'science']), 26, '30+12*t', 215)},"
            "format=yuv420p[v]")
        inputs = [["-f", "lavfi", "-i", ground], ["-framerate", str(RATE), "-i", self.world(f"ident-{seed}")]]
        return self.encodes.order(inputs, graph, seconds)

    def end_card(self, seed, seconds):
        """An end card: still ground, two frames for further videos, a caption that blinks."""
        graph = (
            f"[0:v]crop={WIDTH}:{HEIGHT}:200:150,{_hold(seconds)},eq=contrast=0.6,"
            f"drawbox=x=40:y=90:w=250:h=150:color=white:t=6,drawbox=x=350:y=90:w=250:h=150:color=white:t=6,"
            f"{text('THANKS FOR WATCHING', 36, '(w-tw)/2', 24)},"
            f"{text('subscribe', 30, '(w-tw)/2', '280+10*sin(4*t)')},format=yuv420p[v]")
        return self.encodes.order([["-framerate", str(RATE), "-i", self.world(f"card-{seed}")]], graph, seconds)

    def studio(self, seed, seconds):
        """A moving studio set; stories are laid over its screen (`STORY`)."""
        graph = (
            f"[0:v]split[far][near];[far]{_hold(seconds)},"
            f"crop={WIDTH}:{HEIGHT}:'300+200*sin(t/3)':'150+60*cos(t/4)'[a];"
            f"[near]crop=190:330:40:300,{_hold(seconds)},rotate='0.05*sin(2*t)':c=none[desk];"
            f"[a][desk]overlay=x='20+12*sin(t*1.3)':y=60,"
            f"{text('EVENING NEWS', 24, 'mod(60*t,900)-260', 324)},format=yuv420p[v]")
        return self.encodes.order([["-framerate", str(RATE), "-i", self.world(f"studio-{seed}")]], graph, seconds)

    def screen(self, seed, seconds, texts):
        """A recording of an app's screen: bars and side list by `seed`, in them the lines of a document."""
        rng = generator("screen", seed)
        bars = [f"drawbox=x=0:y=0:w=iw:h=34:color=0x{rng.randrange(1 << 24):06x}:t=fill",
                "drawbox=x=0:y=34:w=150:h=ih:color=0xd8dce4:t=fill"]
        for row in range(8):
            name = rng.choice(["Inbox", "Drafts", "Reports", "Team", "Billing", "Archive"])
            bars.append(text(f"{name} {rng.randrange(90)}", 16, 12, 48 + 36 * row, colour="0x203040", border=0))
        bars.append(text("Ledger Pro 4   File  Edit  View  Tools  Help", 18, 12, 8, border=0))
        for number, line in enumerate(texts):
            begin = number * seconds / (len(texts) + 1)
            bars.append(text(line, 19, 170, 54 + 28 * (number % 10), colour="0x101010", border=0)
                        + f":enable='gte(t,{begin:.2f})'")
        ground = f"color=0xf6f6f2:s={WIDTH}x{HEIGHT}:r={RATE}:d={seconds}"
        graph = "[0:v]" + ",".join(bars) + ",format=yuv420p[v]"
        return self.encodes.order([["-f", "lavfi", "-i", ground]], graph, seconds)

    def slides(self, seeds, each_s):
        """A slide show of one still a seed, without motion."""
        inputs = [["-framerate", str(RATE), "-i", self.world(seed)] for seed in seeds]
        chains = [f"[{n}:v]scale={WIDTH}:{HEIGHT},setsar=1,{_hold(each_s)},trim=0:{each_s},format=yuv420p[s{n}]"
                  for n in range(len(seeds))]
        graph = ";".join(chains) + ";" + "".join(f"[s{n}]" for n in range(len(seeds))) + f"concat=n={len(seeds)}[v]"
        return self.encodes.order(inputs, graph, each_s * len(seeds))


# Where a studio's screen is, as ffmpeg's overlay wants it, and its size.
STORY = (240, 50, 360, 204)


def story(studio_label, story_label, out):
    """The filter that lays a story over a studio's screen."""
    x, y, width, height = STORY
    return (f"{story_label}scale={width}:{height},drawbox=w=iw:h=ih:color=black:t=3[inset];"
            f"{studio_label}[inset]overlay={x}:{y}:shortest=1,format=yuv420p{out}")


def lower_third(seed, name, begin, end):
    """Filters of a lower third: the station's bar and slogan (by seed), a speaker's name of its own."""
    rng = generator("third", seed)
    bar, box = (f"0x{rng.randrange(1 << 24):06x}" for _ in range(2))
    span = f"enable='between(t,{begin},{end})'"
    return ",".join([
        f"drawbox=x=0:y=280:w=iw:h=64:color={bar}@0.9:t=fill:{span}",
        f"drawbox=x=12:y=262:w=120:h=86:color={box}:t=fill:{span}",
        text("TV" + str(rng.randrange(10, 99)), 44, 18, 282) + f":{span}",
        text("live from the city hall", 22, "150+8*sin(2*t)", 314) + f":{span}",
        text(name, 22, 150, 286) + f":{span}"])


def text(words, size, x, y, colour="white", border=2):
    return (f"drawtext=fontfile={FONT}:text='{words}':fontsize={size}:fontcolor={colour}:borderw={border}"
            f":x='{x}':y='{y}'")


def camera(rng, seconds):
    """A way over a world: every few seconds another place, direction and colour, and a square of it that flies by."""
    ways = {"x": "0", "y": "0"}
    for axis, room in (("x", WORLD_WIDTH - WIDTH), ("y", WORLD_HEIGHT - HEIGHT)):
        for scene in reversed(range(int(seconds // SCENE_S) + 1)):
            begin, end = rng.uniform(0, room), rng.uniform(0, room)
            way = f"{begin:.1f}+{(end - begin) / SCENE_S:.2f}*(t-{scene * SCENE_S})"
            ways[axis] = f"if(lt(t,{(scene + 1) * SCENE_S}),{way},{ways[axis]})"
    turn = rng.randrange(40, 160)
    return (
        f"format=yuv420p,split[w1][w2];[w1]{_hold(seconds)},crop={WIDTH}:{HEIGHT}:x='{ways['x']}':y='{ways['y']}',"
        f"hue=h='{turn}*floor(t/{SCENE_S})'[ground];"
        f"[w2]crop=110:110:{rng.randrange(1100)}:{rng.randrange(600)},hue=h=180,{_hold(seconds)}[square];"
        f"[ground][square]overlay=x='mod({rng.randrange(40, 140)}*t,{WIDTH})'"
        f":y='{rng.randrange(40, 220)}+50*sin({rng.uniform(0.5, 2):.2f}*t)'")


def _hold(seconds):
    """One picture for as long as wanted."""
    frames = int(seconds * RATE) + RATE
    return f"loop=loop={frames}:size=1:start=0,setpts=N/({RATE}*TB)"


def _draw(path, rng):
    layers = []
    for width, height in ((16, 9), (64, 36), (256, 144)):
        layers.append((width, height, rng.randbytes(width * height * 3)))
    layers.append((640, 360, _shapes(rng, 640, 360)))
    arguments, chain = [], ""
    raw = path.with_suffix(".raw")
    names = []
    for number, (width, height, data) in enumerate(layers):
        names.append(raw.with_suffix(f".raw{number}"))
        names[-1].write_bytes(data)
        arguments += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-i", str(names[-1])]
        chain += f"[{number}:v]scale={WORLD_WIDTH}:{WORLD_HEIGHT}:flags=bicubic,format=gbrp[l{number}];"
    chain += "[l0][l1][l2][l3]mix=inputs=4:weights='5 5 3 7',eq=contrast=1.9"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", "1", *arguments, "-filter_complex", chain,
                    "-frames:v", "1", "-q:v", "3", "-bitexact", str(path)], check=True)
    for name in names:
        name.unlink()


def _shapes(rng, width, height):
    """Ellipses and slanted bars of any colour on grey, as raw RGB."""
    picture = bytearray(b"\x80" * (width * height * 3))
    for _ in range(45):
        colour = rng.randbytes(3)
        middle, top = rng.randrange(width), rng.randrange(height)
        wide, high = rng.randrange(8, 70), rng.randrange(8, 60)
        slant = rng.uniform(-1.2, 1.2) if rng.random() < 0.5 else None
        for row in range(max(0, top - high), min(height, top + high)):
            if slant is None:
                half, centre = wide * (1 - ((row - top) / high) ** 2) ** 0.5, middle
            else:
                half, centre = wide / 3, middle + slant * (row - top)
            left, right = max(0, int(centre - half)), min(width, int(centre + half))
            if right > left:
                picture[(row * width + left) * 3:(row * width + right) * 3] = colour * (right - left)
    return bytes(picture)
