import pytest

from biopose_ros.detection.landmarks import (
    LANDMARK_NAMES,
    LEFT_RIGHT_PAIRS,
    MIRROR_INDEX,
    SKELETON_EDGES,
    landmark_index,
)


def test_there_are_33_different_names():
    assert len(set(LANDMARK_NAMES)) == 33


def test_mirror_swaps_sides_and_undoes_itself():
    assert [MIRROR_INDEX[index] for index in MIRROR_INDEX] == list(range(33))
    for left, right in LEFT_RIGHT_PAIRS:
        assert LANDMARK_NAMES[left].replace('left', 'right') == LANDMARK_NAMES[right]
    assert len(LEFT_RIGHT_PAIRS) == 16
    assert MIRROR_INDEX[landmark_index('nose')] == landmark_index('nose')


def test_the_drawing_is_symmetric():
    edges = {frozenset(edge) for edge in SKELETON_EDGES}
    assert {frozenset(MIRROR_INDEX[end] for end in edge) for edge in edges} == edges


def test_an_unknown_name_is_named():
    with pytest.raises(ValueError, match="unknown landmark 'left_knob'"):
        landmark_index('left_knob')
