from dataclasses import fields, replace

import pytest
import torch

from biopose_ros.training.neurik.data import LabelledMotion
from biopose_ros.training.neurik.rendered_evidence import RenderedEvidence


def test_file_gives_back_what_was_saved(rendered, tmp_path):
    rendered.save(tmp_path / 'train.npz')
    found = RenderedEvidence.load(tmp_path / 'train.npz')
    for field in fields(RenderedEvidence):
        wanted = getattr(rendered, field.name)
        if field.name == 'names':
            assert found.names == wanted
        else:
            torch.testing.assert_close(getattr(found, field.name), wanted)


def test_file_with_other_columns_is_refused(rendered, tmp_path):
    path = tmp_path / 'train.npz'
    replace(rendered, features=rendered.features[:, :32]).save(path)
    with pytest.raises(ValueError, match=r'features has 32 columns, the network takes 64'):
        RenderedEvidence.load(path)
    replace(rendered, keypoints_m=rendered.keypoints_m[:, :17]).save(path)
    with pytest.raises(ValueError, match=r'keypoints_m has 17 columns, the network takes 33'):
        RenderedEvidence.load(path)


def test_labels_alone_are_not_rendered_evidence(motion, tmp_path):
    motion.save(tmp_path / 'train.npz')
    with pytest.raises(ValueError, match=r'train.npz lacks features, keypoint_weights'):
        RenderedEvidence.load(tmp_path / 'train.npz')
    assert LabelledMotion.load(tmp_path / 'train.npz').names == motion.names
