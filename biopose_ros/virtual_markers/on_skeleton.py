"""Virtual markers on the skeleton in place of a mesh: where they sit on its segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import yaml
from torch import Tensor

from biopose_ros.resources import resource_path
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.description import Marker
from biopose_ros.virtual_markers.marker_table import YAML_LOADER

SITES = 'config/skeleton/virtual_markers.yaml'


def with_markers(
    skeleton: Skeleton, names: Sequence[str], segments: Sequence[str], offsets_m: Tensor
) -> Skeleton:
    """
    Replace a skeleton's markers.

    :param skeleton: any skeleton with the named segments.
    :param names: [markers].
    :param segments: [markers], the segment that carries each.
    :param offsets_m: [markers, 3], in the frames of the unscaled segments.
    """
    markers = tuple(
        Marker(name, segment, tuple(offset))
        for name, segment, offset in zip(names, segments, offsets_m.tolist(), strict=True)
    )
    return Skeleton(replace(skeleton.description, markers=markers))


def with_virtual_markers(skeleton: Skeleton, path: Path | None = None) -> Skeleton:
    """
    Put the mean body's virtual markers on the default skeleton, where there is no mesh.

    :param skeleton: with the default skeleton's segments.
    :param path: a table of places; None for the one that ships with the package.
    :raises ValueError: when the file is no such table.
    """
    path = path or resource_path(SITES)
    try:
        sites = yaml.load(path.read_text(), YAML_LOADER)['markers']
        offsets_m = Tensor([site['offset_m'] for site in sites.values()]).double()
        segments = [site['segment'] for site in sites.values()]
    except (AttributeError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise ValueError(
            f'{path}: not a table of marker places ({error}); write it again with '
            '`biopose build marker-sites`'
        ) from error
    return with_markers(skeleton, tuple(sites), segments, offsets_m)
