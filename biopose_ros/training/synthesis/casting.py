"""Who moves how in an image sequence: persons, and the piece of motion that each performs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from biopose_ros.body.model import BodyModel
from biopose_ros.records import FloatArray
from biopose_ros.training.motion.activities import ACTIVITIES, generate_activity
from biopose_ros.training.motion.body_proportions import measure
from biopose_ros.training.motion.clip import MotionClip, cut, mirror, refit
from biopose_ros.training.motion.knee_twist import with_turning_knees
from biopose_ros.training.motion.postures import is_sitting
from biopose_ros.training.motion.proportions import Proportions
from biopose_ros.training.motion.splits import Split, split_of_group
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.sources import choose_subject, subject_betas

# What people film most; the rest of the sequences come from recordings.
_EVERYDAY_SHARE = 0.6


@dataclass(frozen=True)
class Role:
    """
    A person and what they do.

    :param subject: number of the person.
    :param betas: [components], their shape.
    :param clip: as long as the sequence, on the person's own proportions.
    :param first_frame: of the whole clip that this is a part of.
    """

    subject: int
    betas: FloatArray
    clip: MotionClip
    first_frame: int

    @property
    def sits(self) -> bool:
        """Whether the activity is about sitting on a seat."""
        return is_sitting(self.clip.activity)


class Casting:
    """
    Chooses persons and motion of one split.

    :param body: whose shapes they have.
    :param split: whose persons and clips.
    :param recordings: clips of the split, 30 frames a second.
    :param activities: names of synthesised activities to draw from.
    :raises ValueError: where there is neither an activity nor a recording.
    """

    def __init__(
        self,
        body: BodyModel,
        split: Split,
        recordings: Sequence[MotionClip],
        activities: Sequence[str] = tuple(ACTIVITIES),
    ) -> None:
        self.body = body
        self.split = split
        self.activities = list(activities)
        self.recordings = [clip for clip in recordings if clip.valid.any()]
        # The root keeps long takes from drowning short ones.
        self._roots = [float(np.sqrt(clip.valid.sum())) for clip in self.recordings]
        if not self.activities and not self.recordings:
            raise ValueError('no activity and no recorded clip to make sequences of; give more')

    def role(self, random: np.random.Generator, label: str, frames: int) -> Role:
        """
        Choose one person and a piece of motion.

        :param random: source of chance.
        :param label: makes a synthesised clip's name, and so its split.
        :param frames: wanted; short clips give less.
        """
        subject = choose_subject(random, self.split)
        components = self.body.num_components
        betas = subject_betas(subject, self.body.data.population, components)
        proportions = measure(self.body, betas)
        is_everyday = random.random() < _EVERYDAY_SHARE
        if self.activities and (is_everyday or not self.recordings):
            clip = self._activity(random, label, proportions)
        else:
            clip = pick(random, self.recordings, self._roots)
        start, stop = _part(random, clip, frames)
        part = cut(clip, start, stop)
        if random.random() < 0.5:
            part = mirror(part)
        part = refit(part, proportions)
        return Role(subject, betas, part, start)

    def _activity(
        self, random: np.random.Generator, label: str, proportions: Proportions
    ) -> MotionClip:
        """Synthesise an activity under the first name that falls into the split."""
        for attempt in count():
            name = pick(
                random, self.activities, [ACTIVITIES[name].weight for name in self.activities]
            )
            tried = f'{label}-{attempt}'
            if split_of_group(f'{name}/{tried}') is self.split:
                return with_turning_knees(generate_activity(name, random, proportions, tried))
        raise AssertionError  # pragma: no cover


def _part(random: np.random.Generator, clip: MotionClip, frames: int) -> tuple[int, int]:
    """Choose a run of frames within usable ones; give its first frame and the one past its end."""
    runs = clip.usable_runs()
    start, stop = pick(random, runs, [stop - start for start, stop in runs])
    frames = min(frames, stop - start)
    first = start + int(random.integers(stop - start - frames + 1))
    return first, first + frames
