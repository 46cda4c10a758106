"""Numbers in, samples out: the same seed and index give the same bytes in every process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from biopose_ros.body.joints import JOINT_PARENTS
from biopose_ros.body.model import BodyMesh, BodyModel
from biopose_ros.body.rotations import pose_to_matrices
from biopose_ros.records import FloatArray
from biopose_ros.torch_threads import one_torch_thread
from biopose_ros.training.motion.rotations import matrices_from_vectors
from biopose_ros.training.motion.splits import Split
from biopose_ros.training.synthesis.backdrop import Photos
from biopose_ros.training.synthesis.cameras import crop_from_image
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.records import SyntheticSample, joint_visibility
from biopose_ros.training.synthesis.regions import body_regions
from biopose_ros.training.synthesis.renderer import draw
from biopose_ros.training.synthesis.scene import PosedPerson, Scene, compose
from biopose_ros.training.synthesis.sources import (
    SUBJECT_TENTHS,
    MotionPool,
    choose_subject,
    subject_betas,
)
from biopose_ros.virtual_markers import MarkerTable

# Bodies are posed together; a fixed number keeps the sums, and so the bytes, the same.
CHUNK = 16
_FLESH_MARGIN_M = 0.06

SkeletonTie = Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""
Pose [bodies, 24, 3], betas [bodies, components] and translation [bodies, 3] in camera axes, to
skeleton coordinates [bodies, coordinates] (pelvis in the ground frame) and scales [bodies,
segments, 3].
"""


@dataclass(frozen=True)
class Plan:
    """
    Who appears in one image, before anything is computed.

    :param random: the image's own source of chance, used up to here.
    :param subjects: one number per person, the main person first.
    :param frames: rows of the motion pool.
    :param headings_rad: turn of each person about the vertical.
    :param places_m: [persons, 2], x and z of each person's pelvis in the world.
    """

    random: np.random.Generator
    subjects: tuple[int, ...]
    frames: tuple[int, ...]
    headings_rad: FloatArray
    places_m: FloatArray


