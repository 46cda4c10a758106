"""Bodies in SMPL format: files in, posed meshes out."""

from __future__ import annotations

from pathlib import Path

from biopose_ros.body.body_file import read_body
from biopose_ros.body.model import BodyMesh, BodyModel
from biopose_ros.resources import resource_path

__all__ = ['BodyMesh', 'BodyModel', 'load_body']

DEFAULT_BODY = 'weights/body.safetensors'


def load_body(path: Path | None = None) -> BodyModel:
    """
    Load a body model on the CPU; move it with ``.to(device)``.

    :param path: our ``.safetensors``, or a user's SMPL ``.pkl`` or ``.npz``; None for the body
        that ships with the package.
    :raises FileNotFoundError: when there is no such file.
    :raises ValueError: when the file is broken or is no SMPL-format body.
    """
    return BodyModel(read_body(path or resource_path(DEFAULT_BODY)))
