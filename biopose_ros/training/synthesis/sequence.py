"""Image sequences: one person, one outfit, one scene, and one camera from frame to frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from biopose_ros.body.model import BodyModel
from biopose_ros.records import Crop, FloatArray
from biopose_ros.training.motion.rotations import about
from biopose_ros.training.synthesis.backdrop import choose_room
from biopose_ros.training.synthesis.camera_path import film, image_steps_px, tracked_crops
from biopose_ros.training.synthesis.cameras import View, choose_view
from biopose_ros.training.synthesis.casting import Casting, Role
from biopose_ros.training.synthesis.lighting import choose_light
from biopose_ros.training.synthesis.posing import pose_bodies
from biopose_ros.training.synthesis.props import Mesh
from biopose_ros.training.synthesis.records import SyntheticSample
from biopose_ros.training.synthesis.renderer import Look, choose_look
from biopose_ros.training.synthesis.scene import (
    PosedPerson,
    Scene,
    exact_crop,
    hang,
    scatter,
    seats,
)
from biopose_ros.training.synthesis.sources import SUBJECT_TENTHS
from biopose_ros.training.synthesis.studio import Shot, Studio
from biopose_ros.training.synthesis.wardrobe import choose_outfit, choose_palette
from biopose_ros.virtual_markers import MarkerTable

# A sample's index is the sequence's number times this, plus its place in the sequence.
INDICES = 1000
# Tells the chance of sequences from that of single images.
_STREAM = 20251125
_NEAREST_M = 0.8
_VIEWS_TRIED = 200
# Things this near to somebody's path would be walked through.
_PATH_M = 0.3
_SLOWEST_SHUTTER = 0.5  # of the time between two frames

MotionTie = Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]
"""
Pose [frames, 24, 3] and translation [frames, 3] in camera axes and betas [components] of one
person's motion, in the order pose, betas, translation, to skeleton coordinates [frames,
coordinates] and scales [segments, 3].
"""
Framing = Callable[[np.random.Generator, Sequence[Crop], Sequence[View]], Sequence[Crop]]
"""What the pictures show: crops from a source of chance, the person's exact crops, and views."""


@dataclass(eq=False)
class SequenceGenerator:
    """
    Draw image sequences of one split, 30 frames a second.

    :param body: body model.
    :param casting: persons and motion, of the same split.
    :param seed: of the whole stream.
    :param side_px: width and height of the images.
    :param markers: table of virtual markers; none are given where None.
    :param tie: skeleton coordinates and scales from the body's; none are given where None.
    :param facing_rad: greatest angle between where the person faces in the middle of the sequence
        and the way to the camera.
    :param framing: what the pictures show; else the person's crop, as tracking would cut it.
    :param frames: fewest and most of a sequence.
    """

    body: BodyModel
    casting: Casting
    seed: int
    side_px: int
    markers: MarkerTable | None
    tie: MotionTie | None
    facing_rad: float
    framing: Framing = lambda random, exact, _views: tracked_crops(random, exact)
    frames: tuple[int, int] = (27, 90)

    def __post_init__(self) -> None:
        self.studio = Studio(self.body, self.side_px)

    def chunk(self, number: int) -> list[SyntheticSample]:
        """
        Draw one sequence.

        :param number: of the sequence, from 0; with the seed it fixes every byte.
        :returns: its samples in the order of time.
        """
        tenth = SUBJECT_TENTHS[self.casting.split][0]
        random = np.random.default_rng([self.seed, tenth, number, _STREAM])
        roles = self._cast(random, number)
        acts = [self._perform(random, role, 3.0 * (place > 0)) for place, role in enumerate(roles)]
        scenes = self._stage(random, acts)
        look = choose_look(random, scenes[0], self.studio.side_px)
        looks = _looks(random, look, scenes, self.studio.side_px)
        samples = [
            self.studio.take(_shot(roles[0], number, frame), scene, now)
            for frame, (scene, now) in enumerate(zip(scenes, looks, strict=True))
        ]
        return self._tie_skeleton(samples)

    def _cast(self, random: np.random.Generator, number: int) -> list[Role]:
        """Choose the main person, whose motion sets the length, and seldom somebody else."""
        wanted = int(random.integers(self.frames[0], self.frames[1] + 1))
        label = f'sequence-{self.seed}-{number}'
        roles = [self.casting.role(random, label, wanted)]
        if random.random() < 0.15:
            other = self.casting.role(random, f'{label}-other', wanted)
            if len(other.clip) >= len(roles[0].clip):
                roles.append(other)
        return roles

    def _perform(
        self, random: np.random.Generator, role: Role, reach_m: float
    ) -> list[PosedPerson]:
        """Pose a person in all frames; the path leads anywhere, up to so far off the middle."""
        clip, frames = role.clip, len(role.clip)
        heading, turn = random.uniform(0.0, 2 * np.pi, 2)
        place = random.uniform(0.25, 1.0) * reach_m * np.array([np.sin(turn), np.cos(turn)])
        betas = np.repeat(role.betas[None], frames, axis=0)
        bodies = pose_bodies(self.body, self.markers, clip.pose, betas, np.full(frames, heading))
        path = clip.translation_m @ about(1, np.array(heading)).T
        lowest = bodies.vertices_m[:, :, 1].min(1) - bodies.joints_m[:, 0, 1] + path[:, 1]
        lowest = lowest - lowest.min()
        flat = path[:, [0, 2]]
        flat = flat - 0.5 * (flat.min(0) + flat.max(0)) + place
        return [
            bodies.person(frame, flat[frame], float(lowest[frame]), role.sits)
            for frame in range(frames)
        ]

    def _stage(
        self, random: np.random.Generator, acts: Sequence[Sequence[PosedPerson]]
    ) -> list[Scene]:
        """Build the scene once, and put every frame's persons and camera into it."""
        main, regions = acts[0], self.studio.regions
        view = _choose_view(random, main, self.facing_rad)
        pelvis_m = np.stack([person.joints_m[0] for person in main]).astype(np.float64)
        views = film(random, view, pelvis_m)
        outfits = tuple(choose_outfit(random, regions) for _ in acts)
        things = _furnish(random, acts, view)
        palette = choose_palette(random)
        inside = [view.position_m, *(p.joints_m[0] for act in acts for p in act)]
        room, light = choose_room(random, np.stack(inside)), choose_light(random)
        exact = [exact_crop(person, now) for person, now in zip(main, views, strict=True)]
        crops = self.framing(random, exact, views)
        cloth = int(random.integers(2**31))
        scenes = []
        for frame, (now, crop) in enumerate(zip(views, crops, strict=True)):
            persons = tuple(act[frame] for act in acts)
            # The same seed in every frame, so that cloth keeps its shape.
            worn = hang(np.random.default_rng(cloth), persons, outfits, regions)
            scenes.append(Scene(persons, outfits, worn, things, palette, room, light, now, crop))
        return scenes

    def _tie_skeleton(self, samples: list[SyntheticSample]) -> list[SyntheticSample]:
        if self.tie is None:
            return samples
        pose, translation_m = (
            np.stack([getattr(sample, name) for sample in samples])
            for name in ('pose', 'translation_m')
        )
        coordinates, scales = self.tie(pose, samples[0].betas, translation_m)
        scales = scales.astype(np.float32)
        return [
            replace(sample, coordinates=row.astype(np.float32), scales=scales)
            for sample, row in zip(samples, coordinates, strict=True)
        ]


