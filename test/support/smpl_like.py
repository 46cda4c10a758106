"""The default body with as many vertices as SMPL, those of the markers at their numbers."""

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_matrix

from biopose_ros.body import load_body
from biopose_ros.body.body_data import PoseBlock
from biopose_ros.body.body_file import SMPL_VERTICES
from biopose_ros.virtual_markers import load_markers


def smpl_like_body():
    data = load_body().data
    ours, theirs = load_markers('biopose'), load_markers('smpl')
    # Joints and surface need their vertices, markers one each; any others fill up.
    wanted = np.unique(data.joint_regressor.indices)
    chosen = np.resize(np.arange(len(data.template_m)), SMPL_VERTICES)
    fixed = {}
    for marker in theirs.markers:
        if marker.name in ours.names and len(marker.points) == 1:
            mine = ours.markers[ours.index(marker.name)]
            if mine.points[0] < ours.num_vertices and marker.points[0] < SMPL_VERTICES:
                fixed[marker.points[0]] = mine.points[int(np.argmax(mine.weights))]
    free = [place for place in range(SMPL_VERTICES) if place not in fixed]
    chosen[list(fixed)] = list(fixed.values())
    chosen[free[: len(wanted)]] = wanted
    place_of = {int(vertex): place for place, vertex in enumerate(chosen)}
    regressor = data.joint_regressor.tocoo()
    columns = [place_of[int(column)] for column in regressor.col]
    faces = [
        [place_of[int(v)] for v in face]
        for face in data.faces
        if all(int(v) in place_of for v in face)
    ]
    return replace(
        data,
        topology='smpl',
        template_m=data.template_m[chosen],
        shape_directions_m=data.shape_directions_m[chosen],
        pose_blocks=tuple(_moved(block, chosen) for block in data.pose_blocks),
        joint_regressor=csr_matrix(
            (regressor.data, (regressor.row, columns)), shape=(24, SMPL_VERTICES)
        ),
        weights=data.weights[chosen],
        faces=np.array(faces),
        population=None,
    )


def _moved(block, chosen):
    places, rows = np.nonzero(chosen[:, None] == block.vertices)
    return PoseBlock(block.joint, places, block.offsets_m[:, rows])
