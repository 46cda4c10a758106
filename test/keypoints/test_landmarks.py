import pytest

from biopose_ros.keypoints.landmarks import LANDMARK_NAMES, MIRROR_INDEX, landmark_index


def test_there_are_33_different_names():
    assert len(set(LANDMARK_NAMES)) == 33


def test_mirror_swaps_sides_and_undoes_itself():
    assert [MIRROR_INDEX[index] for index in MIRROR_INDEX] == list(range(33))
    lefts = [index for index, name in enumerate(LANDMARK_NAMES) if 'left' in name]
    for left in lefts:
        assert LANDMARK_NAMES[left].replace('left', 'right') == LANDMARK_NAMES[MIRROR_INDEX[left]]
    assert len(lefts) == 16
    assert MIRROR_INDEX[landmark_index('nose')] == landmark_index('nose')


def test_an_unknown_name_is_named():
    with pytest.raises(ValueError, match="unknown landmark 'left_knob'"):
        landmark_index('left_knob')