def _choose_view(
    random: np.random.Generator, main: Sequence[PosedPerson], facing_rad: float
) -> View:
    """Point a camera at all that the person does, from far enough and from the wanted side."""
    some = np.concatenate([person.vertices_m[::97] for person in main])
    low, high = some.min(0).astype(np.float64), some.max(0).astype(np.float64)
    breadth = float(np.hypot(*(high - low)[[0, 2]]))
    reach = float(main[0].rest_size_m[0]) + 0.6 * max(breadth - 0.8, 0.0)
    for _ in range(_VIEWS_TRIED):
        view = choose_view(random, 0.5 * (low + high), reach)
        way = view.position_m - main[len(main) // 2].joints_m[0]
        ahead = main[len(main) // 2].turns[0][:, 2]
        across, along = way[0] * ahead[2] - way[2] * ahead[0], way[[0, 2]] @ ahead[[0, 2]]
        from_side = abs(np.arctan2(across, along)) > facing_rad
        if not from_side and view.to_camera(some)[:, 2].min() > _NEAREST_M:
            break
    return view


def _furnish(
    random: np.random.Generator, acts: Sequence[Sequence[PosedPerson]], view: View
) -> tuple[Mesh, ...]:
    """Put seats where people sit down, and objects where no one walks."""
    seated = [
        min(act, key=lambda person: (not person.sits, person.joints_m[0, 1])) for act in acts
    ]
    middle = acts[0][len(acts[0]) // 2]
    path = np.concatenate([person.joints_m[[0, 7, 8]] for act in acts for person in act])
    things = scatter(random, middle, view.position_m)
    return (*seats(random, seated), *(thing for thing in things if not _is_in_way(thing, path)))


def _is_in_way(thing: Mesh, path_m: FloatArray) -> bool:
    low, high = (edge[[0, 2]] for edge in (thing.vertices_m.min(0), thing.vertices_m.max(0)))
    flat = path_m[:, [0, 2]]
    return bool(np.any(np.all((flat > low - _PATH_M) & (flat < high + _PATH_M), axis=1)))


def _looks(
    random: np.random.Generator, look: Look, scenes: Sequence[Scene], side_px: int
) -> list[Look]:
    """Keep lens and exposure; every frame has its own noise, and blur as the camera moves."""
    targets = np.stack([scene.persons[0].joints_m[0] for scene in scenes]).astype(np.float64)
    steps_px = image_steps_px([scene.view for scene in scenes], targets)
    shutter = random.uniform(0.0, _SLOWEST_SHUTTER)
    corners = random.integers(0, 2**16, (len(scenes), 2))
    return [
        replace(
            look,
            effects=replace(
                look.effects,
                motion_px=_crop_px(scene, shutter * step, side_px),
                detail_px=scene.crop.size_px,
                noise_corner=corner,
            ),
        )
        for scene, step, corner in zip(scenes, steps_px, corners, strict=True)
    ]


def _crop_px(scene: Scene, step_px: FloatArray, side_px: int) -> FloatArray:
    """Turn a step in the full image into one in the crop."""
    crop = scene.crop
    return step_px @ crop.rotation * (side_px / crop.size_px)


def _shot(role: Role, number: int, frame: int) -> Shot:
    """Name a frame of a sequence."""
    return Shot(
        number * INDICES + frame,
        role.subject,
        role.clip.name,
        role.first_frame + frame,
        role.clip.pose[frame],
    )
