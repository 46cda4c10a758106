"""
Every setting of the project, each written down once.

A setting is a field of a frozen record (:class:`PipelineConfig`, :class:`NodeConfig` and what they
hold) with its default, range, unit and one sentence. The node's parameters, the options of
``biopose run``, ``config/pose.yaml`` and ``docs/settings.md`` all come from these records. Nothing
here imports torch or ROS.
"""

from biopose_ros.settings.node import NodeConfig
from biopose_ros.settings.pipeline import (
    DetectionConfig,
    PipelineConfig,
    RefinementConfig,
)
from biopose_ros.settings.setting import Setting, build, settings_of, values_of

__all__ = [
    'DetectionConfig',
    'NodeConfig',
    'PipelineConfig',
    'RefinementConfig',
    'Setting',
    'build',
    'settings_of',
    'values_of',
]
