"""Measure the body layer: its error against the unmodified ``smplx`` package, and its time."""

from __future__ import annotations

import tempfile
import timeit
from pathlib import Path

import torch

from biopose_ros.body.body_data import BodyData
from biopose_ros.body.body_file import export_smpl
from biopose_ros.body.joints import JOINT_NAMES
from biopose_ros.body.model import BodyModel

# smplx uses ten shape components of any SMPL file with fewer than 300.
SMPLX_COMPONENTS = 10
_ROUNDS = 20


def smplx_max_error_m(body: BodyModel, bodies: int = 64) -> float:
    """
    Compare with the unmodified ``smplx`` package on random poses, shapes and places.

    :param body: any body.
    :param bodies: how many random ones.
    :returns: the largest difference of a vertex or joint, in metres, along one axis.
    :raises ImportError: when ``smplx`` is not installed.
    """
    random = torch.Generator().manual_seed(0)
    pose = torch.randn(bodies, len(JOINT_NAMES), 3, generator=random)
    betas = 2.0 * torch.randn(bodies, SMPLX_COMPONENTS, generator=random)
    shift = torch.randn(bodies, 3, generator=random)
    with torch.no_grad():
        mesh = body(pose, betas, shift)
        theirs = _smplx_model(body.data)(
            betas=betas,
            global_orient=pose[:, 0],
            body_pose=pose[:, 1:].flatten(1),
            transl=shift,
        )
    differences = (
        mesh.vertices_m - theirs.vertices,
        mesh.joints_m - theirs.joints[:, : len(JOINT_NAMES)],
    )
    return max(float(difference.abs().max()) for difference in differences)


def _smplx_model(data: BodyData) -> torch.nn.Module:
    import smplx

    # Its extra points are SMPL vertex numbers, meaningless here: any vertex will do.
    nowhere = dict.fromkeys(smplx.vertex_ids.vertex_ids['smplh'], 0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'body.pkl'
        export_smpl(path, data)
        model: torch.nn.Module = smplx.SMPL(
            str(path), num_betas=SMPLX_COMPONENTS, vertex_ids=nowhere
        )
    return model


def milliseconds(body: BodyModel, bodies: int) -> float:
    """
    Time the body layer on the CPU.

    :param body: any body.
    :param bodies: in one call.
    :returns: milliseconds for one call, the fastest of many.
    """
    pose = torch.zeros(bodies, len(JOINT_NAMES), 3)
    betas = torch.zeros(bodies, body.num_components)
    with torch.no_grad():
        return 1e3 * min(timeit.repeat(lambda: body(pose, betas), number=1, repeat=_ROUNDS))
