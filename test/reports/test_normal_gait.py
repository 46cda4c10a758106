"""The band of healthy adults that a report draws behind a walk."""

import pytest

from biopose_ros.reports.normal_gait import load_normal_gait

# Another laboratory's adults at a comfortable speed (Fukuchi et al. 2018, PeerJ 6:e4640): degrees.
ELSEWHERE = {
    ('knee_angle', 'max'): 61.7,
    ('hip_flexion', 'max'): 30.7,
    ('ankle_angle', 'min'): -11.6,
}


@pytest.mark.parametrize(('angle', 'end'), ELSEWHERE)
def test_healthy_adults_walk_as_elsewhere(angle, end):
    mean_deg = load_normal_gait().mean_deg[angle]
    assert getattr(mean_deg, end)() == pytest.approx(ELSEWHERE[angle, end], abs=4.0)


def test_the_cycle_closes_and_persons_differ():
    normal = load_normal_gait()
    for angle, mean_deg in normal.mean_deg.items():
        assert mean_deg.shape == normal.percent.shape == normal.stddev_deg[angle].shape
        assert mean_deg[0] == pytest.approx(mean_deg[-1], abs=0.1)
        assert (normal.stddev_deg[angle] > 1.5).all()
        assert (normal.stddev_deg[angle] < 10.0).all()


def test_the_source_is_named():
    told = load_normal_gait().source
    for wanted in (
        '246 healthy adults',
        '1.24 m/s',
        'treadmill',
        '10.17605/OSF.IO/T72CW',
        'CC BY',
    ):
        assert wanted in told
