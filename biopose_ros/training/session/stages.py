"""The pipeline's stages in torch alone, on drawn persons: do they run here, and how fast."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.body import load_body
from biopose_ros.detection.graph_file import read_graph
from biopose_ros.detection.person_detector import INPUT_PX, KIND
from biopose_ros.detection.person_detector import WEIGHTS as DETECTOR
from biopose_ros.inference.feature_maps import MAPS
from biopose_ros.inverse_kinematics.neurik_file import StreamingStep, example_step, load_neurik
from biopose_ros.mesh_recovery.mesh_file import default_weights, load_mesh_recovery
from biopose_ros.mesh_recovery.network import CropEvidence
from biopose_ros.pretrained.tflite_to_torch import TfliteModule
from biopose_ros.records import Camera, PersonCrop, RecoveredBody, TrackingState
from biopose_ros.refinement.refiner import Refiner
from biopose_ros.resources import resource_path
from biopose_ros.training.device import to_device, training_device
from biopose_ros.training.mesh.data import read_fields, sample_view
from biopose_ros.training.mesh.distillation import as_input
from biopose_ros.training.mesh.map_store import sample_fields
from biopose_ros.training.mesh.torch_landmarks import TorchLandmarks
from biopose_ros.training.synthesis.records import SyntheticSample
from biopose_ros.virtual_markers import load_markers
from biopose_ros.virtual_markers.body_parts import MARKER_NAMES

Stage = Callable[[int], object]
PERSONS = (1, 4, 8)
_FEWEST_RUNS = 3
# The drawn truth, a little off, as the network would recover it.
_TURN_STDDEV_RAD, _STDDEV_M, _STDDEV_PX = 0.08, 0.03, 6.0


@dataclass(frozen=True)
class _Seen:
    """One drawn person as refinement gets one."""

    body: RecoveredBody
    crop: PersonCrop
    camera: Camera


def open_stages(samples: Sequence[SyntheticSample], encoder: str) -> dict[str, Stage]:
    """
    Load every stage.

    :param samples: drawn, at least 8.
    :param encoder: ``full`` or ``heavy``.
    :returns: by name, a function that runs the stage for a number of persons, and leaves the
        answer on the CPU, where the next image's work needs it.
    """
    device = training_device()
    pictures = np.stack([sample.image_bgr for sample in samples])
    inputs = as_input(pictures).to(device)
    found = read_graph(resource_path(DETECTOR), KIND)
    detector = TfliteModule(found.graph, found.outputs).eval().to(device)
    reader = TorchLandmarks(encoder, with_maps=True)
    decoder = load_mesh_recovery(default_weights(encoder))[0].to(device)
    neurik = StreamingStep(load_neurik()[0]).eval().to(device)
    refiner = Refiner()
    readings = reader.read(pictures)
    points = read_fields(sample_fields(samples, readings))[0]
    with torch.inference_mode():
        outputs = reader.network(inputs)
    maps = {level: outputs[level].permute(0, 2, 3, 1) for level in MAPS}
    persons = [
        _seen(number, sample, reading.keypoints, reading.keypoint_confidence)
        for number, (sample, reading) in enumerate(zip(samples, readings, strict=True))
    ]
    times_ns = iter(range(0, 1 << 62, 33_333_333))

    def detect(count: int) -> object:
        """Look at the whole image, however many persons there are."""
        return _on_cpu(detector(torch.zeros(1, 3, INPUT_PX, INPUT_PX, device=device)))

    def read(count: int) -> object:
        return reader.read(pictures[:count])

    def recover(count: int) -> object:
        rows = CropEvidence(
            {level: values[:count] for level, values in maps.items()},
            *(values[:count] for values in (points.keypoints, points.world_m, points.view)),
        )
        estimates, summary = decoder(to_device(rows, device))
        return to_device(estimates[-1], torch.device('cpu')), summary.cpu()

    def refine(count: int) -> object:
        now_ns = next(times_ns)
        return [refiner.refine([p.body], [p.crop], p.camera, now_ns) for p in persons[:count]]

    def solve(count: int) -> object:
        answers = neurik(*(part.to(device) for part in example_step(neurik.model.config, count)))
        return [answer.cpu() for answer in answers]

    return {
        'detection': detect,
        'landmarks and maps': read,
        'mesh recovery': recover,
        'refinement': refine,
        'NeurIK': solve,
    }


@torch.inference_mode()
def stage_times_ms(stages: dict[str, Stage], seconds: float) -> dict[str, dict[int, float]]:
    """
    Measure the median time of each stage.

    :param stages: of :func:`open_stages`.
    :param seconds: for each stage and number of persons.
    :returns: by stage and number of persons; ``total`` is their sum.
    """
    times = {
        name: {count: _median_ms(stage, count, seconds) for count in PERSONS}
        for name, stage in stages.items()
    }
    total = {count: sum(by_count[count] for by_count in times.values()) for count in PERSONS}
    return {**times, 'total': total}


def _median_ms(stage: Stage, count: int, seconds: float) -> float:
    stage(count)
    took_s: list[float] = []
    while sum(took_s) < seconds or len(took_s) < _FEWEST_RUNS:
        began = time.perf_counter()
        stage(count)
        took_s.append(time.perf_counter() - began)
    return 1e3 * float(np.median(took_s))


def _on_cpu(outputs: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: values.cpu() for name, values in outputs.items()}


def _seen(
    number: int, sample: SyntheticSample, keypoints: np.ndarray, confidence: np.ndarray
) -> _Seen:
    random = np.random.default_rng(number)
    crop, camera = sample_view(sample.intrinsics_px, sample.image_size_px, sample.crop_from_image)
    off = Rotation.from_rotvec(random.normal(0, _TURN_STDDEV_RAD, sample.pose.shape))
    joints, places = len(sample.joints_m), _marker_places()
    body = RecoveredBody(
        track_id=number,
        pose=(Rotation.from_rotvec(sample.pose) * off).as_matrix(),
        betas=sample.betas.astype(np.float64),
        joints_m=sample.joints_m.astype(np.float64),
        joint_stddev_m=np.full(joints, _STDDEV_M),
        joints_px=crop.to_image(sample.joints_px / len(sample.image_bgr)),
        joint_stddev_px=np.full(joints, _STDDEV_PX),
        markers_m=sample.markers_m[places].astype(np.float64),
        marker_confidence=np.ones(len(places)),
        summary=np.zeros(0),
    )
    person = PersonCrop(
        track_id=number,
        state=TrackingState.TRACKED,
        box_xyxy_px=np.zeros(4),
        confidence=1.0,
        keypoints_px=crop.to_image(keypoints),
        keypoint_confidence=confidence,
        landmarks_m=np.zeros((len(keypoints), 3)),
        crop=crop,
    )
    return _Seen(body, person, camera)


@lru_cache(maxsize=1)
def _marker_places() -> list[int]:
    """Tell which of the drawn markers the pipeline knows."""
    names = load_markers(load_body().topology).names
    return [names.index(name) for name in MARKER_NAMES]