class SampleGenerator:
    """
    Draw samples of one split.

    :param body: body model.
    :param pool: motion of the split.
    :param split: whose subjects appear.
    :param seed: of the whole stream.
    :param side_px: width and height of the images.
    :param photos: pictures to put behind people; procedural ones where None.
    :param markers: table of virtual markers; none are given where None.
    :param tie: skeleton coordinates and scales from the body's; none are given where None.
    """

    def __init__(
        self,
        body: BodyModel,
        pool: MotionPool,
        split: Split,
        seed: int = 0,
        side_px: int = 256,
        photos: Photos | None = None,
        markers: MarkerTable | None = None,
        tie: SkeletonTie | None = None,
    ) -> None:
        self.body = body
        self.pool = pool
        self.split = split
        self.seed = seed
        self.side_px = side_px
        self.photos = photos
        self.markers = markers
        self.tie = tie
        template, joints = body.template_m.numpy(), body.rest_joints_m.numpy()
        self.regions = body_regions(template, joints, body.faces)
        self._flesh_m = _flesh(template, joints)

    def chunk(self, number: int) -> list[SyntheticSample]:
        """
        Draw the samples ``number * CHUNK`` up to the next chunk.

        :param number: of the chunk, from 0.
        :returns: 16 samples.
        """
        first = number * CHUNK
        plans = [self._plan(index) for index in range(first, first + CHUNK)]
        bodies = self._pose(plans)
        samples = []
        for index, plan in enumerate(plans, start=first):
            persons = tuple(next(bodies) for _ in plan.subjects)
            samples.append(self._sample(index, plan, persons))
        return self._tie_skeleton(samples)

    def scenes(self, plans: list[Plan], least_share: float) -> Iterator[Scene]:
        """
        Stage scenes of one's own choice, without drawing them.

        :param plans: who appears.
        :param least_share: see :func:`~.cameras.choose_view`.
        :returns: one scene per plan.
        """
        bodies = self._pose(plans)
        for plan in plans:
            persons = tuple(next(bodies) for _ in plan.subjects)
            yield compose(plan.random, persons, self.regions, least_share)

    def _plan(self, index: int) -> Plan:
        random = np.random.default_rng([self.seed, SUBJECT_TENTHS[self.split][0], index])
        others = pick(random, [0, 1, 2], [0.78, 0.16, 0.06])
        persons = 1 + others
        turn, reach = random.uniform(0, 2 * np.pi, persons), random.uniform(0.45, 3.0, persons)
        reach[0] = 0.0
        return Plan(
            random,
            tuple(choose_subject(random, self.split) for _ in range(persons)),
            tuple(self.pool.choose(random) for _ in range(persons)),
            random.uniform(0, 2 * np.pi, persons),
            np.stack([reach * np.sin(turn), reach * np.cos(turn)], 1),
        )

    def _pose(self, plans: list[Plan]) -> Iterator[PosedPerson]:
        """Pose all persons of a chunk at once and set them on the floor."""
        betas = np.stack([self._betas(s) for plan in plans for s in plan.subjects])
        frames = np.array([frame for plan in plans for frame in plan.frames])
        headings = np.concatenate([plan.headings_rad for plan in plans])
        places = np.concatenate([plan.places_m for plan in plans])
        with one_torch_thread(), torch.inference_mode():
            local = pose_to_matrices(torch.from_numpy(self.pool.pose[frames]), 24)
            local[:, 0] = _about_vertical(headings) @ local[:, 0]
            shape = torch.from_numpy(betas)
            mesh = self.body(local, shape)
            rest_joints = self.body.shaped_joints_m(shape).numpy()
            statures = self._statures(shape)
            markers = self._place_markers(mesh)
        turns = _world_turns(local.numpy())
        for i in range(len(frames)):
            vertices, joints = mesh.vertices_m[i].numpy(), mesh.joints_m[i].numpy()
            drop = self.pool.clearance_m[frames[i]] - vertices[:, 1].min()
            shift = np.array(
                [places[i, 0] - joints[0, 0], drop, places[i, 1] - joints[0, 2]], np.float32
            )
            stature = float(statures[i])
            yield PosedPerson(
                vertices + shift,
                joints + shift,
                rest_joints[i],
                np.array([stature, 0.095 * stature, 0.075 * stature]),
                turns[i],
                bool(self.pool.sits[self.pool.clip[frames[i]]]) and _is_seated(joints),
                betas[i],
                markers[i] + shift,
            )

    def _statures(self, betas: torch.Tensor) -> FloatArray:
        """Statures [bodies], metres, between the mean body's lowest and highest vertices."""
        heights = self.body.template_m[:, 1]
        ends = [int(heights.argmin()), int(heights.argmax())]
        directions = self.body.shape_directions_m[:, ends, 1]
        low, high = (heights[ends] + betas @ directions).unbind(-1)
        return (high - low).numpy()

    def _place_markers(self, mesh: BodyMesh) -> FloatArray:
        """Markers [bodies, markers, 3] of posed bodies."""
        if self.markers is None:
            return np.zeros((len(mesh.vertices_m), 0, 3), np.float32)
        return self.markers.positions_m(mesh).numpy()

    def _betas(self, subject: int) -> FloatArray:
        return subject_betas(subject, self.body.data.population, self.body.num_components)

    def _sample(self, index: int, plan: Plan, persons: tuple[PosedPerson, ...]) -> SyntheticSample:
        scene = compose(plan.random, persons, self.regions)
        crop = crop_from_image(scene.crop, self.side_px)
        picture = draw(plan.random, scene, self.regions, crop, self.side_px, self.photos)
        view, main, frame = scene.view, persons[0], plan.frames[0]
        projection = crop @ view.camera.intrinsics_px
        joints = view.to_camera(main.joints_m)
        pixels = _project(joints, projection)
        markers = view.to_camera(main.markers_m)
        visibility = joint_visibility(
            joints, pixels, self._flesh_m, picture.segmentation, picture.depth_m, picture.inside
        )
        pose = self.pool.pose[frame].copy()
        pose[0] = cv2.Rodrigues(view.camera_from_world @ main.turns[0])[0][:, 0]
        camera = view.camera
        return SyntheticSample(
            index=index,
            subject=plan.subjects[0],
            clip=self.pool.names[self.pool.clip[frame]],
            frame=int(self.pool.frame[frame]),
            image_bgr=picture.image_bgr,
            segmentation=picture.segmentation,
            pose=pose,
            betas=main.betas,
            translation_m=(joints[0] - main.rest_joints_m[0]).astype(np.float32),
            gravity=(-view.camera_from_world[:, 1]).astype(np.float32),
            intrinsics_px=camera.intrinsics_px.astype(np.float32),
            image_size_px=np.array([camera.width_px, camera.height_px], np.int32),
            crop_from_image=crop.astype(np.float32),
            joints_m=joints.astype(np.float32),
            joints_px=pixels.astype(np.float32),
            joint_visibility=visibility,
            markers_m=markers.astype(np.float32),
            markers_px=_project(markers, projection).astype(np.float32),
            coordinates=np.zeros(0, np.float32),
            scales=np.zeros((0, 3), np.float32),
        )

    def _tie_skeleton(self, samples: list[SyntheticSample]) -> list[SyntheticSample]:
        if self.tie is None:
            return samples
        stacks = [np.stack([getattr(s, f) for s in samples])
                  for f in ('pose', 'betas', 'translation_m')]  # fmt: skip
        coordinates, scales = self.tie(*stacks)
        return [
            replace(sample, coordinates=q.astype(np.float32), scales=s.astype(np.float32))
            for sample, q, s in zip(samples, coordinates, scales, strict=True)
        ]


def _about_vertical(angles_rad: FloatArray) -> torch.Tensor:
    """Turns about y, [n, 3, 3] float32."""
    vectors = np.zeros((len(angles_rad), 3))
    vectors[:, 1] = angles_rad
    return torch.from_numpy(matrices_from_vectors(vectors).astype(np.float32))


def _world_turns(local: NDArray[np.float32]) -> FloatArray:
    """Chain local rotations [bodies, 24, 3, 3] from the root."""
    turns = local.astype(np.float64)
    for joint, parent in enumerate(JOINT_PARENTS[1:], start=1):
        turns[:, joint] = turns[:, parent] @ turns[:, joint]
    return turns


def _project(points_m: FloatArray, projection: FloatArray) -> FloatArray:
    """Camera points to crop pixels; points behind the camera stay far outside."""
    depth = np.maximum(points_m[:, 2:], 1e-3)
    return (points_m / depth @ projection.T)[:, :2]


def _flesh(template_m: FloatArray, joints_m: FloatArray) -> FloatArray:
    """Distance from each joint to the skin, with a margin for pose and clothes."""
    gaps = np.linalg.norm(template_m[None] - joints_m[:, None], axis=-1)
    return gaps.min(1) + _FLESH_MARGIN_M


def _is_seated(joints_m: FloatArray) -> bool:
    """Thighs near level."""
    drop = joints_m[[1, 2], 1].mean() - joints_m[[4, 5], 1].mean()
    thigh = np.linalg.norm(joints_m[1] - joints_m[4])
    return bool(abs(drop) < 0.55 * thigh)
