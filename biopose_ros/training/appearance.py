"""
Learn to tell persons from humanoid robots and mannequins by how they look.

Drawn figures stand in the same place and pose as a drawn person, so that nothing but their surface
differs. Crops of real videos are further persons. A logistic regression learns from the landmark
network's feature maps; its bias is set on held-out drawings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from biopose_ros.detection.appearance import Appearance, appearance_features
from biopose_ros.detection.landmark_network import LandmarkNetwork, Sighting
from biopose_ros.detection.tracker import PersonTracker
from biopose_ros.files.video import open_frames
from biopose_ros.records import Crop, FloatArray, TrackingState
from biopose_ros.settings import DetectionConfig
from biopose_ros.training.detector.windows import LEAST_SHARE, label, plan_persons
from biopose_ros.training.synthesis.chance import pick
from biopose_ros.training.synthesis.generator import SampleGenerator
from biopose_ros.training.synthesis.lookalikes import FIGURES
from biopose_ros.training.synthesis.scene import exact_crop

_SIDES_PX = (96, 160, 256)
_MOST_PERSONS = 3
# Tracked crops are about so far from the exact ones: shares of the side.
_SHIFT, _GROWTH = 0.04, 0.08
# Images of a video are alike.
_STEP, _MOST_FRAMES = 2, 120
# Of the held-out drawn persons, so many look rather like something else.
_LOST_SHARE = 0.05
# Times the squared weights, over features of unit variance; chosen among 0.01, 0.1 and 0.3 by the
# figures told apart on the validation split.
_DECAY = 0.1
_LEAST_STDDEV = 0.01


@dataclass(frozen=True)
class Figures:
    """
    What the network sees of figures.

    :param features: [figures, features].
    :param is_person: [figures].
    """

    features: FloatArray
    is_person: NDArray[np.bool_]


def draw_figures(
    generator: SampleGenerator,
    network: LandmarkNetwork,
    scenes: int,
    advance: Callable[[], None] = lambda: None,
) -> Figures:
    """
    Draw scenes with every kind of figure; the generator's seed and split fix them.

    :param generator: of bodies and motion.
    :param network: with feature maps.
    :param scenes: how many.
    :param advance: called after each scene.
    :returns: those in which the network sees a person.
    """
    features, is_person = [], []
    for number in range(scenes):
        for kind, picture in _pictures(generator, number):
            sighting = _whole(network, picture)
            if sighting.presence >= DetectionConfig.min_presence:
                features.append(appearance_features([sighting.reading])[0])
                is_person.append(kind == 'person')
        advance()
    return Figures(np.array(features), np.array(is_person))


def _pictures(generator: SampleGenerator, number: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Draw the crop of a scene with each figure in it."""

    def chance(use: int) -> np.random.Generator:
        return np.random.default_rng([20251129, generator.seed, number, use])

    random = chance(0)
    (scene,) = generator.scenes([plan_persons(random, generator, _MOST_PERSONS)], LEAST_SHARE)
    exact = exact_crop(scene.persons[0], scene.view)
    shift_px = exact.size_px * random.normal(0.0, _SHIFT, 2)
    size_px = exact.size_px * np.exp(random.normal(0.0, _GROWTH))
    crop = Crop(exact.center_px + shift_px, float(size_px), exact.angle_rad)
    side_px = int(pick(random, _SIDES_PX, (0.25, 0.25, 0.5)))
    for kind, change in FIGURES.items():
        # The same chance for light, lens and grain.
        changed = replace(change(chance(2), scene), crop=crop)
        yield kind, label(chance(1), changed, [], generator, side_px).image_bgr


def _whole(network: LandmarkNetwork, picture: NDArray[np.uint8]) -> Sighting:
    side_px = float(len(picture))
    return network.run(picture, [Crop(np.full(2, side_px / 2), side_px, 0.0)])[0]


def film_persons(path: Path, network: LandmarkNetwork) -> FloatArray:
    """
    Follow the persons in a real video.

    :param path: of the video; everybody in it must be a person.
    :param network: with feature maps.
    :returns: [crops, features].
    :raises NetworkFileError: when the network is not imported.
    """
    # It judges no appearance: what was learnt before does not matter.
    tracker = PersonTracker(DetectionConfig(threads=1), 'cpu')
    tracker.network = network
    features = []
    for number, frame in enumerate(open_frames(path)):
        if number >= _STEP * _MOST_FRAMES:
            break
        if number % _STEP == 0:
            tracker.update(frame.image_bgr, frame.stamp_ns)
            features += [
                appearance_features([track.sighting.reading])[0]
                for track in tracker.tracks
                if track.state is TrackingState.TRACKED and track.looked_ns == frame.stamp_ns
            ]
    return np.array(features).reshape(len(features), -1)


def fit_appearance(drawn: Figures, filmed: FloatArray, held_out: Figures) -> Appearance:
    """
    Fit the regression; drawn persons, filmed ones and other figures weigh alike.

    :param drawn: to learn from.
    :param filmed: [crops, features] of real persons; may be none.
    :param held_out: drawn for another split.
    :raises ValueError: when no person is among either drawings.
    """
    if not (drawn.is_person.any() and held_out.is_person.any()):
        raise ValueError('the landmark network saw no person in the drawings: draw more scenes')
    is_person = np.concatenate([drawn.is_person, np.ones(len(filmed), np.bool_)])
    features = np.concatenate([drawn.features, filmed]) if len(filmed) else drawn.features
    kind = np.concatenate([drawn.is_person, np.full(len(filmed), 2)]).astype(np.int64)
    share = (1.0 / np.maximum(np.bincount(kind, minlength=3), 1))[kind]
    mean, stddev = features.mean(axis=0), features.std(axis=0) + _LEAST_STDDEV
    slopes, bias = _logistic((features - mean) / stddev, is_person, share / share.sum())
    weights = slopes / stddev
    unbiased = Appearance(weights, bias - float(mean @ weights))
    persons = held_out.features[held_out.is_person] @ weights + unbiased.bias
    return replace(unbiased, bias=unbiased.bias - float(np.quantile(persons, _LOST_SHARE)))


def _logistic(
    features: FloatArray, is_person: NDArray[np.bool_], share: FloatArray
) -> tuple[FloatArray, float]:
    """
    Fit a logistic regression.

    :param features: [samples, features], of unit variance.
    :param is_person: [samples].
    :param share: [samples], weights that sum to one.
    """
    signs = np.where(is_person, 1.0, -1.0)

    def loss(numbers: FloatArray) -> tuple[float, FloatArray]:
        slopes, bias = numbers[:-1], numbers[-1]
        margin = signs * (features @ slopes + bias)
        pull = -signs * share / (1.0 + np.exp(np.clip(margin, -60.0, 60.0)))
        gradient = np.append(pull @ features + 2.0 * _DECAY * slopes, pull.sum())
        value = share @ np.logaddexp(0.0, -margin) + _DECAY * slopes @ slopes
        return float(value), gradient

    found = minimize(loss, np.zeros(features.shape[1] + 1), jac=True, method='L-BFGS-B')
    return found.x[:-1], float(found.x[-1])
