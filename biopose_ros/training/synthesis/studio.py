"""One shot of a scene: the picture, and everything that is known about the person in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from biopose_ros.body.model import BodyModel
from biopose_ros.records import FloatArray
from biopose_ros.training.synthesis.cameras import crop_from_image
from biopose_ros.training.synthesis.records import SyntheticSample, joint_visibility
from biopose_ros.training.synthesis.regions import body_regions
from biopose_ros.training.synthesis.renderer import Look, draw
from biopose_ros.training.synthesis.scene import Scene

_FLESH_MARGIN_M = 0.06


@dataclass(frozen=True)
class Shot:
    """
    What a sample records of its main person besides what the scene shows.

    :param index: of the sample.
    :param subject: number of the person.
    :param clip: name of the motion clip.
    :param frame: of the clip.
    :param pose: [24, 3], rotation vectors; the root's is taken from the scene.
    """

    index: int
    subject: int
    clip: str
    frame: int
    pose: FloatArray


class Studio:
    """
    Takes shots of scenes.

    :param body: that all persons share.
    :param side_px: width and height of the images.
    :attr regions: where on the body clothes begin and end.
    """

    def __init__(self, body: BodyModel, side_px: int) -> None:
        template, joints = body.template_m.numpy(), body.rest_joints_m.numpy()
        self.side_px = side_px
        self.regions = body_regions(template, joints, body.faces)
        self._flesh_m = _flesh(template, joints)

    def take(self, shot: Shot, scene: Scene, look: Look) -> SyntheticSample:
        """
        Draw a scene and write down the truth, without the skeleton's.

        :param shot: who and what is in it.
        :param scene: its first person is the main one.
        :param look: of the picture.
        """
        crop = crop_from_image(scene.crop, self.side_px)
        picture = draw(scene, self.regions, crop, self.side_px, look)
        view, main = scene.view, scene.persons[0]
        projection = crop @ view.camera.intrinsics_px
        joints = view.to_camera(main.joints_m)
        pixels = _project(joints, projection)
        markers = view.to_camera(main.markers_m)
        visibility = joint_visibility(
            joints, pixels, self._flesh_m, picture.segmentation, picture.depth_m, picture.inside
        )
        pose = shot.pose.copy()
        pose[0] = cv2.Rodrigues(view.camera_from_world @ main.turns[0])[0][:, 0]
        camera = view.camera
        return SyntheticSample(
            index=shot.index,
            subject=shot.subject,
            clip=shot.clip,
            frame=shot.frame,
            image_bgr=picture.image_bgr,
            segmentation=picture.segmentation,
            pose=pose,
            betas=main.betas,
            translation_m=(joints[0] - main.rest_joints_m[0]).astype(np.float32),
            gravity=(-view.camera_from_world[:, 1]).astype(np.float32),
            intrinsics_px=camera.intrinsics_px.astype(np.float32),
            image_size_px=np.array([camera.width_px, camera.height_px], np.int32),
            crop_from_image=crop.astype(np.float32),
            joints_m=joints.astype(np.float32),
            joints_px=pixels.astype(np.float32),
            joint_visibility=visibility,
            markers_m=markers.astype(np.float32),
            markers_px=_project(markers, projection).astype(np.float32),
            coordinates=np.zeros(0, np.float32),
            scales=np.zeros((0, 3), np.float32),
        )


def _project(points_m: FloatArray, projection: FloatArray) -> FloatArray:
    """Camera points to crop pixels; points behind the camera stay far outside."""
    depth = np.maximum(points_m[:, 2:], 1e-3)
    return (points_m / depth @ projection.T)[:, :2]


def _flesh(template_m: FloatArray, joints_m: FloatArray) -> FloatArray:
    """Distance from each joint to the skin, with a margin for pose and clothes."""
    gaps = np.linalg.norm(template_m[None] - joints_m[:, None], axis=-1)
    return gaps.min(1) + _FLESH_MARGIN_M
