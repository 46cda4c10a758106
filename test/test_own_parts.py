"""Body and networks of one's own in the pipeline, on a real video."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from smpl_like import smpl_like_body

from biopose_ros.body.body_file import export_smpl
from biopose_ros.files.camera import guess_camera
from biopose_ros.files.video import open_frames
from biopose_ros.inverse_kinematics.neurik_file import load_neurik, save_neurik
from biopose_ros.pipeline import Pipeline
from biopose_ros.settings import DetectionConfig, PipelineConfig
from biopose_ros.skeleton import load_skeleton

VIDEO = Path(__file__).parents[2] / 'shared/data/real/pose2sim_blender/cam01.mp4'


@pytest.fixture(scope='module')
def frames():
    if not VIDEO.exists():
        pytest.skip(f'needs the real video {VIDEO.name}')
    return list(islice(open_frames(str(VIDEO)), 5))


def last_pose(frames, **settings):
    detection = DetectionConfig(max_persons=1, confirm_frames=1)
    config = PipelineConfig(device='cpu', mass_kg=75.0, detection=detection, **settings)
    pipeline, camera = Pipeline(config), guess_camera(*frames[0].image_bgr.shape[1::-1])
    poses = [pipeline.process(f.image_bgr, camera, f.stamp_ns) for f in frames]
    (pose,) = poses[-1]
    return pose


@pytest.fixture(scope='module')
def usual(imported, frames):
    return last_pose(frames)


def test_a_users_smpl_file_gives_the_same_angles_and_its_own_mesh(usual, frames, tmp_path):
    export_smpl(tmp_path / 'smpl.pkl', smpl_like_body())
    pose = last_pose(frames, body=tmp_path / 'smpl.pkl')
    off_deg = np.degrees(np.abs(pose.coordinates - usual.coordinates))
    skeleton = load_skeleton()
    for name in ('knee_angle_r', 'knee_angle_l', 'hip_flexion_r', 'hip_flexion_l'):
        assert off_deg[skeleton.coordinate_index(name)] < 8, name
    off_m = np.linalg.norm(pose.markers.positions_m - usual.markers.positions_m, axis=1)
    assert 0.001 < np.median(off_m) < 0.05


def test_neurik_of_ones_own_answers_in_place_of_the_shipped_one(usual, frames, tmp_path):
    model, _ = load_neurik()
    path = tmp_path / 'neurik.safetensors'
    with torch.no_grad():
        for numbers in model.parameters():
            numbers += 0.03 * numbers.abs().mean()
    save_neurik(path, model, load_skeleton())
    other = last_pose(frames, neurik_weights=path)
    assert np.degrees(np.abs(other.coordinates - usual.coordinates)).max() > 1


def test_files_that_are_missing_or_of_another_kind_are_named(imported, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no_such\.pkl: no such body file'):
        Pipeline(PipelineConfig(device='cpu', body=tmp_path / 'no_such.pkl'))
    body = tmp_path / 'body.safetensors'
    body.write_bytes(b'no weights')
    with pytest.raises(ValueError, match=r'body\.safetensors'):
        Pipeline(PipelineConfig(device='cpu', neurik_weights=body))
