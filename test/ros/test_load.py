from types import SimpleNamespace

import pytest

from biopose_ros.ros import load
from biopose_ros.ros.load import RateLimit, load_warnings
from biopose_ros.settings import NodeConfig


@pytest.mark.parametrize(('rate_hz', 'expected'), [(0.0, 60), (20.0, 40), (7.0, 14)])
def test_as_many_images_as_asked_for(monkeypatch, rate_hz, expected):
    limit, taken = RateLimit(), 0
    for image in range(60):  # two seconds at 30 Hz
        monkeypatch.setattr(load.time, 'monotonic', lambda at=image: 100.0 + at / 30)
        taken += limit.is_due(rate_hz)
    assert taken == pytest.approx(expected, abs=2)


def warnings(latency_ms, processed_hz, **settings):
    snapshot = SimpleNamespace(latency_p95_ms=latency_ms, processed_hz=processed_hz, input_hz=30.0)
    return load_warnings(snapshot, NodeConfig(**settings))


def test_late_or_few_results_are_a_warning():
    assert warnings(200.0, 10.0) == []
    (late,) = warnings(800.0, 10.0)
    assert 'more than 800 ms' in late
    (few,) = warnings(200.0, 2.0)
    assert '2.0 of 30.0 images' in few
    assert warnings(200.0, 2.0, max_rate_hz=2.0) == []
    assert warnings(200.0, 0.0, drop_warn_share=1.0) == []
