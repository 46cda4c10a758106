"""Pipeline results as ROS messages."""

from __future__ import annotations

import array
from collections.abc import Sequence

import numpy as np
from geometry_msgs.msg import Point, Vector3
from sensor_msgs.msg import JointState
from std_msgs.msg import Header

from biopose_ros.msg import BodyPoint, JointAngleArray, SubjectModel, TrackedPerson, TrackedPersons
from biopose_ros.msg import BodyPoints as BodyPointsMsg
from biopose_ros.person.body_points import BodyPoints
from biopose_ros.records import FloatArray
from biopose_ros.ros.named_person import NamedPerson
from biopose_ros.skeleton import Skeleton
from biopose_ros.skeleton.urdf_joints import joint_positions, joint_velocities, moving_joints


def joint_angle_array(person: NamedPerson, skeleton: Skeleton, header: Header) -> JointAngleArray:
    """Give all coordinates of a person; unknown ones are NaN."""
    left, right = person.foot_contact
    return JointAngleArray(
        header=header,
        person_id=person.person_id,
        model=skeleton.name,
        tracking_state=int(person.state),
        confidence=float(person.confidence),
        name=list(skeleton.coordinate_names),
        position=_doubles(person.coordinates),
        velocity=_doubles(person.velocities),
        stddev=_doubles(person.stddev),
        foot_contact_left=float(left),
        foot_contact_right=float(right),
    )


def joint_state(
    person: NamedPerson, skeleton: Skeleton, header: Header, scales: FloatArray
) -> JointState:
    """
    Give the values of the joints of the person's URDF.

    Where the root segment stands is not among them: that is a transform. Unknown values are left
    out: JointState has no word for them, and NaN would spoil the whole tree of
    robot_state_publisher. The same holds for all velocities where one is unknown.

    :param scales: [segments, 3], with which the URDF was written.
    """
    names = [f'{person.person_id}/{joint.name}' for joint in moving_joints(skeleton)]
    values = joint_positions(skeleton, person.coordinates, scales)
    known = np.flatnonzero(np.isfinite(values))
    rates = joint_velocities(skeleton, person.coordinates, person.velocities, scales)[known]
    return JointState(
        header=header,
        name=[names[index] for index in known],
        position=_doubles(values[known]),
        velocity=_doubles(rates if np.isfinite(rates).all() else rates[:0]),
    )


def subject_model(
    person: NamedPerson, skeleton: Skeleton, osim_xml: str, header: Header
) -> SubjectModel:
    """Give the body dimensions of a person with the scaled model as text."""
    return SubjectModel(
        header=header,
        person_id=person.person_id,
        model=skeleton.name,
        stature=float(person.stature_m),
        stature_stddev=float(person.stature_stddev_m),
        segment_name=list(skeleton.segment_names),
        scale=[Vector3(x=x, y=y, z=z) for x, y, z in np.asarray(person.scales, float).tolist()],
        scale_stddev=_doubles(person.scale_stddev),
        osim=osim_xml,
    )


def tracked_persons(
    persons: Sequence[NamedPerson], header: Header, processing_s: float
) -> TrackedPersons:
    """List everybody of one image, also those just lost."""
    return TrackedPersons(
        header=header,
        processing_time=processing_s,
        persons=[_tracked_person(person) for person in persons],
    )


def body_points_message(person: NamedPerson, points: BodyPoints, header: Header) -> BodyPointsMsg:
    """Give the points of one person."""
    rows = zip(
        points.names,
        points.positions_m.tolist(),
        points.velocities_m_s.tolist(),
        points.covariances_m2.reshape(-1, 9),
        strict=True,
    )
    return BodyPointsMsg(
        header=header,
        person_id=person.person_id,
        tracking_state=int(person.state),
        confidence=float(person.confidence),
        points=[
            BodyPoint(
                name=name,
                position=Point(x=position[0], y=position[1], z=position[2]),
                velocity=Vector3(x=velocity[0], y=velocity[1], z=velocity[2]),
                covariance=covariance,
            )
            for name, position, velocity, covariance in rows
        ],
    )


def _tracked_person(person: NamedPerson) -> TrackedPerson:
    x_min, y_min, x_max, y_max = (float(value) for value in person.box_xyxy_px)
    return TrackedPerson(
        person_id=person.person_id,
        tracking_state=int(person.state),
        confidence=float(person.confidence),
        box_x_min=x_min,
        box_y_min=y_min,
        box_x_max=x_max,
        box_y_max=y_max,
    )


def _doubles(values: FloatArray) -> array.array[float]:
    return array.array('d', np.ascontiguousarray(values, dtype=np.float64).tobytes())
