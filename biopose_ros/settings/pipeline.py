"""Settings of the pipeline: parameters of the node and options of ``biopose run``."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi
from pathlib import Path

from biopose_ros.settings.setting import check_settings, nested, setting

METHODS = ('biopose', 'neurik', 'landmarks')
# Persons seen for less in a recording get no files by default, seconds.
SHORTEST_S = 0.5
AUTO = 'auto'
LANDMARK_MODELS = ('lite', 'full', 'heavy')


@dataclass(frozen=True)
class DetectionConfig:
    """
    How persons are found and followed.

    :raises ValueError: for a value out of range.
    """

    model: str = setting(
        AUTO,
        'Size of the landmark network: accuracy against speed; auto takes the most accurate one '
        'that is imported for biopose, else full.',
        choices=(AUTO, *LANDMARK_MODELS),
        name='landmark_model',
        option='--network',
        section='Detection',
    )
    max_persons: int = setting(4, 'Largest number of persons that are followed.', bounds=(1, 16))
    looks_per_image: int = setting(
        4,
        'Number of persons that are measured in each image: always the nearest, the others in '
        'turn; in between their movement is predicted.',
        bounds=(2, 16),
    )
    min_detection_score: float = setting(
        0.4, 'Least score of a detected box that is examined.', bounds=(0.01, 1.0)
    )
    start_presence: float = setting(
        0.7,
        'Least presence (probability that the crop shows a person) of a new person; where the '
        'detector is sure, min_presence is enough.',
        bounds=(0.01, 1.0),
    )
    min_presence: float = setting(
        0.4, 'Presence below which a followed person is given up.', bounds=(0.01, 1.0)
    )
    confirm_frames: int = setting(
        3, 'Sightings in a row before a person counts as tracked.', bounds=(1, 100)
    )
    start_confidence: float = setting(
        0.2,
        'A person is published once their confidence has reached this value, or when they fill '
        "half of the image's shorter side. 0 publishes every confirmed person, false detections "
        'too.',
        bounds=(0.0, 1.0),
    )
    occlusion_s: float = setting(
        1.0, 'How long an unseen person is kept as occluded, seconds.', bounds=(0.0, 60.0)
    )
    search_interval_s: float = setting(
        0.05,
        'While persons are followed, time between two searches of a part of the image for further '
        'persons, seconds.',
        bounds=(0.0, 60.0),
    )
    smallest_person: float = setting(
        0.08,
        "Height of the smallest person searched for, as a share of the image's shorter side; 1 "
        'searches the whole image only.',
        bounds=(0.01, 1.0),
    )
    threads: int = setting(
        0, 'CPU threads per network; 0 leaves the choice to ONNX Runtime.', bounds=(0, 256)
    )

    def __post_init__(self) -> None:
        check_settings(self)
        if self.start_presence < self.min_presence:
            raise ValueError(
                f'start_presence ({self.start_presence}) must not be below min_presence '
                f'({self.min_presence}): a new person would be dropped at once'
            )


@dataclass(frozen=True)
class RefinementConfig:
    """
    How far bodies are brought onto the 2D keypoints.

    :raises ValueError: for a value out of range.
    """

    iterations: int = setting(
        1,
        'Largest number of steps that bring each recovered body onto the 2D keypoints; 0 takes '
        'none. Method biopose only.',
        bounds=(0, 20),
        name='refine_iterations',
        section='Refinement',
    )
    budget_ms: float | None = setting(
        None,
        'Longest time for these steps, all persons of an image together, milliseconds; what is '
        'not refined then stays as recovered. 0 sets no limit: the default for recordings, whose '
        'results must not depend on what else the machine does.',
        bounds=(0.001, 10000.0),
        unset=0.0,
        name='refine_budget_ms',
    )

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class PipelineConfig:
    """
    What the pipeline runs, and how.

    :raises ValueError: for a value out of range.
    """

    method: str = setting(
        'biopose',
        'How joint angles are found. biopose: from the mesh of each person, by networks; '
        'landmarks: BlazePose landmarks and inverse kinematics; neurik: these, corrected by a '
        'network that sees the last second.',
        choices=METHODS,
        section='Estimation',
    )
    device: str = setting(
        'auto',
        'Where the networks run: auto, cpu, cuda, or cuda:N.',
        pattern=r'auto|cpu|cuda(:\d+)?',
    )
    mesh_weights: Path | None = setting(
        None,
        'Your own weights file for method biopose, from `biopose train mesh`, with its encoder '
        'beside it where that was trained, too. Empty for the weights of the package.',
        unset='',
        is_path=True,
    )
    neurik_weights: Path | None = setting(
        None,
        'Your own weights file for NeurIK, from `biopose train neurik`; methods biopose and '
        'neurik. Empty for the weights of the package.',
        unset='',
        is_path=True,
    )
    body: Path | None = setting(
        None,
        'Your own body model for method biopose: an SMPL file, .pkl or .npz. Empty for the body '
        'of the package.',
        unset='',
        is_path=True,
    )
    osim: Path | None = setting(
        None,
        'Your own OpenSim model: recordings carry the motion over to it, as own_model.osim and '
        'own_motion.mot. The live node refuses it. Empty for none.',
        unset='',
        is_path=True,
    )
    height_m: float | None = setting(
        None,
        'Standing height of the person, metres; without it average adults are assumed. Right for '
        'one person only.',
        bounds=(0.5, 2.6),
        unset=0.0,
        option='--height',
    )
    mass_kg: float | None = setting(
        None,
        'Mass of the person, kilograms, for model files; without it each mass follows from shape '
        'and height. Right for one person only.',
        bounds=(2.0, 400.0),
        unset=0.0,
        option='--mass',
    )
    detection: DetectionConfig = nested(DetectionConfig)
    refinement: RefinementConfig = nested(RefinementConfig)
    smoothing: float = setting(
        0.5,
        'Strength of the estimator over time: 0 takes each image as it is, 1 is smoothest.',
        bounds=(0.0, 1.0),
        is_dynamic=True,
        section='Estimate over time',
    )
    find_level: bool = setting(
        True,
        'Find how the camera is tilted from the upright edges of walls, doors and shelves in the '
        'first images, where camera_pitch_rad and camera_roll_rad are 0. For a camera that stands '
        'still; rolled by less than 20 degrees, pitched by less than 40.',
        section='How the camera is mounted',
    )
    camera_pitch_rad: float = setting(
        0.0,
        'How far the camera looks down, radians; negative looks up. Levels the ground frame.',
        bounds=(-pi / 2, pi / 2),
    )
    camera_roll_rad: float = setting(
        0.0,
        "How far the camera's right side is down, radians. Levels the ground frame.",
        bounds=(-pi, pi),
    )
    camera_height_m: float = setting(
        0.0,
        'Height of the camera over the floor, metres; 0 leaves y = 0 at the camera.',
        bounds=(0.0, 100.0),
        option='--camera-height',
    )

    def __post_init__(self) -> None:
        check_settings(self)
