"""What the three benchmarks share at their edges: arguments, tables, bars."""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
SAMPLES = HERE.parent.parent / "samples"
ENCODES_MAX = 400
MINUTES_MAX = 40


class Run:
    """Arguments and clock of a run, and what it found."""

    def __init__(self, description):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("clips", nargs="*", metavar="FOLDER",
                            help="folders of clips to use besides samples/")
        parser.add_argument("--program", default=HERE.parent.parent / "target" / "release" / "cenotaph", type=Path,
                            help="the program to judge (default: target/release/cenotaph)")
        parser.add_argument("--work", default=HERE.parent.parent / "target" / "judgement", type=Path,
                            help="folder that keeps the films for the next run (default: target/judgement)")
        parser.add_argument("--seed", default="1",
                            help="another seed draws other cuts, carriers and bodies (default: 1)")
        parser.add_argument("--workers", type=int, default=None, help="processes at once (default: one per core)")
        parser.add_argument("--only", default="", metavar="WORDS",
                            help="only scenarios whose name, rule or length has these words, such as `8 s`")
        parser.add_argument("--json", action="store_true", help="print a JSON object instead of tables")
        parser.add_argument("--cases", type=Path, help="write every single verdict to this file, a JSON object a line")
        self.arguments = parser.parse_args()
        if not self.arguments.program.exists():
            raise SystemExit(f"{self.arguments.program} is missing; build it with `make build`")
        self.begun = time.monotonic()
        self.tables, self.bars, self.cases = [], [], []

    def folders(self):
        """The folders of clips: samples/ first."""
        return [SAMPLES, *self.arguments.clips]

    def wants(self, name):
        """Whether `--only` leaves this scenario in."""
        return self.arguments.only in name

    def say(self, words):
        """Progress, to standard error."""
        print(f"[{time.monotonic() - self.begun:5.0f} s] {words}", file=sys.stderr, flush=True)

    def table(self, title, head, rows):
        self.tables.append({"title": title, "head": head, "rows": rows})

    def bar(self, claim, value, holds):
        """A promise, what was measured of it, and whether it is kept; None where nothing was promised."""
        self.bars.append({"claim": claim, "value": value, "holds": holds})

    def case(self, **fields):
        """One verdict, for --cases."""
        self.cases.append(fields)

    def end(self, encodes, footage):
        """Prints everything."""
        minutes = (time.monotonic() - self.begun) / 60
        self.bar(f"≤ {ENCODES_MAX} encodes", encodes.count(), encodes.count() <= ENCODES_MAX)
        self.bar(f"≤ {MINUTES_MAX} minutes ({encodes.made} films were made in this run)", f"{minutes:.1f}",
                 minutes <= MINUTES_MAX)
        if self.arguments.cases:
            self.arguments.cases.write_text("".join(json.dumps(case) + "\n" for case in self.cases))
        version = subprocess.run([str(self.arguments.program), "--version"], capture_output=True, text=True)
        version = version.stdout.strip()
        facts = {"program": version, "seed": self.arguments.seed, "clips": len(footage.clips),
                 "generated_instead_of_footage": footage.generated_count}
        if self.arguments.json:
            print(json.dumps(facts | {"tables": self.tables, "bars": self.bars}, ensure_ascii=False))
            return
        print(f"{version}, seed {self.arguments.seed}, {len(footage.clips)} clips; generated bodies in place of "
              f"footage: {footage.generated_count}.\n")
        for table in self.tables:
            print(f"**{table['title']}**\n")
            _print_rows(table["head"], table["rows"])
        marks = {True: "yes", False: "**no**", None: "–"}
        print("**Bars**\n")
        _print_rows(["bar", "measured", "holds"],
                    [[bar["claim"], bar["value"], marks[bar["holds"]]] for bar in self.bars])


def _print_rows(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |")
    print()


def share(part, whole):
    """`12 of 34 (35 %)`."""
    return f"{part} of {whole}" + (f" ({100 * part / whole:.1f} %)" if whole else "")
