"""Figures of measurements as files, for scripts to read."""

from __future__ import annotations

import json
from pathlib import Path


def write_figures(path: Path | None, figures: object) -> None:
    """
    Write what a measuring command found.

    :param path: JSON file, its folder is made where absent; None writes nothing.
    :param figures: of numbers, texts, lists and dictionaries.
    """
    if path is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + '\n', encoding='utf-8')
