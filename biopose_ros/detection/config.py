"""Settings of detection and tracking."""

from __future__ import annotations

from dataclasses import dataclass

from biopose_ros.pretrained.networks import LANDMARK_MODELS

AUTO = 'auto'


@dataclass(frozen=True)
class DetectionConfig:
    """
    How persons are found and followed.

    :param model: landmark network: ``lite``, ``full`` or ``heavy``; ``auto`` takes the most
        accurate one that is imported where its maps are wanted, else ``full``.
    :param max_persons: persons followed at once.
    :param min_detection_score: a box is looked at from this detector score on, 0 to 1.
    :param start_presence: a new person must be this present, 0 to 1; where the detector is sure,
        ``min_presence`` is enough.
    :param min_presence: a followed person is kept down to this presence, 0 to 1.
    :param confirm_frames: sightings in a row before a person counts as tracked.
    :param occlusion_s: how long an unseen person is kept as occluded, seconds.
    :param search_interval_s: while persons are followed, time between looks at one more part of
        the image for further persons, seconds.
    :param smallest_person: height of the smallest person searched for, as a share of the image's
        shorter side; 1 searches the whole image only.
    :param threads: CPU threads per network; 0 leaves the choice to ONNX Runtime.
    :raises ValueError: for a value out of range.
    """

    model: str = AUTO
    max_persons: int = 4
    min_detection_score: float = 0.4
    start_presence: float = 0.7
    min_presence: float = 0.4
    confirm_frames: int = 3
    occlusion_s: float = 1.0
    search_interval_s: float = 0.05
    smallest_person: float = 0.08
    threads: int = 0

    def __post_init__(self) -> None:
        if self.model not in (AUTO, *LANDMARK_MODELS):
            raise ValueError(
                f'model must be one of {(AUTO, *LANDMARK_MODELS)}, got {self.model!r}'
            )
        for name in ('min_detection_score', 'start_presence', 'min_presence', 'smallest_person'):
            if not 0 < getattr(self, name) <= 1:
                raise ValueError(
                    f'{name} must be above 0 and at most 1, got {getattr(self, name)}'
                )
        for name in ('max_persons', 'confirm_frames'):
            if not getattr(self, name) >= 1:
                raise ValueError(f'{name} must be 1 or more, got {getattr(self, name)}')
        for name in ('occlusion_s', 'search_interval_s', 'threads'):
            if not getattr(self, name) >= 0:
                raise ValueError(f'{name} must be 0 or more, got {getattr(self, name)}')
        if self.start_presence < self.min_presence:
            raise ValueError(
                f'start_presence ({self.start_presence}) must not be below min_presence '
                f'({self.min_presence}): a new person would be dropped at once'
            )
