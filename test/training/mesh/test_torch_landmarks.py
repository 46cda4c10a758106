import subprocess
import sys
from pathlib import Path

import numpy as np

from biopose_ros.detection.landmark_network import CropReading, LandmarkNetwork
from biopose_ros.training.mesh.torch_landmarks import TorchLandmarks
from biopose_ros.training.synthesis.setup import SynthesisConfig, build_generator

ROOT = Path(__file__).resolve().parents[3]


def test_torch_reads_what_onnx_runtime_reads(imported):
    images = SynthesisConfig('train', seed=3, synthetic_clips=6, activities=('squat', 'reach'))
    pictures = np.stack([s.image_bgr for s in build_generator(images).chunk(0)[:4]])
    ours = TorchLandmarks('full').read(pictures)
    wanted = LandmarkNetwork('full', 'cpu', threads=1).read(pictures)
    for one, other in zip(ours, wanted, strict=True):
        for name in CropReading.POINT_FIELDS:
            np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=2e-3)


def test_training_is_there_without_onnx_runtime_and_the_command_lines_libraries():
    absent = ('onnxruntime', 'onnx', 'rich', 'typer', 'av', 'rosbags', 'ray', 'matplotlib')
    code = (
        f'import sys; sys.modules.update(dict.fromkeys({absent}))\n'
        'import biopose_ros.training.mesh.image_training\n'
        'import biopose_ros.training.mesh.torch_landmarks\n'
        'import biopose_ros.training.mesh.training\n'
        'import biopose_ros.training.synthesis.setup\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
