"""How values change over time: minimum-jerk moves between keys, and the body's own unrest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.ndimage import gaussian_filter1d

from biopose_ros.records import FloatArray
from biopose_ros.training.motion.rotations import interpolate

FPS = 30.0


def minimum_jerk(fraction: ArrayLike) -> FloatArray:
    """
    Ease from 0 to 1 with the bell-shaped speed of human reaching (Flash and Hogan 1985).

    :param fraction: [...], of the time of the move; clipped to 0..1.
    """
    x = np.clip(fraction, 0.0, 1.0)
    return x**3 * (10.0 - 15.0 * x + 6.0 * x**2)


def steady(fraction: ArrayLike) -> FloatArray:
    """
    Go from 0 to 1 at constant speed but for short ramps at both ends, as a foot swings in walking.

    :param fraction: [...], of the time of the move; clipped to 0..1.
    """
    x = np.clip(fraction, 0.0, 1.0)
    first, last = 0.18, 0.35  # a foot leaves the floor faster than it comes to it
    speed = 1.0 / (1.0 - (first + last) / 2.0)
    start = 0.5 * speed * x**2 / first
    end = 1.0 - 0.5 * speed * (1.0 - x) ** 2 / last
    middle = speed * (x - first / 2.0)
    return np.where(x < first, start, np.where(x > 1.0 - last, end, middle))


@dataclass(frozen=True, eq=False)
class Move:
    """
    One move of a track.

    :param start_s: seconds.
    :param end_s: seconds.
    :param value: where it ends.
    :param ease: progress over the fraction of its time.
    """

    start_s: float
    end_s: float
    value: FloatArray
    ease: Callable[[ArrayLike], FloatArray]

    def progress(self, times_s: FloatArray) -> FloatArray:
        """Progress from 0 to 1 at [frames] seconds."""
        return self.ease((times_s - self.start_s) / (self.end_s - self.start_s))


@dataclass
class Track:
    """
    A value that moves from key to key, each move smooth and at rest at both ends.

    :param start: value before the first move, number or array.
    """

    start: ArrayLike
    moves: list[Move] = field(default_factory=list)

    def to(
        self,
        value: ArrayLike,
        start_s: float,
        end_s: float,
        ease: Callable[[ArrayLike], FloatArray] = minimum_jerk,
    ) -> Track:
        """
        Append a move; moves may overlap, their displacements add up.

        :param value: where the move ends.
        :param start_s: seconds.
        :param end_s: seconds, after the start.
        :param ease: progress over the fraction of the move's time.
        """
        end_s = max(end_s, start_s + 1.0 / FPS)
        self.moves.append(Move(start_s, end_s, np.asarray(value, float), ease))
        return self

    @property
    def last(self) -> FloatArray:
        """The value after the last move."""
        return self.moves[-1].value if self.moves else np.asarray(self.start, float)

    def at(self, times_s: FloatArray) -> FloatArray:
        """
        Evaluate.

        :param times_s: [frames], seconds.
        :returns: [frames, ...].
        """
        here = np.asarray(self.start, float)
        shape = (len(times_s), *(1 for _ in here.shape))
        result = np.broadcast_to(here, (len(times_s), *here.shape)).copy()
        for move in self.moves:
            result += move.progress(times_s).reshape(shape) * (move.value - here)
            here = move.value
        return result

    def turns_at(self, times_s: FloatArray) -> FloatArray:
        """
        Evaluate a track of rotation matrices; moves must not overlap.

        :param times_s: [frames], seconds.
        :returns: [frames, 3, 3].
        """
        result = np.broadcast_to(np.asarray(self.start, float), (len(times_s), 3, 3)).copy()
        for move in self.moves:
            begun = times_s > move.start_s
            progress = move.progress(times_s[begun])
            result[begun] = interpolate(result[begun], move.value, progress)
        return result


def frame_times(duration_s: float) -> FloatArray:
    """Give the times of a clip's frames, seconds."""
    return np.arange(max(round(duration_s * FPS), 2)) / FPS


def sway(
    rng: np.random.Generator, frames: int, rms: ArrayLike, smoothness_s: float = 0.45
) -> FloatArray:
    """
    Draw the slow unrest of a body that holds still.

    Standing sway has most of its power below 0.5 Hz and 3 to 6 mm rms at the centre of mass
    (Winter 1995, Gait and Posture 3:193).

    :param rng: random numbers.
    :param frames: length.
    :param rms: [channels], in any unit.
    :param smoothness_s: standard deviation of the Gaussian that smooths it.
    :returns: [frames, channels].
    """
    rms = np.atleast_1d(np.asarray(rms, float))
    sigma = smoothness_s * FPS
    margin = int(4 * sigma)
    white = rng.standard_normal((frames + 2 * margin, len(rms)))
    # Smoothing white noise leaves a standard deviation of (2 sigma sqrt(pi))^-1/2.
    smooth = gaussian_filter1d(white, sigma, axis=0) * np.sqrt(2.0 * sigma * np.sqrt(np.pi))
    return smooth[margin : margin + frames] * rms
