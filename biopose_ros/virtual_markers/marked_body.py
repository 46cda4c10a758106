"""
The body with the markers that NeurIK takes: the default one, or a user's SMPL file instead.

The networks know the default body. A user's body takes over the pose as it is, and the shape of
its own that brings joints and markers nearest to where the default body has them. Markers that its
topology's table lacks are carried over: they keep their place about the joints.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from biopose_ros.body import BodyModel, load_body
from biopose_ros.virtual_markers import load_markers
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES
from biopose_ros.virtual_markers.cut_body import cut_body, points_about_pelvis_m
from biopose_ros.virtual_markers.marker_table import Marker, MarkerTable

# How far joints and markers of two fitting bodies lie apart, 1 sigma; shapes have a sigma of 1.
_APART_M = 0.01


def marked_body(path: Path | None = None) -> tuple[BodyModel, MarkerTable]:
    """
    Give a body cut down to the markers that NeurIK takes, and these on it.

    :param path: an SMPL-format file; None for the default body.
    :returns: body and markers, in the order of ``MARKER_NAMES``.
    :raises FileNotFoundError: when there is no such file.
    :raises ValueError: when the file is broken, or of a topology without a marker table.
    """
    body, markers = _known_markers(path)
    if len(markers.markers) == len(MARKER_NAMES):
        return body, markers
    return _with_carried(body, markers, *_known_markers(None))


def fitting_shape(path: Path | None) -> Callable[[Tensor], Tensor]:
    """
    Map the shape of the default body to that of another.

    :param path: an SMPL-format file; None for the default body, whose shape stays.
    :returns: a function from the default body's components [..., components] to the other's.
    """
    if path is None:
        return lambda betas: betas
    (theirs, their_markers), (ours, our_markers) = _known_markers(path), _known_markers(None)
    names = [name for name in their_markers.names if name in our_markers.names]
    wanted_m, by_ours = _shaped_points(ours, our_markers.select(names))
    template_m, by_theirs = _shaped_points(theirs, their_markers.select(names))
    curvature = by_theirs.T @ by_theirs + _APART_M**2 * torch.eye(by_theirs.shape[1])
    solve = torch.linalg.solve(curvature, by_theirs.T)  # [components, points * 3]
    mean, slope = solve @ (wanted_m - template_m), solve @ by_ours
    return lambda betas: mean + betas @ slope[:, : betas.shape[-1]].mT


@lru_cache(maxsize=4)
def _known_markers(path: Path | None) -> tuple[BodyModel, MarkerTable]:
    """Cut a body down to those markers that its topology's table holds."""
    body = load_body(path)
    try:
        table = load_markers(body.topology)
    except ValueError as error:
        raise ValueError(
            f'{path}: {error}; give a body with the vertices of SMPL, or of the default body'
        ) from None
    return cut_body(body, table.select([name for name in MARKER_NAMES if name in table.names]))


def _shaped_points(body: BodyModel, markers: MarkerTable) -> tuple[Tensor, Tensor]:
    """Give joints and markers about the pelvis at rest, [points * 3], and how shape moves them."""
    betas = torch.cat([torch.zeros(1, body.num_components), torch.eye(body.num_components)])
    flat_m = points_about_pelvis_m(body, markers, torch.zeros(24, 3), betas).flatten(-2)
    return flat_m[0], (flat_m[1:] - flat_m[0]).mT


def _with_carried(
    body: BodyModel, markers: MarkerTable, ours: BodyModel, our_markers: MarkerTable
) -> tuple[BodyModel, MarkerTable]:
    """Add the markers that only the default body has, as vertices that hang on the same joints."""
    missing = [marker for marker in our_markers.markers if marker.name not in markers.names]
    weights = np.stack(
        [np.average(ours.data.weights[list(m.points)], 0, m.weights) for m in missing]
    )
    mesh = ours(torch.zeros(24, 3))
    places_m = our_markers.select([marker.name for marker in missing]).positions_m(mesh)
    about_m = places_m.numpy() - weights @ ours.rest_joints_m.numpy()
    data, count = body.data, len(body.data.template_m)
    by_shape = np.moveaxis(body.joint_shape_directions_m.numpy(), 0, -1)  # [joints, 3, components]
    regressor = data.joint_regressor.tocoo()
    further = replace(
        data,
        template_m=np.concatenate(
            [data.template_m, about_m + weights @ body.rest_joints_m.numpy()]
        ),
        shape_directions_m=np.concatenate(
            [data.shape_directions_m, np.einsum('mj,jac->mac', weights, by_shape)]
        ),
        joint_regressor=csr_matrix(
            (regressor.data, (regressor.row, regressor.col)),
            shape=(regressor.shape[0], count + len(missing)),
        ),
        weights=np.concatenate([data.weights, weights]),
    )
    added = [
        Marker(marker.name, marker.segment, (count + row,), (1.0,))
        for row, marker in enumerate(missing)
    ]
    table = MarkerTable(markers.topology, count + len(missing), [*markers.markers, *added])
    return BodyModel(further), table.select(MARKER_NAMES)
