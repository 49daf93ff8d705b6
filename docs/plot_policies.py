"""Draw the plots of policies.md: `python docs/plot_policies.py`.

Each plot is a story: made-up counts, and how the decision code reacts to them. The
decision is not reimplemented: each story is evaluated poll by poll with
`poll_and_scale`, and its policy is stored as the texts that a person types. Only the
clock, the counts and Heroku are in-memory twins. Every run produces the same files.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import matplotlib as mpl

ROOT = Path(__file__).resolve().parents[1]
# Python puts the script's folder on the path, not the working directory.
sys.path.insert(0, str(ROOT))

from plots.drawing import STYLE, draw  # noqa: E402 - the path comes first
from plots.stories import STORIES  # noqa: E402

IMAGES = ROOT / "docs" / "images"


def main() -> None:
    """Draw all plots."""
    IMAGES.mkdir(exist_ok=True)
    # An unknown count is logged at each poll; here it is part of a story.
    logging.getLogger("scalar").setLevel(logging.ERROR)
    mpl.rcParams.update(STYLE)
    for make in STORIES:
        story = make()
        file = IMAGES / f"policy-{story.name}.svg"
        # Seeds the ids of clips and markers, which are random otherwise.
        mpl.rcParams["svg.hashsalt"] = story.name
        draw(story).savefig(file, metadata={"Date": None})
        print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
