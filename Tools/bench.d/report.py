"""Tables, medians, targets and the raw record of a run.

Every figure in a table is the median of the rounds; the rounds themselves stay in the record.
"""

import json
import os
import statistics
import sys


def median(rounds, field):
    """The median of one field over rounds; None when a round lacks it."""
    values = [entry.get(field) for entry in rounds]
    return None if not values or None in values else statistics.median(values)


def number(value, digits=0):
    """A figure with thousands separated, or a dash."""
    return "-" if value is None else f"{value:,.{digits}f}"


def percent(value):
    """A share as per cent, or a dash."""
    return "-" if value is None else f"{value * 100:.0f} %"


def spread(ours, peer, field, inverse=False):
    """Lowest and highest ratio of the rounds, taken round by round."""
    ratios = [(theirs[field] / mine[field] if inverse else mine[field] / theirs[field])
              for mine, theirs in zip(ours, peer) if mine.get(field) and theirs.get(field)]
    return f"{min(ratios):.2f}-{max(ratios):.2f}" if ratios else "-"


class Report:
    """Prints the tables as they become known and keeps them and the raw figures on disk."""

    def __init__(self, path_stem):
        self.path_stem = path_stem
        self.lines = []
        self.raw = {}
        self.met = 0
        self.missed = []
        self.skipped = []

    def say(self, line=""):
        """A line of the report."""
        self.lines.append(line)
        print(line, flush=True)

    def progress(self, text):
        """A line for the person who waits; not part of the report."""
        print(f"  {text}", file=sys.stderr, flush=True)

    def skip(self, section, reason):
        """A measurement that can't be taken: said aloud, and again at the end."""
        self.skipped.append(f"{section}: {reason}")
        self.say(f"SKIPPED {section}: {reason}")
        self.say()

    def table(self, columns, rows):
        """A Markdown table, padded so that it can be read as it stands."""
        cells = [columns] + [[str(cell) for cell in row] for row in rows]
        widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
        line = lambda row: "| " + " | ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths))) + " |"
        self.say(line(cells[0]))
        self.say("|" + "|".join("-" * (width + 2) for width in widths) + "|")
        for row in cells[1:]:
            self.say(line(row))
        self.say()

    def verdict(self, what, value, target, at_most=False, unit="x"):
        """Target and verdict as two cells; a miss is kept for the summary."""
        if target is None:
            return ["", ""]
        sign = "<=" if at_most else ">="
        wanted = f"{sign} {target:,.3g}{unit}" if target < 1000 else f"{sign} {target:,.0f}{unit}"
        good = value is not None and (value <= target if at_most else value >= target)
        if good:
            self.met += 1
            return [wanted, "ok"]
        shown = "no figure" if value is None else f"{value:,.3f}{unit}"
        self.missed.append(f"{what}: {shown}, target {wanted}")
        return [wanted, "MISSED"]

    def record(self, section, data):
        """Keep the raw figures of a section; what is known so far is on disk at any time."""
        self.raw[section] = data
        self.save()

    def save(self):
        """Write the record and the report; a crash in between leaves the older ones."""
        os.makedirs(os.path.dirname(self.path_stem), exist_ok=True)
        texts = {".json": json.dumps(self.raw, indent=1), ".md": "\n".join(self.lines) + "\n"}
        for ending, text in texts.items():
            temporary = self.path_stem + ending + ".new"
            with open(temporary, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(temporary, self.path_stem + ending)

    def summary(self):
        """What was met, missed and skipped."""
        self.say("## Summary")
        self.say()
        self.say(f"{self.met} targets met, {len(self.missed)} missed, "
                 f"{len(self.skipped)} measurements skipped.")
        for text in self.missed:
            self.say(f"- MISSED {text}")
        for text in self.skipped:
            self.say(f"- SKIPPED {text}")
        self.say()
        self.say(f"Raw rounds: {os.path.relpath(self.path_stem)}.json")
        self.save()
