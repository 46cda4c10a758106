"""Numbers in, samples out: the same seed and index give the same bytes in every process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from biopose_ros.body.model import BodyModel
from biopose_ros.records import FloatArray
from biopose_ros.training.motion.splits import Split
from biopose_ros.training.synthesis.backdrop import Photos
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.posing import pose_bodies
from biopose_ros.training.synthesis.records import SyntheticSample
from biopose_ros.training.synthesis.renderer import choose_look
from biopose_ros.training.synthesis.scene import PosedPerson, Scene, compose
from biopose_ros.training.synthesis.sources import (
    SUBJECT_TENTHS,
    MotionPool,
    choose_subject,
    subject_betas,
)
from biopose_ros.training.synthesis.studio import Shot, Studio
from biopose_ros.virtual_markers import MarkerTable

# Bodies are posed together; a fixed number keeps the sums, and so the bytes, the same.
CHUNK = 16

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


@dataclass(eq=False)
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

    body: BodyModel
    pool: MotionPool
    split: Split
    seed: int
    side_px: int = 256
    photos: Photos | None = None
    markers: MarkerTable | None = None
    tie: SkeletonTie | None = None

    def __post_init__(self) -> None:
        self.studio = Studio(self.body, self.side_px)

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
        Compose scenes with given persons, without drawing them.

        :param plans: who appears.
        :param least_share: see :func:`~.cameras.choose_view`.
        :returns: one scene per plan.
        """
        bodies = self._pose(plans)
        for plan in plans:
            persons = tuple(next(bodies) for _ in plan.subjects)
            yield compose(plan.random, persons, self.studio.regions, least_share)

    def plan(self, random: np.random.Generator, turn_rad: FloatArray, reach_m: FloatArray) -> Plan:
        """
        Choose who appears at given places, in which posture.

        :param random: source of chance.
        :param turn_rad: [persons], direction from the middle of the scene.
        :param reach_m: [persons], distance from it; the first person stands there all the same.
        """
        persons = len(turn_rad)
        reach_m = np.where(np.arange(persons) == 0, 0.0, reach_m)
        return Plan(
            random,
            tuple(choose_subject(random, self.split) for _ in range(persons)),
            tuple(self.pool.choose(random) for _ in range(persons)),
            random.uniform(0, 2 * np.pi, persons),
            np.stack([reach_m * np.sin(turn_rad), reach_m * np.cos(turn_rad)], 1),
        )

    def _plan(self, index: int) -> Plan:
        random = np.random.default_rng([self.seed, SUBJECT_TENTHS[self.split][0], index])
        persons = 1 + pick(random, [0, 1, 2], [0.78, 0.16, 0.06])
        turn_rad = random.uniform(0, 2 * np.pi, persons)
        return self.plan(random, turn_rad, random.uniform(0.45, 3.0, persons))

    def _pose(self, plans: list[Plan]) -> Iterator[PosedPerson]:
        """Pose all persons of a chunk at once and set them on the floor."""
        betas = np.stack([self._betas(s) for plan in plans for s in plan.subjects])
        frames = np.array([frame for plan in plans for frame in plan.frames])
        headings = np.concatenate([plan.headings_rad for plan in plans])
        places = np.concatenate([plan.places_m for plan in plans])
        bodies = pose_bodies(self.body, self.markers, self.pool.pose[frames], betas, headings)
        for i, frame in enumerate(frames):
            sits = bool(self.pool.sits[self.pool.clip[frame]])
            yield bodies.person(i, places[i], self.pool.clearance_m[frame], sits)

    def _betas(self, subject: int) -> FloatArray:
        return subject_betas(subject, self.body.data.population, self.body.num_components)

    def _sample(self, index: int, plan: Plan, persons: tuple[PosedPerson, ...]) -> SyntheticSample:
        scene = compose(plan.random, persons, self.studio.regions)
        look = choose_look(plan.random, scene, self.studio.side_px, self.photos)
        frame = plan.frames[0]
        shot = Shot(
            index,
            plan.subjects[0],
            self.pool.names[self.pool.clip[frame]],
            int(self.pool.frame[frame]),
            self.pool.pose[frame],
        )
        return self.studio.take(shot, scene, look)

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
