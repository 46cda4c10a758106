"""Where the mean body's virtual markers sit on the default skeleton, as a file."""

from __future__ import annotations

import torch

from biopose_ros.body import BodyModel
from biopose_ros.training.labels.anthropometry import Anthropometry

_HEAD = """\
# Where the virtual markers of the mean body sit on the default skeleton: metres, in the frames of
# the unscaled segments. Written by `biopose build marker-sites`.
markers:
"""


def marker_sites(body: BodyModel) -> str:
    """
    Write the table of places.

    :param body: the default body.
    :returns: YAML.
    """
    anthropometry = Anthropometry(body)
    mean = anthropometry.subject(torch.zeros(body.num_components))
    table, offsets_m = mean.table, mean.skeleton.marker_offsets_m.tolist()
    lines = (
        f'  {name}: {{segment: {segment}, offset_m: [{x:.4f}, {y:.4f}, {z:.4f}]}}\n'
        for name, segment, (x, y, z) in zip(table.names, table.segments, offsets_m, strict=True)
    )
    return _HEAD + ''.join(lines)
