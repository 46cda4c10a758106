"""From the node's parameters to the pipeline."""

from __future__ import annotations

from pathlib import Path

from biopose_ros.detection.config import DetectionConfig
from biopose_ros.pipeline import Pipeline, PipelineConfig
from biopose_ros.refinement.refiner import RefinementConfig
from biopose_ros.ros.parameters import NodeSettings


def build_pipeline(settings: NodeSettings) -> Pipeline:
    """
    Load everything that the settings ask for.

    :raises Exception: where a network is missing or broken, or the device cannot be had; the text
        names the remedy.
    """
    return Pipeline(
        PipelineConfig(
            method=settings.method,
            device=settings.device,
            mesh_weights=Path(settings.mesh_weights) if settings.mesh_weights else None,
            height_m=settings.height_m or None,
            mass_kg=settings.mass_kg or None,
            detection=DetectionConfig(
                model=settings.landmark_model, max_persons=settings.max_persons
            ),
            refinement=RefinementConfig(settings.refine_iterations, settings.refine_budget_ms),
            smoothing=settings.smoothing,
            camera_pitch_rad=settings.camera_pitch_rad,
            camera_roll_rad=settings.camera_roll_rad,
            camera_height_m=settings.camera_height_m,
        )
    )
