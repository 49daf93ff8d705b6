"""Draw the plots of policies.md: `python docs/plot_policies.py`.

Each plot is a story: counts that are made up here, and what the decision code
makes of them. Nothing of the decision is repeated here. A story is evaluated
poll by poll with `poll_and_scale`, its policy is stored as the texts that a
person types, and only the clock, the counts and Heroku are those in memory.
The files are the same at each run.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import matplotlib as mpl

ROOT = Path(__file__).resolve().parents[1]
# Python puts the folder of a script on the path, and not the one it runs in.
sys.path.insert(0, str(ROOT))

from plots.drawing import STYLE, draw  # noqa: E402 - the path comes first
from plots.stories import STORIES  # noqa: E402

IMAGES = ROOT / "docs" / "images"


def main() -> None:
    """Draw all of them."""
    IMAGES.mkdir(exist_ok=True)
    # An unknown count is told of at each poll; here it is part of a story.
    logging.getLogger("scalar").setLevel(logging.ERROR)
    mpl.rcParams.update(STYLE)
    for make in STORIES:
        story = make()
        file = IMAGES / f"policy-{story.name}.svg"
        # Names of clips and markers come from it; otherwise they are random.
        mpl.rcParams["svg.hashsalt"] = story.name
        draw(story).savefig(file, metadata={"Date": None})
        print(f"{file.relative_to(ROOT)}  {file.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
