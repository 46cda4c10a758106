"""Named anatomical points on a body mesh: read a table, place the points."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.body.model import BodyMesh

# libyaml reads a table in a tenth of the time, where PyYAML was built with it.
YAML_LOADER = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
_FORMS = ({'segment', 'vertex'}, {'segment', 'vertices', 'weights'}, {'segment', 'joint'})


@dataclass(frozen=True)
class Marker:
    """
    One virtual marker: a weighted mean of vertices, or a joint of the body.

    :param name: for example ``r_knee``.
    :param segment: the skeleton segment that it moves with.
    :param points: vertex numbers; or one number, the joint's, beyond the last vertex.
    :param weights: one per point; their sum is one.
    """

    name: str
    segment: str
    points: tuple[int, ...]
    weights: tuple[float, ...]


class MarkerTable:
    """
    Virtual markers of one mesh topology.

    :param topology: the mesh's name, as in :class:`~biopose_ros.body.BodyModel`; kept.
    :param num_vertices: how many vertices such a mesh has; kept.
    :param markers: in the order of every output; kept as a tuple.
    """

    def __init__(self, topology: str, num_vertices: int, markers: Iterable[Marker]) -> None:
        self.topology = topology
        self.num_vertices = num_vertices
        self.markers = tuple(markers)
        used = sorted({point for marker in self.markers for point in marker.points})
        self._vertices = torch.tensor([p for p in used if p < num_vertices], dtype=torch.int64)
        self._joints = torch.tensor(
            [p - num_vertices for p in used if p >= num_vertices], dtype=torch.int64
        )
        self._shares = torch.zeros(len(self.markers), len(used))
        for row, marker in enumerate(self.markers):
            for point, weight in zip(marker.points, marker.weights, strict=True):
                self._shares[row, used.index(point)] += weight

    @property
    def names(self) -> tuple[str, ...]:
        """The markers' names."""
        return tuple(marker.name for marker in self.markers)

    @property
    def segments(self) -> tuple[str, ...]:
        """The skeleton segments that the markers move with."""
        return tuple(marker.segment for marker in self.markers)

    def positions_m(self, mesh: BodyMesh) -> Tensor:
        """
        Place the markers on bodies; differentiable.

        :param mesh: [..., vertices, 3] and [..., 24, 3].
        :returns: [..., markers, 3], metres, in the mesh's frame.
        :raises ValueError: when the mesh has another number of vertices.
        """
        if mesh.vertices_m.shape[-2] != self.num_vertices:
            raise ValueError(
                f'the markers of topology {self.topology!r} need a mesh of {self.num_vertices} '
                f'vertices, got {mesh.vertices_m.shape[-2]}'
            )
        device = mesh.vertices_m.device
        points = torch.cat(
            [
                mesh.vertices_m[..., self._vertices.to(device), :],
                mesh.joints_m[..., self._joints.to(device), :],
            ],
            dim=-2,
        )
        return self._shares.to(points) @ points

    def select(self, names: Iterable[str]) -> MarkerTable:
        """
        Keep some markers, in the order given.

        :param names: marker names.
        :raises ValueError: for names that the table does not hold.
        """
        chosen = [self.markers[self.index(name)] for name in names]
        return MarkerTable(self.topology, self.num_vertices, chosen)

    def index(self, name: str) -> int:
        """
        Find a marker's row.

        :param name: for example ``r_knee``.
        :raises ValueError: when the table does not hold it.
        """
        if name not in self.names:
            close = difflib.get_close_matches(name, self.names, n=3)
            hint = f'; did you mean {", ".join(close)}?' if close else ''
            raise ValueError(f'no marker {name!r} on topology {self.topology!r}{hint}')
        return self.names.index(name)


def read_markers(path: Path) -> MarkerTable:
    """
    Read a marker table.

    :param path: a YAML file with ``topology``, ``vertices`` (how many) and ``markers``, a mapping
        from name to ``{segment, vertex}``, ``{segment, vertices, weights}`` or
        ``{segment, joint}``.
    :raises ValueError: when the file is broken; names file, marker and field.
    """
    path = Path(path)
    try:
        content = yaml.load(path.read_text(encoding='utf-8'), YAML_LOADER)
    except yaml.YAMLError as error:
        raise ValueError(f'{path}: not a YAML file: {error}') from error
    fields = {'topology': str, 'vertices': int, 'markers': dict}
    for field, kind in fields.items():
        if not isinstance(content, dict) or not isinstance(content.get(field), kind):
            raise ValueError(f'{path}: field {field} must be there and be a {kind.__name__}')
    markers = (
        _marker(f'{path}: marker {name}', str(name), entry, content['vertices'])
        for name, entry in content['markers'].items()
    )
    return MarkerTable(content['topology'], content['vertices'], markers)


def _marker(place: str, name: str, entry: Any, num_vertices: int) -> Marker:
    if not isinstance(entry, Mapping) or set(entry) not in _FORMS:
        raise ValueError(
            f'{place} must hold segment and either vertex, or vertices and weights, or joint, '
            f'got {entry!r}'
        )
    if 'joint' in entry:
        if entry['joint'] not in JOINT_NAMES:
            raise ValueError(f'{place}: field joint names no joint: {entry["joint"]!r}')
        point = num_vertices + JOINT_NAMES.index(entry['joint'])
        return Marker(name, entry['segment'], (point,), (1.0,))
    points = entry['vertices'] if 'vertices' in entry else [entry['vertex']]
    weights = entry.get('weights', [1.0])
    if not all(isinstance(point, int) and 0 <= point < num_vertices for point in points):
        raise ValueError(
            f'{place}: vertices must be numbers from 0 to {num_vertices - 1}: {points}'
        )
    if len(weights) != len(points) or not np.isclose(sum(weights), 1.0, atol=2e-3):
        raise ValueError(f'{place}: weights must sum to one, one per vertex: {weights}')
    return Marker(name, entry['segment'], tuple(points), tuple(np.divide(weights, sum(weights))))
