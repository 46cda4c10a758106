"""Where the files that ship with the package lie: ``config/``, ``weights/``, ``launch/``."""

from __future__ import annotations

import os
from pathlib import Path

# Names a folder whose files take the place of those that ship, see `biopose train all`.
FILES_VARIABLE = 'BIOPOSE_FILES'


def resource_path(relative: str) -> Path:
    """
    Find a file or folder that ships with the package.

    A checkout keeps the files beside the package; an install (pip or colcon) keeps them in
    ``<prefix>/share/biopose_ros``, wherever below the prefix the Python code lies. What lies in
    the folder ``$BIOPOSE_FILES`` comes before them.

    :param relative: for example ``config/pose.yaml``.
    :returns: the existing path.
    :raises FileNotFoundError: when no place holds it.
    """
    parents = Path(__file__).resolve().parents
    places = [parents[1], *(parent / 'share' / 'biopose_ros' for parent in parents)]
    if own := os.environ.get(FILES_VARIABLE):
        places.insert(0, Path(own))
    for place in places:
        if (place / relative).exists():
            return place / relative
    raise FileNotFoundError(
        f'{relative} is missing from the biopose_ros installation (looked below {places[0]} and '
        'every share/biopose_ros above it); install the package again'
    )


def cache_path(relative: str) -> Path:
    """
    Name a place in the user's cache, ``$BIOPOSE_CACHE`` or ``~/.cache/biopose_ros``.

    :param relative: for example ``networks/pose_landmark_full.onnx``.
    :returns: the path; its folder exists, the file may not.
    """
    root = os.environ.get('BIOPOSE_CACHE') or Path.home() / '.cache' / 'biopose_ros'
    path = Path(root) / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
