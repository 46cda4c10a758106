"""
BioPose for ROS 2: joint angles of an OpenSim skeleton from one camera.

Read :mod:`biopose_ros.pipeline` first; it is the spine of the package.
"""

from pkgutil import extend_path

# The generated messages live in a second folder of the same name: the build installs
# `biopose_ros.msg` into the environment, while a checkout holds only the sources. Merging the two
# makes `import biopose_ros.msg` work from inside the checkout as well.
__path__ = extend_path(__path__, __name__)

__version__ = '0.1.0'
