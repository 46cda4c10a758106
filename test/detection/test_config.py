import pytest

from biopose_ros.detection.config import DetectionConfig


@pytest.mark.parametrize(
    ('setting', 'message'),
    [
        ({'model': 'huge'}, "model must be one of .*lite.* got 'huge'"),
        ({'max_persons': 0}, 'max_persons must be 1 or more, got 0'),
        ({'min_presence': 1.5}, 'min_presence must be above 0 and at most 1, got 1.5'),
        ({'min_presence': float('nan')}, 'min_presence must be .* got nan'),
        ({'occlusion_s': -1.0}, 'occlusion_s must be 0 or more, got -1.0'),
        ({'threads': -2}, 'threads must be 0 or more, got -2'),
        ({'start_presence': 0.2}, r'start_presence \(0.2\) must not be below min_presence'),
    ],
)
def test_wrong_settings_are_named(setting, message):
    with pytest.raises(ValueError, match=message):
        DetectionConfig(**setting)
