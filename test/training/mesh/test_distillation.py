from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from biopose_ros.files.video import open_frames
from biopose_ros.mesh_recovery.encoders import build_encoder
from biopose_ros.training.mesh.distillation import Distillation
from biopose_ros.training.mesh.real_pictures import person_pictures

VIDEO = Path(__file__).parents[4] / 'shared/data/real/pose2sim_blender/cam01.mp4'
needs_video = pytest.mark.skipif(not VIDEO.exists(), reason=f'needs the real video {VIDEO.name}')


@pytest.fixture(scope='module')
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp('photos')
    for frame in islice(open_frames(VIDEO), 0, 40, 10):
        cv2.imwrite(str(folder / f'{frame.index:03d}.jpg'), frame.image_bgr)
    return folder


@pytest.fixture(scope='module')
def pictures(photos):
    return person_pictures([photos])


@needs_video
def test_persons_are_cut_out_of_photos(pictures, photos):
    assert pictures.shape[1:] == (256, 256, 3)
    assert len(pictures) >= 8  # four photos of somebody at least, two crops each
    np.testing.assert_array_equal(person_pictures([photos]), pictures)


def test_photos_without_persons_are_refused(tmp_path):
    cv2.imwrite(str(tmp_path / 'grey.png'), np.full((200, 300, 3), 128, np.uint8))
    with pytest.raises(ValueError, match=r'no person was found in .*; give photos or videos'):
        person_pictures([tmp_path])


@needs_video
def test_an_encoder_that_forgot_its_keypoints_learns_them_again(pictures):
    torch.manual_seed(0)
    encoder = build_encoder('full', trained_steps=30)
    distillation = Distillation(encoder, pictures)
    assert distillation.keypoint_px() == 0
    learning = [weight for weight in encoder.parameters() if weight.requires_grad]
    with torch.no_grad():
        for weight in learning:
            weight.mul_(1 + 0.2 * torch.randn_like(weight))
    before = distillation.keypoint_px()
    assert before > 1
    heads = [w for w in distillation._student.parameters() if not w.requires_grad]
    published = [weight.clone() for weight in heads]
    optimizer = torch.optim.Adam(learning, 1e-3)
    for _ in range(15):
        optimizer.zero_grad()
        sum(distillation.losses().values()).backward()
        optimizer.step()
    assert distillation.keypoint_px() < 0.7 * before
    # The heads are those of the published network, and stay.
    assert heads
    assert all(map(torch.equal, heads, published))


@needs_video
def test_only_the_encoder_s_last_steps_learn(pictures):
    encoder = build_encoder('full', trained_steps=30)
    losses = Distillation(encoder, pictures).losses()
    assert set(losses) == {'real_places', 'real_heat'}
    sum(losses.values()).backward()
    touched = {name for name, w in encoder.named_parameters() if w.grad is not None}
    may_learn = {name for name, w in encoder.named_parameters() if w.requires_grad}
    assert touched
    assert touched <= may_learn
