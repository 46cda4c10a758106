"""Batches of encoder maps with the truth in each crop camera's axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from biopose_ros.body.rotations import axis_angle_to_matrix, chained
from biopose_ros.inference.feature_maps import MAPS
from biopose_ros.mesh_recovery.crop_camera import CropCamera, crop_camera
from biopose_ros.mesh_recovery.network import CropEvidence, MeshRecovery
from biopose_ros.records import Camera, Crop, FloatArray
from biopose_ros.training.device import to_device
from biopose_ros.training.mesh.map_store import MapStore
from biopose_ros.training.synthesis.generator import CHUNK

_SIDE_PX = 256
_MEASURED = 512  # images whose maps give mean and spread


@dataclass(frozen=True)
class MeshTruth:
    """
    What is true of a batch of crops, in the crop cameras' axes; leading axis batch.

    :param pose: [..., 24, 3, 3].
    :param turns: [..., 24, 3, 3], each joint to crop camera.
    :param betas: [..., components].
    :param place: [..., 3], see :class:`~biopose_ros.mesh_recovery.network.MeshEstimate`.
    :param joints: [..., 24, 2], 0 to 1 across the crop.
    :param pelvis_m: [..., 3].
    :param points_m: [..., 24 + markers, 3], joints and markers about the pelvis joint.
    :param projection: [..., 3, 3], see :class:`~biopose_ros.mesh_recovery.crop_camera.CropCamera`.
    :param unprojection: [..., 3, 3], its inverse.
    """

    pose: Tensor
    turns: Tensor
    betas: Tensor
    place: Tensor
    joints: Tensor
    pelvis_m: Tensor
    points_m: Tensor
    projection: Tensor
    unprojection: Tensor

    def rows(self, chosen: Tensor) -> MeshTruth:
        """
        Take some crops.

        :param chosen: [rows], numbers.
        """
        return MeshTruth(**{name: value[chosen] for name, value in vars(self).items()})


class MeshData:
    """
    A store as tensors.

    :attr truth: of all crops, also of places that hold none yet.
    """

    def __init__(self, store: MapStore) -> None:
        """
        Turn the truth into the crop cameras' axes.

        :param store: filled, or being refilled.
        """
        self.store = store
        self._numbers = np.full(len(store.numbers), -1)
        self._rows = np.arange(0)
        self.refresh()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def drawn(self) -> int:
        """How many images were put into the store so far, those replaced since among them."""
        return CHUNK * (int(self.store.numbers.max()) + 1)

    @property
    def rows(self) -> Tensor:
        """[crops], where the store held crops at the last refresh."""
        return torch.from_numpy(self._rows)

    def refresh(self) -> None:
        """Read the truth of the chunks that have come since the last time."""
        now = np.array(self.store.numbers)
        new = np.flatnonzero((now >= 0) & (now != self._numbers))
        if not len(new):
            return
        rows = self._rows_of(new)
        points, truth = read_fields({k: v[rows] for k, v in self.store.truth.items()})
        if not len(self._rows):
            self.points = _room_for(len(self.store), points)
            self.truth = _room_for(len(self.store), truth)
        for whole, few in ((self.points, points), (self.truth, truth)):
            for name, values in vars(few).items():
                if isinstance(values, Tensor):
                    getattr(whole, name)[rows] = values
        self._numbers[new] = now[new]
        self._rows = self._rows_of(np.flatnonzero(self._numbers >= 0))

    def unchanged(self, rows: Tensor) -> Tensor:
        """
        Leave out the crops that were replaced since the last refresh.

        :param rows: [crops].
        """
        chunk = rows.numpy() // CHUNK
        return rows[torch.from_numpy(self.store.numbers[chunk] == self._numbers[chunk])]

    def _rows_of(self, chunks: np.ndarray) -> np.ndarray:
        rows = (chunks[:, None] * CHUNK + np.arange(CHUNK)).ravel()
        return rows[rows < len(self.store)]

    def evidence(self, rows: Tensor, model: MeshRecovery) -> CropEvidence:
        """
        Read crops; their maps are normalised as the model wants them.

        :param rows: [batch], rising numbers.
        :param model: whose normalisation it is.
        """
        maps = {}
        for level in MAPS:
            gain, shift = byte_normalisation(self.store, level, model)
            units = torch.from_numpy(self.store.maps[level][rows.numpy()]).to(gain.device)
            units = units.bfloat16()
            maps[level] = torch.addcmul(shift.bfloat16(), units, gain.bfloat16())
        points = self.points
        few = CropEvidence({}, points.keypoints[rows], points.world_m[rows], points.view[rows])
        return replace(to_device(few, gain.device), maps=maps)


T = TypeVar('T')


def _room_for(crops: int, few: T) -> T:
    """Make the same tensors for more crops, with nothing in them."""
    return type(few)(
        **{
            name: values.new_zeros(crops, *values.shape[1:]) if isinstance(values, Tensor) else {}
            for name, values in vars(few).items()
        }
    )


def read_fields(fields: Mapping[str, FloatArray]) -> tuple[CropEvidence, MeshTruth]:
    """
    Turn what a store keeps of crops into tensors.

    :param fields: see :class:`~biopose_ros.training.mesh.map_store.MapStore`.
    :returns: evidence without maps, and the truth in the crop cameras' axes.
    """
    cameras = [
        crop_camera(*sample_view(*values))
        for values in zip(
            fields['intrinsics_px'], fields['image_size_px'], fields['crop_from_image'],
            strict=True,
        )
    ]  # fmt: skip
    view = np.stack([[np.log(c.extent), *c.slope] for c in cameras])
    points = np.concatenate([fields['keypoints'], fields['keypoint_confidence'][..., None]], 2)
    arrays = (points, fields['world_m'], view)
    evidence = CropEvidence({}, *(torch.from_numpy(a.astype(np.float32)) for a in arrays))
    return evidence, _truth(fields, cameras)


def byte_normalisation(store: MapStore, level: str, model: MeshRecovery) -> tuple[Tensor, Tensor]:
    """
    Give gain and shift, [channels] each, on the model's device, that normalise a store's bytes.

    :param store: whose bytes.
    :param level: of the maps.
    :param model: whose normalisation.
    """
    gain, shift = getattr(model, f'gain_{level}'), getattr(model, f'shift_{level}')
    low, step = (
        torch.from_numpy(values[level]).to(gain.device) for values in (store.low, store.step)
    )
    return gain * step, shift + gain * low


@torch.no_grad()
def fit_normalisation(model: MeshRecovery, data: MeshData) -> None:
    """
    Measure the maps' mean and spread, and the mean pose, and put them into a model.

    :param model: changed in place.
    :param data: of the training split.
    """
    rows = data.rows[:_MEASURED].numpy()
    for level in MAPS:
        units = data.store.maps[level][rows].astype(np.float32)
        values = units * data.store.step[level] + data.store.low[level]
        flat = torch.from_numpy(values.reshape(-1, values.shape[-1]))
        # A channel that hardly ever moves would be all noise.
        spread = flat.std(0).clamp(min=0.05 * float(flat.std()))
        getattr(model, f'gain_{level}').copy_(1 / spread)
        getattr(model, f'shift_{level}').copy_(-flat.mean(0) / spread)
    fit_mean_pose(model, data.truth.rows(data.rows))


@torch.no_grad()
def fit_mean_pose(model: MeshRecovery, truth: MeshTruth) -> None:
    """
    Let a model start from the mean pose.

    :param model: changed in place.
    :param truth: of the training split.
    """
    six = truth.turns[..., :2].mT.flatten(-2)
    model.get_buffer('mean_pose').copy_(six.mean(0))


def disturbed(evidence: CropEvidence, generator: torch.Generator) -> CropEvidence:
    """
    Make evidence worse, so that the network does not rest on any part of it.

    Channels of the maps change their gain a little; landmarks move, vanish, or go far off; now and
    then the encoder's own 3D landmarks are not given at all.

    :param evidence: with normalised maps.
    :param generator: of the random numbers, on the evidence's device.
    """

    def uniform(*size: int) -> Tensor:
        return torch.rand(size, generator=generator, device=generator.device)

    def normal(*size: int) -> Tensor:
        return torch.randn(size, generator=generator, device=generator.device)

    batch, count = evidence.keypoints.shape[:2]
    maps = {
        level: values * (1 + 0.08 * normal(batch, 1, 1, values.shape[-1])).to(values)
        for level, values in evidence.maps.items()
    }
    places, confidence = evidence.keypoints.split([2, 1], -1)
    spread = torch.where(uniform(batch, count, 1) < 0.02, 0.08, 0.004)
    keypoints = torch.cat([places + spread * normal(batch, count, 2), confidence], -1)
    keypoints = torch.where(uniform(batch, count, 1) < 0.03, 0.5 * (keypoints > 2), keypoints)
    world_m = evidence.world_m * (uniform(batch, 1, 1) > 0.2)
    return replace(evidence, maps=maps, keypoints=keypoints, world_m=world_m)


def sample_view(
    intrinsics_px: FloatArray, size_px: np.ndarray, crop_from_image: FloatArray
) -> tuple[Crop, Camera]:
    """
    Give the crop and camera that a synthetic sample has at run time.

    Synthetic pixels have their centres at whole numbers; crops count from corners.

    :param intrinsics_px: [3, 3], of the sample.
    :param size_px: [2], of the camera's image.
    :param crop_from_image: [3, 3], of the sample.
    """
    matrix = crop_from_image.astype(np.float64)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    angle = float(np.arctan2(matrix[0, 1], matrix[0, 0]))
    middle = np.full(2, 0.5 * _SIDE_PX - 0.5)
    center = np.linalg.solve(matrix[:2, :2], middle - matrix[:2, 2]) + 0.5
    intrinsics = intrinsics_px.astype(np.float64)
    intrinsics[:2, 2] += 0.5
    width, height = (int(side) for side in size_px)
    camera = Camera(width, height, intrinsics, np.zeros(0))
    return Crop(center, _SIDE_PX / scale, angle), camera


def _truth(fields: Mapping[str, FloatArray], cameras: list[CropCamera]) -> MeshTruth:
    turns = torch.from_numpy(np.stack([c.rotation for c in cameras]).astype(np.float32))
    extent = torch.tensor([c.extent for c in cameras], dtype=torch.float32)
    pose = axis_angle_to_matrix(torch.from_numpy(fields['pose']))
    pose[:, 0] = turns @ pose[:, 0]
    joints_m, markers_m = (
        torch.from_numpy(fields[name]) @ turns.mT for name in ('joints_m', 'markers_m')
    )
    pelvis_m = joints_m[:, 0]
    joints = (torch.from_numpy(fields['joints_px']) + 0.5) / _SIDE_PX
    depth = (pelvis_m[:, 2] * extent).log()
    projection = torch.from_numpy(np.stack([c.projection for c in cameras]).astype(np.float32))
    return MeshTruth(
        pose=pose,
        turns=chained(pose),
        betas=torch.from_numpy(fields['betas']),
        place=torch.cat([joints[:, 0], depth[:, None]], -1),
        joints=joints,
        pelvis_m=pelvis_m,
        points_m=torch.cat([joints_m, markers_m], 1) - pelvis_m[:, None],
        projection=projection,
        unprojection=torch.linalg.inv(projection),
    )
