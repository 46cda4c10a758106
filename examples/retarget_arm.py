"""Let a robot's arm of seven joints follow a person's right arm."""

import math
import xml.etree.ElementTree as ET
from contextlib import suppress
from pathlib import Path

import rclpy
from biopose_ros.msg import JointAngleArray
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import JointState

# For each joint of the arm, from the shoulder on: the coordinate that it takes, with its sign. The
# order of axes is that of the skeleton (forward, outward, about the upper arm), so that angles go
# over one to one; see arm7.urdf and docs/conventions.md.
COORDINATES = (
    ('arm_flex_r', 1.0),
    ('arm_add_r', 1.0),
    ('arm_rot_r', 1.0),
    ('elbow_flex_r', 1.0),
    ('pro_sup_r', 1.0),
    ('wrist_flex_r', 1.0),
    ('wrist_dev_r', 1.0),
)
PALM_IN_RAD = math.pi / 2  # pro_sup is zero with the palm forward; the robot's wrist, palm inward
SURE_RAD = 0.5  # a joint that is known worse keeps its last angle


def joints(urdf):
    """
    List the first seven moving joints of an arm.

    :param urdf: text.
    :returns: name, lower and upper limit, radians, of each.
    """
    found = []
    for joint in ET.fromstring(urdf).iter('joint'):
        if joint.get('type') in ('revolute', 'continuous'):
            limit = joint.find('limit')
            low, high = (
                (-math.pi, math.pi)
                if joint.get('type') == 'continuous' or limit is None
                else (float(limit.get('lower')), float(limit.get('upper')))
            )
            found.append((joint.get('name'), low, high))
    if len(found) < len(COORDINATES):
        raise ValueError(f'the arm has {len(found)} joints that turn; seven are needed')
    return found[: len(COORDINATES)]


def retarget(message, arm, last):
    """
    Take a person's arm over.

    :param message: JointAngleArray.
    :param arm: from :func:`joints`.
    :param last: angles before, radians; kept where the person's are not known well enough.
    :returns: angles within the limits, radians.
    """
    index = {name: i for i, name in enumerate(message.name)}
    angles = []
    for (_, low, high), (coordinate, sign), before in zip(arm, COORDINATES, last, strict=True):
        at = index[coordinate]
        angle = sign * message.position[at] - (PALM_IN_RAD if coordinate == 'pro_sup_r' else 0.0)
        is_sure = math.isfinite(angle) and message.stddev[at] < SURE_RAD
        angles.append(min(high, max(low, angle)) if is_sure else before)
    return angles


class RetargetArm(Node):
    """Publishes ``arm_command`` for the first tracked person that it sees."""

    def __init__(self):
        super().__init__('retarget_arm')
        default = str(Path(__file__).with_name('arm7.urdf'))
        path = self.declare_parameter('urdf', default).value
        self._arm = joints(Path(path).read_text())
        self._angles = [min(high, max(low, 0.0)) for _, low, high in self._arm]
        self._person = ''
        self._commands = self.create_publisher(JointState, 'arm_command', 1)
        self.create_subscription(JointAngleArray, 'joint_angles', self._on_angles, 10)

    def _on_angles(self, message):
        if message.tracking_state == JointAngleArray.STATE_TRACKED:
            self._person = self._person or message.person_id
        if message.person_id != self._person:
            return
        if message.tracking_state == JointAngleArray.STATE_LOST:
            self._person = ''  # the arm stays where it is
            return
        self._angles = retarget(message, self._arm, self._angles)
        names = [name for name, _, _ in self._arm]
        self._commands.publish(
            JointState(header=message.header, name=names, position=self._angles)
        )


def main():
    rclpy.init()
    with suppress(KeyboardInterrupt, ExternalShutdownException):  # Ctrl-C, or kill
        rclpy.spin(RetargetArm())


if __name__ == '__main__':
    main()
