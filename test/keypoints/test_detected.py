import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as numpy_st

from biopose_ros.keypoints import KeypointError
from biopose_ros.keypoints.detected import detected_keypoints

NAMES = ('nose', 'left_knee')


def checked(px, confidence, names=NAMES):
    return detected_keypoints(names, np.array(px), np.array(confidence), 7, '/keypoints')


@given(
    numpy_st.arrays(np.float64, (3, 2, 2)),
    numpy_st.arrays(
        np.float64, (3, 2), elements=st.one_of(st.floats(0, 2), st.just(np.nan), st.just(np.inf))
    ),
)
def test_whatever_comes_is_known_and_finite_or_unknown_and_nan(px, confidence):
    found = checked(px, confidence)
    is_known = found.confidence > 0
    assert np.isfinite(found.keypoints_px[is_known]).all()
    assert np.isnan(found.keypoints_px[~is_known]).all()
    assert np.all((found.confidence >= 0) & (found.confidence <= 1))


def test_zero_confidence_means_unknown_whatever_the_pixels_say():
    found = checked([[[0.0, 0.0], [3.0, 4.0]]], [[0.0, 1.05]])
    assert np.isnan(found.keypoints_px[0, 0]).all()
    assert found.confidence.tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize(
    ('px', 'confidence', 'names', 'text'),
    [
        (np.zeros((1, 2, 2)), [[0.5, 87.0]], NAMES, 'a confidence is 87; write 0 (unknown) to 1'),
        (np.zeros((1, 2, 2)), [[-0.1, 1.0]], NAMES, 'a confidence is -0.1'),
        (np.zeros((1, 3, 2)), np.zeros((1, 3)), NAMES, r'2 names, but keypoints (1, 3, 2)'),
        (
            np.zeros((1, 2, 2)),
            np.zeros((1, 2)),
            ('nose', 'tail'),
            "unknown keypoint 'tail'; known",
        ),
        (np.zeros((1, 2, 2)), np.zeros((1, 2)), ('nose', 'nose'), "'nose' is named twice"),
    ],
)
def test_wrong_values_are_explained(px, confidence, names, text):
    with pytest.raises(KeypointError) as error:
        checked(px, confidence, names)
    assert str(error.value).startswith('/keypoints: ')
    assert text in str(error.value)
