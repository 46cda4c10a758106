"""Pictures of the skeleton inside the body, to be looked at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from biopose_ros.body import BodyModel
from biopose_ros.evaluation.body.pictures import DISTANCE_M, LABEL_FONT, VIEWS, Image, picture
from biopose_ros.frames import OPENSIM_FROM_BODY
from biopose_ros.records import FloatArray
from biopose_ros.training.labels import Anthropometry, Labeller, SkeletonTruth, Subject
from biopose_ros.training.labels.anthropometry import standing_pose
from biopose_ros.training.motion.activities import generate_activity
from biopose_ros.training.motion.body_proportions import measure
from biopose_ros.training.motion.knee_twist import with_knee_twist

# An activity, and how far into it, as a share of its length.
POSES = (
    ('sitting', 0.5),
    ('deep_squat', 0.5),
    ('lift_from_floor', 0.35),
    ('walk', 0.4),
    ('reach', 0.5),
    ('kneel', 0.5),
    ('wave', 0.5),
    ('pick_up', 0.4),
)
CELL_PX = (300, 190)  # height, width
SCALE_PX = 140.0
BONE_BGR, MARKER_BGR, GAP_BGR = (120, 60, 20), (30, 140, 30), (0, 0, 230)
VEIL = 0.45  # how white the body becomes under the bones
SHOWN = (
    'C7',
    'R_Sternum',
    'r.ASIS',
    'r.PSIS',
    'r_knee',
    'r_mknee',
    'r_ankle',
    'r_mankle',
    'r_calc',
    'r_toe',
    'R_elbow_lat',
    'R_wrist_radius',
)


def skeleton_sheet(body: BodyModel) -> Image:
    """
    Show a woman and a man standing, and everyday postures: from the front and from the right.

    Blue: the skeleton's bones. Green: markers on the mesh; a red line leads to the skeleton's.

    :param body: with a population.
    """
    anthropometry = Anthropometry(body)
    labeller = Labeller(anthropometry)
    means = torch.zeros(2, body.num_components)
    if body.data.population is not None:
        means = torch.as_tensor(body.data.population.mean, dtype=torch.float32)
    people = anthropometry.subjects(means)
    cells = [
        _cell(body, labeller, person, standing_pose().numpy(), title)
        for person, title in zip(people, ('standing, woman', 'standing, man'), strict=True)
    ]
    for row, (activity, share) in enumerate(POSES):
        person = people[row % 2]
        random, proportions = np.random.default_rng(0), measure(body, person.betas.numpy())
        clip = generate_activity(activity, random, proportions, 'sheet')
        pose = with_knee_twist(clip.pose[[int(share * (len(clip) - 1))]])[0]
        cells.append(_cell(body, labeller, person, _facing(pose), activity.replace('_', ' ')))
    rows = [np.hstack(cells[i : i + 5]) for i in range(0, len(cells), 5)]
    return np.vstack(rows)


def write_skeleton_sheet(folder: Path, body: BodyModel) -> None:
    """
    Write the sheet as ``skeleton_in_body.png``.

    :param folder: made where it is missing.
    :param body: with a population.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = [cv2.IMWRITE_PNG_COMPRESSION, 9]
    cv2.imwrite(str(folder / 'skeleton_in_body.png'), skeleton_sheet(body), options)


def _facing(pose: FloatArray) -> FloatArray:
    """Take the heading out of a pose."""
    turn = cv2.Rodrigues(np.asarray(pose[0], np.float64))[0]
    heading = np.arctan2(turn[0, 2], turn[2, 2])
    back = cv2.Rodrigues(np.array([0.0, -heading, 0.0]))[0]
    return np.concatenate([cv2.Rodrigues(back @ turn)[0].T, pose[1:]]).astype(np.float32)


def _cell(
    body: BodyModel, labeller: Labeller, person: Subject, pose: FloatArray, title: str
) -> Image:
    truth = labeller.label_each([person], pose[None])
    rest_m = body.shaped_joints_m(person.betas)[0]
    with torch.no_grad():
        mesh = body(torch.as_tensor(pose), person.betas, -rest_m)
    vertices = mesh.vertices_m.numpy()
    centre = (vertices.max(axis=0) + vertices.min(axis=0)) / 2
    views = []
    for view in ('front', 'right'):
        image = picture(vertices, body.faces, view, centre, SCALE_PX, CELL_PX)
        image = (image * (1 - VEIL) + 255 * VEIL).astype(np.uint8)
        drawing = _Drawing(image, person, truth, VIEWS[view], centre)
        drawing.bones()
        drawing.markers()
        views.append(image)
    cell = np.hstack(views)
    text = f'{title}, {truth.residual_rms_m[0] * 1e3:.0f} mm'
    cv2.putText(cell, text, (6, 14), LABEL_FONT, 0.42, (90, 0, 0), 1, cv2.LINE_AA)
    return cell


@dataclass(frozen=True, eq=False)
class _Drawing:
    """One labelled person, drawn into the picture of the body."""

    image: Image
    person: Subject
    truth: SkeletonTruth
    view: FloatArray
    centre_m: FloatArray

    def bones(self) -> None:
        skeleton, scales = self.person.model, self.person.scales
        frames = skeleton.forward_kinematics(self._coordinates(), scales)
        origins_m, looks = frames.positions_m.numpy(), skeleton.description.bodies
        for segment, name in enumerate(skeleton.segment_names):
            for capsule in next(body.capsules for body in looks if body.name == name):
                ends = np.array([capsule.start_m, capsule.end_m]) * scales[segment].numpy()
                places_m = ends @ frames.rotations[segment].numpy().T + origins_m[segment]
                start, end = (self._pixel(place) for place in places_m)
                cv2.line(self.image, start, end, BONE_BGR, 2, cv2.LINE_AA)
            cv2.circle(self.image, self._pixel(origins_m[segment]), 3, BONE_BGR, 1, cv2.LINE_AA)

    def markers(self) -> None:
        places_m = self.person.skeleton.marker_positions(self._coordinates(), self.person.scales)
        for name in SHOWN:
            row = self.person.table.index(name)
            ours, mesh = (
                self._pixel(place)
                for place in (places_m[row].numpy(), self.truth.markers_m[0, row])
            )
            cv2.line(self.image, ours, mesh, GAP_BGR, 1, cv2.LINE_AA)
            cv2.circle(self.image, mesh, 2, MARKER_BGR, -1, cv2.LINE_AA)

    def _coordinates(self) -> torch.Tensor:
        return torch.as_tensor(self.truth.coordinates[0]).double()

    def _pixel(self, place_m: FloatArray) -> tuple[int, int]:
        """Project a point in OpenSim's axes as :func:`.pictures.picture` does."""
        away_m = OPENSIM_FROM_BODY.T @ place_m - self.centre_m
        x, y, z = self.view @ away_m + [0.0, 0.0, DISTANCE_M]
        height, width = CELL_PX
        zoom = SCALE_PX * DISTANCE_M / z
        return round(width / 2 + zoom * x), round(height / 2 + zoom * y)
