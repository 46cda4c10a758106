from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from standing import CAMERA, bent, posed, seen

from biopose_ros.evaluation.mesh_recovery.errors import SampledBody
from biopose_ros.evaluation.mesh_recovery.refinement import (
    GROSS_SHARE,
    RefinementJudge,
    refine_each,
    with_gross_errors,
)
from biopose_ros.refinement.refiner import Refiner
from biopose_ros.settings import RefinementConfig
from biopose_ros.skeleton import load_skeleton

KNEE = load_skeleton().coordinate_index('knee_angle_r')


class KneeTie:
    """Stands in for the labels' slow inverse kinematics: the right knee's turn, nothing else."""

    def __call__(self, pose, betas, translation_m):
        coordinates = np.zeros((len(pose), len(load_skeleton().coordinate_names)))
        coordinates[:, KNEE] = pose[:, 5, 0]
        return coordinates, np.ones((len(pose), 1, 3))


@pytest.fixture
def images():
    rng = np.random.default_rng(3)
    made = []
    for _ in range(4):
        vectors = bent(rng, 10)
        truth = posed(vectors)
        coordinates = np.zeros(len(load_skeleton().coordinate_names))
        coordinates[KNEE] = vectors[5, 0]
        crop_from_image = np.array([[0.4, 0, -136.0], [0, 0.4, -16.0]])
        corner_px = (truth.joints_px - 0.5) @ crop_from_image[:, :2].T + crop_from_image[:, 2]
        sample = SimpleNamespace(
            joints_m=truth.joints_m,
            joints_px=corner_px,
            crop_from_image=crop_from_image,
            coordinates=coordinates,
        )
        wrong = posed(vectors + bent(rng, 5), (0.12, 0.01, 4.1))
        body = replace(wrong, joints_px=truth.joints_px)
        made.append(SampledBody(sample, seen(truth), CAMERA, body))
    return made


def test_bodies_that_are_right_have_no_error_and_others_have(images):
    judge = RefinementJudge(KneeTie())
    right = [
        posed(np.zeros((24, 3)) + np.eye(24)[5][:, None] * [one.sample.coordinates[KNEE], 0, 0])
        for one in images
    ]
    assert judge.errors(images, right).mae_angle_deg == pytest.approx(0.0, abs=1e-9)
    true = [replace(one.body, joints_m=one.sample.joints_m) for one in images]
    errors = judge.errors(images, true)
    assert errors.mpjpe_mm == pytest.approx(0.0, abs=1e-9)
    assert errors.keypoint_px == pytest.approx(0.0, abs=1e-9)
    before = judge.errors(images, [one.body for one in images])
    assert before.mpjpe_mm > 10
    assert before.keypoint_px > 1
    assert before.groups_deg['knee'] > 0 == before.groups_deg['elbow']


def test_refinement_of_single_images_lowers_their_errors(images):
    judge, refiner = RefinementJudge(KneeTie()), Refiner(RefinementConfig(3))
    before = judge.errors(images, [one.body for one in images])
    after = judge.errors(images, refine_each(images, refiner))
    assert after.mpjpe_mm < before.mpjpe_mm
    assert after.keypoint_px < before.keypoint_px
    assert refiner.outcomes == {'refined': len(images)}


def test_gross_errors_hit_a_tenth_of_the_keypoints_and_nothing_else(images):
    thrown = with_gross_errors(images * 20)
    away = [
        np.linalg.norm(new.crop.keypoints_px - old.crop.keypoints_px, axis=1)
        for new, old in zip(thrown, images * 20, strict=True)
    ]
    assert np.mean(np.concatenate(away) > 0) == pytest.approx(GROSS_SHARE, abs=0.02)
    assert all(new.body is old.body for new, old in zip(thrown, images * 20, strict=True))
