"""What refinement is worth on real views whose angles are known from all cameras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from biopose_ros.evaluation.angles.video import evaluate_views
from biopose_ros.settings import DetectionConfig, PipelineConfig, RefinementConfig


def compare_views(data: Path, config: RefinementConfig, encoder: str) -> dict[str, dict[str, Any]]:
    """
    Run the whole pipeline over real views without and with refinement.

    :param data: folder with ``pose2sim_blender/``.
    :param config: of refinement.
    :param encoder: landmark network, ``full`` or ``heavy``.
    :returns: by view, ``before`` and ``after``: mean absolute errors, degrees.
    """
    detection = DetectionConfig(model=encoder, max_persons=1)
    views: dict[str, dict[str, Any]] = {}
    for name, refinement in (('before', RefinementConfig(0)), ('after', config)):
        found = evaluate_views(data, PipelineConfig(detection=detection, refinement=refinement))
        for view, result in found.items():
            views.setdefault(view, {})[name] = {
                'mae_angle_deg': result.mae_deg['mean'],
                'groups_deg': dict(result.mae_deg),
                'groups_deg_bias_corrected': dict(result.mae_deg_bias_corrected),
            }
    return views
