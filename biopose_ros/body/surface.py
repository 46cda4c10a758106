"""The whole surface of a recovered body, for display: the pipeline itself needs markers only."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from biopose_ros.body import BodyModel
from biopose_ros.records import FloatArray, PlacedBody


@torch.inference_mode()
def body_vertices_m(model: BodyModel, body: PlacedBody) -> FloatArray:
    """
    Place every vertex.

    :param model: the default body.
    :param body: of one person.
    :returns: [vertices, 3], camera axes.
    """
    found = body.rescaled
    mesh = model(torch.from_numpy(found.pose).float(), torch.from_numpy(found.betas).float())
    about_pelvis_m = (mesh.vertices_m - mesh.joints_m[0]).numpy()
    return body.scale * about_pelvis_m + found.joints_m[0]


def coarse_faces(model: BodyModel, cell_m: float) -> NDArray[np.int64]:
    """
    Span the body with fewer triangles: vertices in one cell of a grid become one.

    Vertex clustering (Rossignac and Borrel 1993).

    :param model: in its T-pose.
    :param cell_m: side of a cell.
    :returns: [faces, 3], numbers of the model's vertices.
    """
    cells = np.floor(model.template_m.numpy() / cell_m).astype(np.int64)
    _, first, cell = np.unique(cells, axis=0, return_index=True, return_inverse=True)
    faces = first[cell.reshape(-1)][model.faces]
    first_corner, second, third = faces.T
    is_open = (first_corner != second) & (second != third) & (third != first_corner)
    return np.unique(faces[is_open], axis=0)
