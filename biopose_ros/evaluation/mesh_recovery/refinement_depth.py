"""
How deep in the decoder query tokens should be free when they are refined.

BioPose optimises the query tokens at inference. Here they are moved by gradient steps before the
first layer, before a later one, or behind the last, weights frozen, so that projected landmarks
meet the 2D keypoints and rotations stay near the start.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from biopose_ros.mesh_recovery.network import (
    DecoderLayer,
    MeshEstimate,
    MeshRecovery,
    as_estimate,
)
from biopose_ros.mesh_recovery.placing import onto_crop, pelvis_position_m
from biopose_ros.refinement.landmark_points import LandmarkPlaces
from biopose_ros.refinement.refiner import ROBUST_SIGMAS
from biopose_ros.refinement.seen_points import LEAST_CONFIDENCE
from biopose_ros.training.mesh.data import MeshData
from biopose_ros.training.mesh.map_store import MapStore
from biopose_ros.training.mesh.measures import mesh_measures
from biopose_ros.virtual_markers.cut_body import points_about_pelvis_m
from biopose_ros.virtual_markers.marked_body import marked_body


@dataclass(frozen=True)
class DepthConfig:
    """
    How tokens are moved.

    :param images: how many of the store, from its first.
    :param steps: of Adam.
    :param rate: of Adam.
    :param prior: weight of the rotations' change (mean square of their 6D numbers, per 0.01).
    """

    images: int = 128
    steps: int = 10
    rate: float = 0.03
    prior: float = 1.0


def compare_depths(
    folder: Path,
    model: MeshRecovery,
    config: DepthConfig,
    report: Callable[[str, dict[str, float]], None] = lambda name, figures: None,
) -> dict[str, dict[str, float]]:
    """
    Refine the same images at every depth.

    :param folder: of a store of encoder maps, of a split that training did not see.
    :param model: the decoder for these maps.
    :param config: how to refine.
    :param report: called after each depth.
    :returns: by depth (``start`` without refinement): the figures of
        :func:`~biopose_ros.training.mesh.measures.mesh_measures` and ``ms`` of one core an image.
    :raises FileNotFoundError: when there is no such store.
    """
    model.eval().requires_grad_(False)
    bodies = _Bodies(MeshData(MapStore(folder).first(config.images)), model)
    last = len(model.layers)
    figures = {'start': bodies.figures(bodies.run(last, bodies.tokens[last]))}
    report('start', figures['start'])
    for depth in range(last, -1, -1):
        name = 'behind the last layer' if depth == last else f'before layer {depth + 1}'
        began = time.process_time()
        estimate = bodies.refined(depth, config)
        spent_s = time.process_time() - began
        figures[name] = {**bodies.figures(estimate), 'ms': 1e3 * spent_s / len(bodies)}
        report(name, figures[name])
    return figures


class _Bodies:
    """All images at once, with the decoder's tokens at every depth."""

    def __init__(self, data: MeshData, model: MeshRecovery) -> None:
        self._model, self._truth = model, data.truth
        evidence = data.evidence(torch.arange(len(data)), model)
        self._evidence = evidence
        self._body, self._markers = marked_body()
        self._places = LandmarkPlaces()
        keypoints = evidence.keypoints[:, self._places.landmarks]
        inside = ((keypoints[..., :2] > 0) & (keypoints[..., :2] < 1)).all(-1)
        self._seen = keypoints[..., :2]
        confidence = keypoints[..., 2]
        self._weight = confidence.square() * inside * (confidence >= LEAST_CONFIDENCE)
        self._stddev_m = torch.from_numpy(self._places.stddev_m).float()
        maps = {level: values.float() for level, values in evidence.maps.items()}
        with torch.no_grad():
            self._memory = model.memory(maps)
            start, context = model.start(replace(evidence, maps=maps), self._memory)
            self._drafts = [model.first_draft(context, evidence)]
            self.tokens = [start]
            for depth in range(len(model.layers)):
                tokens, draft = model.advance(
                    depth, self.tokens[depth], self._drafts[depth], self._memory
                )
                self.tokens.append(tokens)
                self._drafts.append(draft)

    def __len__(self) -> int:
        return len(self._seen)

    def run(self, depth: int, tokens: Tensor) -> MeshEstimate:
        """Decode from tokens before a layer, or behind the last one."""
        last = len(self._model.layers)
        if depth == last:
            layer = cast(DecoderLayer, self._model.layers[-1])
            return as_estimate(layer.read(tokens, self._drafts[-2]))
        draft = self._drafts[depth]
        for number in range(depth, last):
            tokens, draft = self._model.advance(number, tokens, draft, self._memory)
        return as_estimate(draft)

    def refined(self, depth: int, config: DepthConfig) -> MeshEstimate:
        tokens = self.tokens[depth].clone().requires_grad_(True)
        start = self.run(depth, self.tokens[depth]).turns
        optimizer = torch.optim.Adam([tokens], config.rate)
        for _ in range(config.steps):
            estimate = self.run(depth, tokens)
            change = 100 * (estimate.turns - start)[..., :2].square().sum() / 6
            loss = self._misfit(estimate) + config.prior * change
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            return self.run(depth, tokens)

    def figures(self, estimate: MeshEstimate) -> dict[str, float]:
        with torch.no_grad():
            return mesh_measures(estimate, self._points_m(estimate), self._truth)

    def _points_m(self, estimate: MeshEstimate) -> Tensor:
        return points_about_pelvis_m(self._body, self._markers, estimate.pose, estimate.betas)

    def _misfit(self, estimate: MeshEstimate) -> Tensor:
        """Sum robust squares of the landmarks' distances to the keypoints, in sigmas."""
        truth, view = self._truth, self._evidence.view
        pelvis_m = pelvis_position_m(estimate.place, truth.unprojection, view[:, 0])
        markers_m = self._points_m(estimate)[:, -len(self._markers.names) :] + pelvis_m[:, None]
        landmarks_m = self._places.on_markers(markers_m)
        focal = truth.projection[:, 0, :2].norm(dim=-1)  # shares of the crop per metre at 1 m
        stddev = self._stddev_m * focal[:, None] / landmarks_m[..., 2].detach().clamp(min=0.3)
        off = (onto_crop(landmarks_m, truth.projection) - self._seen) / stddev[..., None]
        robust = torch.log1p(off.square().sum(-1) / ROBUST_SIGMAS**2)
        return ROBUST_SIGMAS**2 * (robust * self._weight).sum()
