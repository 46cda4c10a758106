"""Write the default skeleton's files from its one description."""

from __future__ import annotations

from pathlib import Path

from biopose_ros.skeleton.default_model import default_model
from biopose_ros.skeleton.osim_writer import osim_text
from biopose_ros.skeleton.skeleton import Skeleton
from biopose_ros.skeleton.urdf import write_urdf


def default_files() -> dict[str, str]:
    """Give the text of each file in ``config/skeleton`` by its name."""
    model = default_model()
    return {
        f'{model.name}.osim': osim_text(model),
        f'{model.name}.urdf': write_urdf(Skeleton(model)),
    }


def write_default_files(folder: Path) -> list[Path]:
    """
    Write the files that differ.

    :param folder: for example ``config/skeleton``.
    :returns: the files that were written.
    """
    written = []
    for name, text in default_files().items():
        path = folder / name
        if not path.exists() or path.read_text(encoding='utf-8') != text:
            path.write_text(text, encoding='utf-8')
            written.append(path)
    return written
