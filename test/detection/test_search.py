import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from biopose_ros.detection.search import SearchPlan, make_tiles, plan_windows
from biopose_ros.records import Crop

sides = st.integers(1, 4000)


@given(sides, sides, st.floats(0.05, 1))
def test_tiles_lie_in_the_image_and_cover_it(width, height, share):
    side = max(round(min(width, height) * share), 1)
    assume(width * height / side**2 < 2000)
    tiles = make_tiles(width, height, side)
    for tile in tiles:
        assert 0 <= tile.left <= width - tile.width
        assert 0 <= tile.top <= height - tile.height
    lefts = sorted({tile.left for tile in tiles})
    assert lefts[0] == 0
    assert lefts[-1] == width - side
    assert max(np.diff(lefts), default=0) <= np.ceil(0.65 * side) + 1


def test_a_person_of_any_height_fills_a_fifth_of_some_window():
    windows = [window for level in plan_windows(1280, 720, 0.08).values() for window in level]
    for height in range(58, 720, 7):
        for left, top in ((0, 0), (400, 300), (1280 - height // 2, 720 - height)):
            top = min(top, 720 - height)
            width = height // 2
            assert any(
                window.left <= left
                and window.top <= top
                and window.left + window.width >= left + width
                and window.top + window.height >= top + height
                and height >= 0.2 * max(window.width, window.height)
                for window in windows
            ), (height, left, top)


def test_everything_is_looked_at_in_turn():
    plan = SearchPlan(0.2, 0.05)
    wanted = {window for level in plan_windows(640, 480, 0.2).values() for window in level}
    seen = set()
    for index in range(60):
        seen.update(plan.windows(640, 480, index, [], is_idle=True, is_full=False))
    assert seen == wanted


def test_the_detector_rests_between_looks_and_when_nobody_else_may_come():
    plan = SearchPlan(0.08, 0.05)
    looks = [
        plan.windows(640, 480, round(index / 30 * 1e9), [], is_idle=False, is_full=False)
        for index in range(30)
    ]
    assert sum(map(len, looks)) == 15  # one window in every second image
    assert plan.windows(640, 480, 10**10, [], is_idle=False, is_full=True) == []


@given(sides, sides)
def test_one_image_costs_three_windows_at_most_whatever_its_size(width, height):
    plan = SearchPlan(0.08, 0.05)
    for index in range(6):
        assert len(plan.windows(width, height, index, [], is_idle=True, is_full=False)) <= 3


def test_a_person_out_of_sight_is_looked_for_on_the_spot():
    plan = SearchPlan(0.08, 0.05)
    crop = Crop(np.array([300.0, 200.0]), 100.0, 0.0)
    (window,) = plan.windows(640, 480, 0, [crop], is_idle=False, is_full=True)
    assert (window.left, window.top, window.width, window.height) == (220, 120, 160, 160)
    gone = Crop(np.array([-900.0, 200.0]), 100.0, 0.0)
    assert plan.windows(640, 480, 10**9, [gone], is_idle=False, is_full=True) == []
