"""The commands that make the shipped files, in their order, with what each takes and gives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

# Shipped files, as `resource_path` names them.
BODY, CARD = 'weights/body.safetensors', 'weights/BODY.md'
SKELETON, MARKERS = 'config/skeleton/biopose.osim', 'config/markers/biopose.yaml'
SITES, CERTAINTY = 'config/skeleton/virtual_markers.yaml', 'config/certainty.json'
DETECTOR, NEURIK = 'weights/person_detector.safetensors', 'weights/neurik.safetensors'
HEAVY, FULL = (f'weights/mesh_recovery_{encoder}.safetensors' for encoder in ('heavy', 'full'))

SURVEY, MOTION, VIEWS = 'reference/ansur2_segments.csv', 'motion', 'real/pose2sim_blender'
APPEARANCE = 'weights/appearance_{}.safetensors'
EVIDENCE = 'work/evidence/validation'  # folder of shards; the file ends in .npz
MESH_ERRORS = 'work/mesh_errors.npz'
_LABELS = (BODY, MARKERS, SKELETON, SITES)  # what labels and poses depend on
# Detector and appearance learn from these without labels; the clip's other views stay unseen.
VIDEOS = (
    'real/pose2sim_blender/cam01.mp4',
    'real/pose2sim_blender/cam02.mp4',
    'real/sports2d/demo.mp4',
)


@dataclass(frozen=True)
class Sizes:
    """
    How much every step draws and learns; the defaults are those for files that ship.

    :param people: of the survey, per sex, for the body.
    :param activities: synthesised, for each training.
    :param detector_chunks: of 16 windows.
    :param detector_minutes: of training.
    :param appearance_scenes: of a person, a robot and mannequins, for each encoder.
    :param images: that mesh recovery keeps to learn from.
    :param heavy_minutes: of training mesh recovery for the encoder ``heavy``.
    :param full_minutes: and for ``full``.
    :param evidence_frames: rendered to calibrate NeurIK with.
    :param evidence_encoder: that looks at them.
    :param neurik_minutes: of training.
    :param certainty_sequences: rendered to learn confidence from.
    :param with_recordings: whether recorded motion serves, too.
    :param workers: processes that render evidence.
    :param videos: real ones that detector and appearance learn from, too, where they are there.
    """

    people: int = 400
    activities: int = 300
    detector_chunks: int = 640
    detector_minutes: float = 40.0
    appearance_scenes: int = 2000
    images: int = 12800
    heavy_minutes: float = 150.0
    full_minutes: float = 60.0
    evidence_frames: int = 3000
    evidence_encoder: str = 'heavy'
    neurik_minutes: float = 110.0
    certainty_sequences: int = 48
    with_recordings: bool = True
    videos: tuple[str, ...] = VIDEOS
    workers: int = 2


TINY = Sizes(
    people=40,
    activities=20,
    detector_chunks=2,
    detector_minutes=0.03,
    appearance_scenes=12,
    images=32,
    heavy_minutes=0.03,
    full_minutes=0.03,
    evidence_frames=40,
    evidence_encoder='full',
    neurik_minutes=0.05,
    certainty_sequences=2,
    with_recordings=False,
    videos=(),
    workers=1,
)


@dataclass(frozen=True)
class Step:
    """
    One command of ``biopose``.

    :param name: as ``--keep`` takes it.
    :param command: arguments of ``biopose``.
    :param made: files that it writes, relative to the folder of the rebuild; shipped ones by the
        names that they have in the package.
    :param needed: shipped files that it reads, this rebuild's where it has made them.
    :param data: files and folders of data that it reads.
    """

    name: str
    command: tuple[str, ...]
    made: tuple[str, ...]
    needed: tuple[str, ...]
    data: tuple[Path, ...]


def all_steps(
    out: Path, data: Path | None, sizes: Sizes, seed: int = 0, kept: Collection[str] = ()
) -> list[Step]:
    """
    List the steps.

    :param out: folder of the rebuild.
    :param data: as ``biopose data fetch`` leaves it; None for synthesised activities alone.
    :param sizes: of all steps.
    :param seed: of everything random.
    :param kept: names of steps that are left out; the files that ship serve in place of theirs.
    :raises ValueError: for a name that no step has.
    """
    place = _Place(out, data or Path(), sizes, seed, data is not None)
    steps = [
        _body(place),
        Step(
            'marker-sites',
            _words('build', 'marker-sites', '--out', out / SITES),
            (SITES,), (BODY, MARKERS, SKELETON), (),
        ),
        _detector(place),
        _appearance(place, 'heavy'),
        _appearance(place, 'full'),
        _mesh(place, 'mesh-heavy', 'heavy', HEAVY, sizes.heavy_minutes, ()),
        _mesh(
            place, 'mesh-full', 'full', FULL, sizes.full_minutes,
            () if 'mesh-heavy' in kept else ('--start', out / HEAVY),
        ),
        # Its maps are those that the training drew to check with.
        *(() if 'mesh-heavy' in kept else (_mesh_errors(place),)),
        _evidence(place),
        _neurik(
            place,
            is_calibrated='evidence' not in kept,
            knows_errors=not {'mesh-heavy', 'mesh-errors'} & set(kept),
        ),
        _certainty(place),
    ]  # fmt: skip
    names = [step.name for step in steps]
    for name in kept:
        if name not in names:
            raise ValueError(f'unknown step {name!r}; there are: {", ".join(names)}')
    return [step for step in steps if step.name not in kept]


@dataclass(frozen=True)
class _Place:
    """Where a rebuild lies, what it reads, and how large it is."""

    out: Path
    data: Path
    sizes: Sizes
    seed: int
    has_data: bool

    @property
    def motion(self) -> tuple[Path, ...]:
        return (self.data / MOTION,) if self.has_data and self.sizes.with_recordings else ()

    @property
    def moving(self) -> tuple[object, ...]:
        return ('--motion', *self.motion) if self.motion else ()

    @property
    def videos(self) -> tuple[Path, ...]:
        paths = (self.data / name for name in self.sizes.videos)
        return tuple(path for path in paths if path.exists())

    @property
    def watching(self) -> tuple[object, ...]:
        return tuple(word for video in self.videos for word in ('--video', video))

    @property
    def learning(self) -> tuple[object, ...]:
        return ('--activities', self.sizes.activities, '--seed', self.seed)

    def work(self, name: str) -> Path:
        return self.out / 'work' / name


def _words(*command: object) -> tuple[str, ...]:
    return tuple(map(str, command))


def _body(place: _Place) -> Step:
    survey = place.data / SURVEY
    command = _words(
        'build', 'body', '--survey', survey, '--out', place.out / 'weights',
        '--people', place.sizes.people, '--seed', place.seed,
    )  # fmt: skip
    return Step('body', command, (BODY, CARD), (MARKERS,), (survey,))


def _detector(place: _Place) -> Step:
    sizes = place.sizes
    command = _words(
        'train', 'detector', place.out / DETECTOR, *place.moving, *place.watching,
        '--folder', place.work('detector'), '--minutes', sizes.detector_minutes,
        '--chunks', sizes.detector_chunks, *place.learning,
    )  # fmt: skip
    data = (*place.motion, *place.videos)
    return Step('detector', command, (DETECTOR,), (BODY, MARKERS), data)


def _appearance(place: _Place, encoder: str) -> Step:
    made = APPEARANCE.format(encoder)
    command = _words(
        'train', 'appearance', place.out / made, '--encoder', encoder, *place.moving,
        *place.watching, '--scenes', place.sizes.appearance_scenes, *place.learning,
    )  # fmt: skip
    data = (*place.motion, *place.videos)
    return Step(f'appearance-{encoder}', command, (made,), (BODY, MARKERS, DETECTOR), data)


def _mesh(
    place: _Place, name: str, encoder: str, made: str, minutes: float, start: Sequence[object]
) -> Step:
    command = _words(
        'train', 'mesh', place.out / made, *place.moving, '--encoder', encoder,
        '--folder', place.work(name), '--images', place.sizes.images, '--minutes', minutes,
        *start, *place.learning,
    )  # fmt: skip
    needed = (BODY, MARKERS, *((HEAVY,) if start else ()))
    return Step(name, command, (made,), needed, place.motion)


def _mesh_errors(place: _Place) -> Step:
    maps = place.work('mesh-heavy') / 'validation_heavy'
    command = _words(
        'build', 'mesh-errors', place.out / MESH_ERRORS, '--maps', maps,
        '--weights', place.out / HEAVY,
    )  # fmt: skip
    return Step('mesh-errors', command, (MESH_ERRORS,), (BODY, MARKERS, HEAVY), ())


def _evidence(place: _Place) -> Step:
    command = _words(
        'build', 'evidence', place.out / EVIDENCE, '--split', 'validation',
        '--frames', place.sizes.evidence_frames, '--encoder', place.sizes.evidence_encoder,
        '--workers', place.sizes.workers, *place.moving,
    )  # fmt: skip
    needed = (*_LABELS, HEAVY, FULL)
    return Step('evidence', command, (f'{EVIDENCE}.npz',), needed, place.motion)


def _neurik(place: _Place, is_calibrated: bool, knows_errors: bool) -> Step:
    evidence = (place.out / f'{EVIDENCE}.npz',) if is_calibrated else ()
    errors = (place.out / MESH_ERRORS,) if knows_errors else ()
    command = _words(
        'train', 'neurik', place.out / NEURIK, *place.moving, '--folder', place.work('neurik'),
        '--minutes', place.sizes.neurik_minutes, *place.learning,
        *(('--mesh-errors', *errors) if errors else ()),
        *(('--calibrate', *evidence) if evidence else ()),
    )  # fmt: skip
    return Step('neurik', command, (NEURIK,), _LABELS, (*place.motion, *errors, *evidence))


def _certainty(place: _Place) -> Step:
    command = _words(
        'build', 'certainty', place.work('certainty'), '--out', place.out / CERTAINTY,
        '--data', (place.data / VIEWS).parent, *place.moving,
        '--sequences', place.sizes.certainty_sequences,
    )  # fmt: skip
    needed, data = (*_LABELS, DETECTOR, HEAVY, FULL, NEURIK), (*place.motion, place.data / VIEWS)
    return Step('certainty', command, (CERTAINTY,), needed, data)
