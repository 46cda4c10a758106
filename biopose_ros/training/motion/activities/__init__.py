"""Everyday activities that recordings lack, synthesised from postures, balance and contact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from biopose_ros.training.motion.activities import (
    chair,
    hands,
    kneeling,
    lifting,
    squatting,
    standing,
    walking,
)
from biopose_ros.training.motion.clip import MotionClip
from biopose_ros.training.motion.draft import Draft
from biopose_ros.training.motion.proportions import Proportions


@dataclass(frozen=True)
class Activity:
    """
    One kind of motion.

    :param draft: writes its tasks.
    :param weight: how often it is drawn, relative to the others.
    """

    draft: Callable[[np.random.Generator, Proportions], Draft]
    weight: float


ACTIVITIES: dict[str, Activity] = {
    'sit_to_stand': Activity(chair.sit_to_stand, 2.0),
    'stand_to_sit': Activity(chair.stand_to_sit, 1.2),
    'chair_stands': Activity(chair.chair_stands, 1.0),
    'sitting': Activity(chair.sitting, 1.5),
    'squat': Activity(squatting.squat, 2.0),
    'deep_squat': Activity(squatting.deep_squat, 1.2),
    'single_leg_stance': Activity(standing.single_leg_stance, 1.0),
    'lunge': Activity(kneeling.lunge, 1.0),
    'kneel': Activity(kneeling.kneel, 0.7),
    'lift_from_floor': Activity(lifting.lift_from_floor, 1.0),
    'lift_from_table': Activity(lifting.lift_from_table, 0.8),
    'pick_up': Activity(lifting.pick_up, 1.0),
    'carry': Activity(lifting.carry, 0.6),
    'reach': Activity(hands.reach, 1.5),
    'reach_with_step': Activity(hands.reach_with_step, 0.7),
    'point': Activity(hands.point, 0.7),
    'wave': Activity(hands.wave, 0.7),
    'hand_over': Activity(hands.hand_over, 1.0),
    'drink': Activity(hands.drink, 0.5),
    'telephone': Activity(hands.telephone, 0.5),
    'walk': Activity(walking.walk, 2.0),
    'walk_and_turn': Activity(walking.walk_and_turn, 1.0),
    'walk_carrying': Activity(walking.walk_carrying, 0.6),
    'turn_in_place': Activity(walking.turn_in_place, 0.6),
    'stand_still': Activity(standing.stand_still, 0.5),
    'stand_idle': Activity(standing.stand_idle, 1.2),
    'step_up': Activity(standing.step_up, 0.8),
}


def generate_activity(
    name: str, rng: np.random.Generator, body: Proportions, label: str = '0'
) -> MotionClip:
    """
    Make one clip of an activity, 30 frames per second, 2 to 15 seconds long.

    :param name: one of :data:`ACTIVITIES`.
    :param rng: random numbers; the same state gives the same clip.
    :param body: whose limbs move.
    :param label: makes the clip's name ``<activity>/<label>``.
    :raises ValueError: for an activity that does not exist.
    """
    if name not in ACTIVITIES:
        raise ValueError(f'no activity {name!r}; there are {", ".join(ACTIVITIES)}')
    return ACTIVITIES[name].draft(rng, body).clip(f'{name}/{label}')


def draw_activity(rng: np.random.Generator) -> str:
    """Draw the name of an activity by weight."""
    weights = np.array([activity.weight for activity in ACTIVITIES.values()])
    return str(rng.choice(list(ACTIVITIES), p=weights / weights.sum()))
