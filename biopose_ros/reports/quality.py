"""What a reader must know before trusting a curve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from biopose_ros.frames import project_through_lens
from biopose_ros.records import FloatArray
from biopose_ros.reports.results import PersonRecording, RunFolder
from biopose_ros.reports.vocabulary import GROUPS, title

# What makes a flag. Angles less certain than this are no basis for a finding.
UNCERTAIN_DEG = 12.0
_OFTEN, _LOW_CONFIDENCE = 0.02, 0.7
_SHORT_S = 2.0
_COMPLETE = 'complete'


@dataclass(frozen=True)
class Flag:
    """
    One remark.

    :param kind: ``not complete``, ``occluded``, ``cut off``, ``uncertain``, ``gaps``, ``short``
        or ``camera``.
    :param text: what, how much, and what to do.
    """

    kind: str
    text: str


def flags_of(run: RunFolder, person: PersonRecording) -> list[Flag]:
    """
    List what limits a person's angles.

    :param run: of the person.
    :param person: whose.
    """
    return [
        *_ending(run),
        *_sight(person),
        *_frame(run, person),
        *_certainty(person),
        *_camera(run),
    ]


def _ending(run: RunFolder) -> Iterator[Flag]:
    ended = run.summary.get('ended', _COMPLETE)
    if ended != _COMPLETE:
        yield Flag('not complete', f'The run was {ended}; what came after is not in here.')


def _sight(person: PersonRecording) -> Iterator[Flag]:
    hidden = 1.0 - float(person.is_seen.mean())
    if hidden > _OFTEN:
        yield Flag(
            'occluded',
            f'Out of sight in {hidden:.0%} of the images of the track; there the angles are '
            'predicted, drawn in grey, and left out of every figure.',
        )
    gaps = person.figures.get('gaps_s', [])
    if gaps:
        longest = max(end - start for start, end in gaps)
        count = 'One gap' if len(gaps) == 1 else f'{len(gaps)} gaps'
        yield Flag('gaps', f'{count} between sightings, the longest {longest:.1f} s.')
    seen_s = person.times_s[person.is_seen]
    if len(seen_s) and seen_s[-1] - seen_s[0] < _SHORT_S:
        yield Flag('short', f'Seen for {seen_s[-1] - seen_s[0]:.1f} s only.')


def joints_px(run: RunFolder, person: PersonRecording) -> FloatArray:
    """
    Project the joints into the images.

    :param run: of the person.
    :param person: whose.
    :returns: [images, segments, 2], NaN behind the camera.
    """
    _, origins_m = person.segments
    return project_through_lens(run.ground.to_camera(origins_m), run.camera)


def _frame(run: RunFolder, person: PersonRecording) -> Iterator[Flag]:
    px = joints_px(run, person)
    camera = run.camera
    size = np.array([camera.width_px, camera.height_px])
    outside = np.any((px < 0) | (px > size), axis=(1, 2))
    share = float(outside[person.is_seen].mean()) if person.is_seen.any() else 0.0
    if share > _OFTEN:
        yield Flag(
            'cut off',
            f'A part of the body lies outside the picture in {share:.0%} of the images; joints '
            'that cannot be seen are guessed.',
        )


def _certainty(person: PersonRecording) -> Iterator[Flag]:
    seen = person.is_seen
    if not seen.any():
        return
    kinds = [kind for group in GROUPS.values() for kind in group]
    names = [f'{kind}{side}' for kind in kinds for side in ('', '_r', '_l')]
    vague = []
    for name in (name for name in names if name in person.stddev):
        sigma_deg = float(np.degrees(np.nanmedian(person.stddev[name][seen])))
        if sigma_deg > UNCERTAIN_DEG:
            vague.append(f'{title(name)} (±{sigma_deg:.0f}°)')
    if vague:
        yield Flag(
            'uncertain', f'Known to no better than ±{UNCERTAIN_DEG:.0f}°: {"; ".join(vague)}.'
        )
    confidence = float(np.nanmean(person.confidence[seen]))
    if confidence < _LOW_CONFIDENCE:
        yield Flag(
            'uncertain', f'The mean confidence that the main joints are right is {confidence:.2f}.'
        )


def _camera(run: RunFolder) -> Iterator[Flag]:
    if not run.camera.is_calibrated:
        yield Flag(
            'camera',
            'The camera is a guess: distances, and angles a little, depend on it. '
            'Give --intrinsics or --focal.',
        )
