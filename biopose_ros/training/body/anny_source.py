"""
Bodies from the ``anny`` package (code Apache-2.0, MakeHuman data CC0), in SMPL axes.

Only the ``notoes`` topology is asked for: one closed, left-right symmetric surface of 12,272
vertices. Never ask anny for its ``smpl`` or ``smplx`` topologies: they download non-commercial
data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.records import FloatArray

# anny: x to the subject's left, z up, faces -y. SMPL: x left, y up, z forward.
SMPL_FROM_ANNY = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])

# Which of anny's bones move with which SMPL joint ({s} is L or R). The thumb stays with the wrist:
# the hand joint sits at the knuckles and would tear it off.
BONES_OF_JOINT = {
    'pelvis': ('root', 'pelvis.L', 'pelvis.R', 'spine05'),
    'hip': ('upperleg01.{s}', 'upperleg02.{s}'),
    'knee': ('lowerleg01.{s}', 'lowerleg02.{s}'),
    'ankle': ('foot.{s}',),
    'foot': tuple(
        f'toe{toe}-{part}.{{s}}'
        for toe, parts in ((1, 2), (2, 3), (3, 3), (4, 3), (5, 3))
        for part in range(1, parts + 1)
    ),
    'spine1': ('spine04', 'spine03'),
    'spine2': ('spine02',),
    'spine3': ('spine01',),
    'neck': ('neck01', 'neck02', 'neck03'),
    'head': ('head', 'eye.L', 'eye.R'),
    'collar': ('clavicle.{s}', 'shoulder01.{s}'),
    'shoulder': ('upperarm01.{s}', 'upperarm02.{s}'),
    'elbow': ('lowerarm01.{s}', 'lowerarm02.{s}'),
    'wrist': (
        'wrist.{s}',
        *(f'metacarpal{finger}.{{s}}' for finger in range(1, 5)),
        *(f'finger1-{part}.{{s}}' for part in range(1, 4)),
    ),
    'hand': tuple(f'finger{f}-{part}.{{s}}' for f in range(2, 6) for part in range(1, 4)),
}


# Local shape targets that change what a tape measure or a caliper sees.
LOCAL_CHANGES = [
    *(
        f'{side}-{part}-{kind}-incr'
        for side in 'lr'
        for part in ('upperarm', 'lowerarm', 'upperleg', 'lowerleg')
        for kind in ('scale-vert', 'scale-horiz', 'scale-depth', 'fat', 'muscle')
    ),
    *(
        f'{side}-{kind}-incr'
        for side in 'lr'
        for kind in (
            'hand-scale',
            'hand-fingers-length',
            'foot-scale',
            'foot-scale-depth',
            'foot-scale-horiz',
        )
    ),
    *(
        f'{part}-scale-{axis}-incr'
        for part in ('neck', 'head')
        for axis in ('vert', 'horiz', 'depth')
    ),
    'torso-scale-vert-incr',
    *(
        f'measure-{kind}-incr'
        for kind in ('shoulder-dist', 'wrist-circ', 'ankle-circ', 'neck-circ')
    ),
    'stomach-tone-incr',
    'head-fat-incr',
]


@dataclass(frozen=True)
class RestShapes:
    """
    Bodies in anny's rest pose (arms 45 degrees down, elbows bent).

    :param vertices_m: [bodies, vertices, 3], SMPL axes.
    :param bone_heads_m: [bodies, bones, 3], SMPL axes.
    """

    vertices_m: FloatArray
    bone_heads_m: FloatArray


class AnnySource:
    """
    The anny model with what the builder needs of it.

    :attr faces: [faces, 3], vertex numbers.
    :attr bone_names: one name per bone.
    :attr bone_weights: [vertices, bones], each row sums to one.
    :attr mirror: [vertices], the vertex on the other side of the body.
    """

    def __init__(self) -> None:
        """
        Build or load anny's model data (a minute at first, then a second; 1 GB of cache).

        :raises ImportError: when ``anny`` is not installed.
        """
        from anny import Anny

        self._model: Any = Anny(
            rig='anny',
            topology='notoes',
            local_changes=LOCAL_CHANGES,
            phenotypes='all',
            phenotype_blendshapes='original',
            # Military adults are heavier than the heaviest shape that MakeHuman's artists drew.
            extrapolate_phenotypes=True,
        )
        self.faces = self._model.faces.numpy().astype(np.int64)
        self.bone_names: list[str] = list(self._model.bone_labels)
        self.bone_weights = self._dense_weights()
        template = self._model.template_vertices.numpy().astype(np.float64) @ SMPL_FROM_ANNY.T
        self.mirror = mirror_vertices(template)

    def _dense_weights(self) -> FloatArray:
        values = self._model.vertex_bone_weights.numpy().astype(np.float64)
        bones = self._model.vertex_bone_indices.numpy()
        dense = np.zeros((len(values), len(self.bone_names)))
        np.add.at(dense, (np.arange(len(values))[:, None], bones), values)
        return dense / dense.sum(axis=1, keepdims=True)

    def shapes(
        self, phenotypes: dict[str, FloatArray], local: dict[str, FloatArray]
    ) -> RestShapes:
        """
        Make bodies.

        :param phenotypes: [bodies] per phenotype (gender, age, muscle, ...), 0 to 1; a gender of
            0 is male, 1 female.
        :param local: [bodies] per local change, -1 to 1, without the ``l-`` or ``r-`` prefix.
        """
        import torch

        changes = {
            label: torch.as_tensor(local[unsided(label)])
            for label in self._model.local_change_labels
            if unsided(label) in local
        }
        with torch.no_grad():
            output = self._model(
                phenotype_kwargs={name: torch.as_tensor(v) for name, v in phenotypes.items()},
                local_changes_kwargs=changes,
            )
        return RestShapes(
            output['rest_vertices'].numpy().astype(np.float64) @ SMPL_FROM_ANNY.T,
            output['rest_bone_heads'].numpy().astype(np.float64) @ SMPL_FROM_ANNY.T,
        )

    def joint_weights(self) -> FloatArray:
        """
        Merge the skinning weights of anny's bones into those of the SMPL joints.

        :returns: [vertices, 24], each row sums to one.
        """
        merged = np.zeros((len(self.bone_weights), len(JOINT_NAMES)))
        for joint, name in enumerate(JOINT_NAMES):
            bones = [self.bone_names.index(bone) for bone in bones_of(name)]
            merged[:, joint] = self.bone_weights[:, bones].sum(axis=1)
        return merged

    def joint_heads(self, shapes: RestShapes) -> FloatArray:
        """
        Take each SMPL joint's position from the first of its bones.

        :returns: [bodies, 24, 3], metres; the hand joints lie amid the four knuckles.
        """
        heads = np.empty((len(shapes.bone_heads_m), len(JOINT_NAMES), 3))
        for joint, name in enumerate(JOINT_NAMES):
            first = [bones_of(name)[0]]
            if name.endswith('hand'):
                first = [bone for bone in bones_of(name) if '-1.' in bone]
            bones = [self.bone_names.index(bone) for bone in first]
            heads[:, joint] = shapes.bone_heads_m[:, bones].mean(axis=1)
        return heads


def unsided(label: str) -> str:
    """Drop ``l-`` or ``r-`` from a local change's name."""
    return label[2:] if label[:2] in ('l-', 'r-') else label


def bones_of(joint: str) -> list[str]:
    """
    Name anny's bones that move with an SMPL joint.

    :param joint: for example ``left_hip`` or ``spine1``.
    """
    side, _, part = joint.rpartition('_')
    return [bone.format(s=side[:1].upper()) for bone in BONES_OF_JOINT[part]]


def mirror_vertices(vertices_m: FloatArray) -> np.ndarray:
    """
    Find the partner of every vertex on the other side of a symmetric body.

    :param vertices_m: [vertices, 3], SMPL axes.
    :returns: [vertices], vertex numbers.
    :raises ValueError: when the body is not symmetric to 0.1 mm.
    """
    distance, partner = cKDTree(vertices_m).query(vertices_m * [-1.0, 1.0, 1.0])
    if distance.max() > 1e-4 or len(np.unique(partner)) != len(partner):
        raise ValueError(f'mesh is not symmetric: {distance.max() * 1e3:.2f} mm between sides')
    return partner
