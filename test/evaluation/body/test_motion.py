import numpy as np
import pytest

from biopose_ros.evaluation.body.motion import NORMS, compare_motion
from biopose_ros.training.motion.activities import generate_activity
from biopose_ros.training.motion.postures import postures
from biopose_ros.training.motion.proportions import Proportions


@pytest.fixture(scope='module')
def clips():
    random, body = np.random.default_rng(2), Proportions.typical(1.72)
    return [generate_activity(name, random, body) for name in ('stand_still', 'walk', 'sitting')]


def test_frames_are_sorted_by_what_people_do(clips):
    standing, walk, sitting = (postures(clip) for clip in clips)
    assert standing['standing'].all()
    assert standing['hanging arms'].all()
    assert walk['walking'].mean() > 0.5
    assert not walk['standing'].all()
    assert sitting['sitting'].mean() > 0.5
    assert not sitting['standing'].any()


def test_synthesised_standing_is_as_people_stand(clips):
    figures = compare_motion(clips, frames=20)
    assert [figure.norm for figure in figures] == list(NORMS)
    usual = {
        (figure.norm.posture, figure.norm.coordinate): figure.is_usual
        for figure in figures
        if figure.norm.percentile == 50
    }
    assert usual['standing', 'knee_angle']
    assert usual['sitting', 'knee_angle']
