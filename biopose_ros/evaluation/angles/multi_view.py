"""
Clips with multi-view truth: what several calibrated cameras say together.

The truth is inverse kinematics on keypoints triangulated from four cameras (Pose2Sim). Its model
descends from the same family as ours: hips, knees, ankles, shoulders and elbows have the same axes
and the same zero, so that these coordinates compare one to one. Its six lumbar joints are composed
into one pelvis-to-torso rotation and taken apart again along our lumbar axes; so is the neck. The
pelvis is turned from the laboratory into the view's own ground frame by the camera's calibration.
Coordinates that do not move in the truth (pronation at its limit, locked wrists) were not measured
there and are not compared. Lumbar flexion is one of them: in this truth the pelvis follows the
lean of the trunk, so its pelvis tilt and hip flexion carry what our lumbar extension would take.

Times of motion, markers and videos count alike: the keypoints of cam01 and cam02 agree best with
the truth at the same time (within a picture). The first picture has no truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from biopose_ros.evaluation.angles.view_angle import facing_angles_deg
from biopose_ros.files.camera import read_camera, toml_section
from biopose_ros.files.mot import read_mot
from biopose_ros.files.trc import read_trc
from biopose_ros.frames import GroundFrame, project_through_lens
from biopose_ros.records import Camera, FloatArray
from biopose_ros.skeleton import load_skeleton
from biopose_ros.skeleton.pelvis import PELVIS_ANGLES

# Our ball joints turn about z, then x, then y (LaiUhlrich2022's pelvis, lumbar joint and hips).
BALL_AXES = 'ZXY'
# The laboratory of the calibration has z up, the marker file y up.
LAB_FROM_TRC = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
# Less movement than this over a clip means a locked or clamped coordinate.
MIN_RANGE_DEG = 0.1


@dataclass(frozen=True)
class Truth:
    """
    What the cameras say together.

    :param times_s: [rows], seconds, on the videos' time line.
    :param coordinates: per measured joint coordinate [rows], radians, our names; no pelvis.
    :param pelvis_rotations: [rows, 3, 3], pelvis axes to the marker file's (y up).
    :param keypoints_m: per keypoint [rows, 3], metres, the marker file's axes.
    """

    times_s: FloatArray
    coordinates: Mapping[str, FloatArray]
    pelvis_rotations: FloatArray
    keypoints_m: Mapping[str, FloatArray]


@dataclass(frozen=True)
class View:
    """
    One camera.

    :param name: for example ``cam01``.
    :param video: its recording.
    :param calibration: the TOML file.
    :param section: its camera in there.
    """

    name: str
    video: Path
    calibration: Path
    section: str

    def camera(self, width_px: int, height_px: int) -> Camera:
        """Read the intrinsics for pictures of a size."""
        return read_camera(self.calibration, width_px, height_px, self.section)

    def camera_from_trc(self) -> tuple[FloatArray, FloatArray]:
        """Give rotation [3, 3] and shift [3], metres, from marker file to camera axes."""
        table = toml_section(self.calibration, self.section)
        rotation = Rotation.from_rotvec(table['rotation']).as_matrix() @ LAB_FROM_TRC
        return rotation, np.asarray(table['translation'], dtype=np.float64)


def find_views(folder: Path) -> list[View]:
    """
    List the cameras of a clip.

    :param folder: holds ``cam01.mp4`` and so on, and ``Pose2Sim_cameras.toml``.
    :raises FileNotFoundError: when there is none.
    """
    calibration = folder / 'Pose2Sim_cameras.toml'
    videos = sorted(folder.glob('cam[0-9][0-9].mp4'))
    if not videos or not calibration.exists():
        raise FileNotFoundError(
            f'{folder}: no calibrated views (camNN.mp4 and Pose2Sim_cameras.toml); give --data'
        )
    return [
        View(video.stem, video, calibration, f'{video.stem[:3]}_{video.stem[3:]}')
        for video in videos
    ]


def load_truth(folder: Path) -> Truth:
    """
    Read motion, model and markers of a clip.

    :param folder: holds ``Pose2Sim_motion.mot``, ``_model.osim`` and ``_markers.trc``.
    :returns: the truth in our coordinates.
    :raises FileNotFoundError: when there is none.
    """
    path = folder / 'Pose2Sim_motion.mot'
    if not path.exists():
        raise FileNotFoundError(f'{folder}: no motion to compare with ({path.name}); give --data')
    times_s, motion = read_mot(path)
    _, keypoints_m = read_trc(folder / 'Pose2Sim_markers.trc')
    skeleton = load_skeleton(folder / 'Pose2Sim_model.osim')
    rows = np.stack([motion[name] for name in skeleton.coordinate_names], axis=1)
    rotations = skeleton.forward_kinematics(torch.from_numpy(rows)).rotations.numpy()

    def segment(name: str) -> FloatArray:
        return np.asarray(rotations[:, skeleton.segment_index(name)])

    coordinates = {
        **motion,
        **_lumbar_angles(motion, segment('pelvis'), segment('torso')),
        **_ball_angles('neck', segment('torso'), segment('head')),
    }
    return Truth(times_s, _moving(coordinates), segment('pelvis'), keypoints_m)


def pelvis_coordinates(truth: Truth, view: View, ground: GroundFrame) -> dict[str, FloatArray]:
    """
    Express the pelvis's orientation in the ground frame of one view.

    :param ground: of the view.
    :returns: ``pelvis_tilt``, ``pelvis_list``, ``pelvis_rotation``, [rows] each, radians.
    """
    camera_from_trc, _ = view.camera_from_trc()
    in_ground = ground.camera_from_ground.T @ camera_from_trc @ truth.pelvis_rotations
    angles = Rotation.from_matrix(in_ground).as_euler(BALL_AXES)
    return {name: np.unwrap(angles[:, axis]) for axis, name in enumerate(PELVIS_ANGLES)}


def view_angles_deg(truth: Truth, view: View) -> FloatArray:
    """
    Find the side from which a view shows the person.

    :returns: [rows], see :func:`~biopose_ros.evaluation.angles.view_angle.facing_angles_deg`.
    """
    rotation, shift_m = view.camera_from_trc()
    hips_m = 0.5 * (truth.keypoints_m['RHip'] + truth.keypoints_m['LHip'])
    return facing_angles_deg(truth.pelvis_rotations, hips_m, -rotation.T @ shift_m)


def projected_keypoints(truth: Truth, view: View, camera: Camera) -> dict[str, FloatArray]:
    """
    Show where the truth lies in a view's pictures.

    :returns: per keypoint [rows, 2], pixels.
    """
    rotation, shift_m = view.camera_from_trc()
    return {
        name: project_through_lens(points_m @ rotation.T + shift_m, camera)
        for name, points_m in truth.keypoints_m.items()
    }


def interpolate(rows: FloatArray, row_times_s: FloatArray, times_s: FloatArray) -> FloatArray:
    """
    Take the truth at the pictures' times.

    :param rows: [rows, ...], continuous (angles unwrapped).
    :param row_times_s: [rows], increasing.
    :param times_s: [frames].
    :returns: [frames, ...], NaN beyond the truth's ends.
    """
    flat = rows.reshape(len(rows), -1)
    # A microsecond of slack: stamps are rounded to nanoseconds, tables to 10 decimals.
    inside = (times_s > row_times_s[0] - 1e-6) & (times_s < row_times_s[-1] + 1e-6)
    columns = [
        np.where(inside, np.interp(times_s, row_times_s, column), np.nan) for column in flat.T
    ]
    return np.stack(columns, axis=1).reshape(len(times_s), *rows.shape[1:])


def _lumbar_angles(
    motion: Mapping[str, FloatArray], pelvis_rotations: FloatArray, torso_rotations: FloatArray
) -> dict[str, FloatArray]:
    """Compose the spine; where its flexion was locked, the truth knows no lumbar extension."""
    angles = _ball_angles('lumbar', pelvis_rotations, torso_rotations)
    if 'L5_S1_Flex_Ext' not in _moving(motion):
        del angles['lumbar_extension']
    return angles


def _ball_angles(
    joint: str, parent_rotations: FloatArray, child_rotations: FloatArray
) -> dict[str, FloatArray]:
    relative = parent_rotations.swapaxes(-1, -2) @ child_rotations
    angles = Rotation.from_matrix(relative).as_euler(BALL_AXES)
    names = (f'{joint}_extension', f'{joint}_bending', f'{joint}_rotation')
    return {name: np.unwrap(angles[:, axis]) for axis, name in enumerate(names)}


def _moving(coordinates: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    return {
        name: values
        for name, values in coordinates.items()
        if np.degrees(np.ptp(values)) > MIN_RANGE_DEG and not name.startswith('pelvis')
    }
