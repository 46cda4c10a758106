import numpy as np
import pytest

from biopose_ros.evaluation.person.foot_contact import evaluate_feet
from biopose_ros.person.foot_contact import CONTACT_WEIGHTS
from biopose_ros.training.foot_contact import feet_of_split, fit_contact
from biopose_ros.training.motion.splits import Split


@pytest.fixture(scope='module')
def feet():
    return feet_of_split(Split.VALIDATION, 6)


def test_the_weights_in_use_are_those_of_the_fit():
    found = fit_contact(feet_of_split(Split.TRAIN, 40))
    np.testing.assert_allclose(found, CONTACT_WEIGHTS, rtol=0.02)


def test_the_same_seed_gives_the_same_feet(feet):
    again = feet_of_split(Split.VALIDATION, 6)
    for one, other in zip(feet, again, strict=True):
        np.testing.assert_array_equal(one.seen_points_m, other.seen_points_m)


def test_contact_is_found_and_skating_falls(feet):
    figures = evaluate_feet(feet)
    assert figures['accuracy'] > 0.9
    assert figures['skating_mm_s']['after'] < 0.6 * figures['skating_mm_s']['before']
    assert figures['root_error_mm']['after'] < 1.15 * figures['root_error_mm']['before']
