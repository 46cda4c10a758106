"""
One training session: check, measure speed, train the decoder, fine-tune the encoder, report.

Started again with the same folder it goes on. What is worth taking home lies in the folder of
results, in files under 16 MiB, renewed at each validation.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from biopose_ros.mesh_recovery.config import MeshRecoveryConfig
from biopose_ros.mesh_recovery.crop_encoder import encoder_file
from biopose_ros.mesh_recovery.encoders import build_encoder
from biopose_ros.mesh_recovery.mesh_file import (
    default_weights,
    load_mesh_recovery,
    save_mesh_recovery,
)
from biopose_ros.mesh_recovery.network import MeshRecovery
from biopose_ros.training.device import training_device
from biopose_ros.training.mesh.data import MeshData
from biopose_ros.training.mesh.fine_tuning import DrawnImages, encoder_training, save_pair
from biopose_ros.training.mesh.map_store import StoreConfig, fill_store, streamed_store
from biopose_ros.training.mesh.training import MeshTraining, trained_network
from biopose_ros.training.session.bring import ENCODER, read_pictures
from biopose_ros.training.session.check import check_machine
from biopose_ros.training.session.stages import stage_times_ms
from biopose_ros.training.synthesis.generator import CHUNK
from biopose_ros.training.synthesis.setup import SynthesisConfig, save_pools
from biopose_ros.training.timed import LogLine, TimedConfig, TimedTraining

LARGEST_BYTES = 15 * 2**20  # of a file to take home
# Shares of the session's minutes; the rest is for the check, speed, and the first images.
_DECODER_SHARE, _ENCODER_SHARE = 0.5, 0.3
_RATE = 3e-4  # small steps: both networks are trained already
_USES = 6.0  # of each image, in the mean
_TUNED_STEPS = 60  # of the encoder's 260, the last ones


@dataclass(frozen=True)
class Sizes:
    """
    What fits the machine.

    :param workers: processes that draw.
    :param activities: synthesised clips to draw from.
    :param chunks: of 16 images, kept to learn from.
    :param first_chunks: learning begins with these.
    :param held_out_chunks: to check with.
    :param batch_chunks: of 16 images, in a batch.
    :param speed_s: seconds that each stage is measured.
    """

    workers: int
    activities: int
    chunks: int
    first_chunks: int
    held_out_chunks: int
    batch_chunks: int
    speed_s: float

    @staticmethod
    def of_machine() -> Sizes:
        """Choose by the number of cores and by whether there is a GPU."""
        cores = len(os.sched_getaffinity(0))
        on_gpu = training_device().type == 'cuda'
        return Sizes(
            workers=max(cores - 1, 1),
            activities=min(20 * cores, 300),
            chunks=min(50 * cores, 800),
            first_chunks=min(2 * cores, 64),
            held_out_chunks=min(4 * cores, 96),
            batch_chunks=6 if on_gpu else 2,
            speed_s=2.0 if on_gpu else 0.3,
        )


@dataclass(frozen=True)
class SessionPlan:
    """
    A session.

    :param folder: for stores and checkpoints; a session that was stopped goes on in it.
    :param results: for what is to be taken home.
    :param minutes: of the whole session, all calls together.
    :param call_minutes: after which this call ends, with a checkpoint.
    :param motion: folder of recorded motion; None for none.
    :param pictures: folder of pictures of real persons; None for none.
    :param start: decoder to begin with; None for the one that ships.
    :param seed: of images and weights.
    """

    folder: Path
    results: Path
    minutes: float
    call_minutes: float
    motion: Path | None = None
    pictures: Path | None = None
    start: Path | None = None
    seed: int = 0


class Session:
    """
    Runs a session.

    :param plan: what to do.
    :param sizes: how much of it at once.
    :param tell: called with each line for the user.
    """

    def __init__(self, plan: SessionPlan, sizes: Sizes, tell: Callable[[str], None]) -> None:
        self.plan, self.sizes, self._tell = plan, sizes, tell
        self._end_s = time.perf_counter() + 60 * plan.call_minutes
        self._report_file = plan.results / 'session.json'
        self.report: dict[str, Any] = {}

    def run(self) -> None:
        """
        Do all of it, or go on with it.

        :raises SessionError: when the machine lacks something.
        """
        plan = self.plan
        plan.results.mkdir(parents=True, exist_ok=True)
        if self._report_file.exists():
            self.report = json.loads(self._report_file.read_text())
        stages = check_machine(plan.folder, plan.motion, self.sizes.chunks, ENCODER, self._tell)
        if 'stages_ms' not in self.report:
            times = stage_times_ms(stages, self.sizes.speed_s)
            self._note('stages_ms', times)
        for name, by_count in self.report['stages_ms'].items():
            cells = ', '.join(f'{count} persons {ms:.1f} ms' for count, ms in by_count.items())
            self._tell(f'{name}: {cells}')
        del stages  # their room on the GPU
        self._make_motion_ready()
        start = load_mesh_recovery(plan.start or default_weights(ENCODER))[0]
        self._train_decoder(start)
        if time.perf_counter() < self._end_s:
            self._tune_encoder(trained_network(self._folder('decoder'), _network()))
        self._summarise()

    def _folder(self, name: str) -> Path:
        return self.plan.folder / name

    def _make_motion_ready(self) -> None:
        began = time.perf_counter()
        given = SynthesisConfig(
            motion_folder=self.plan.motion, synthetic_clips=self.sizes.activities
        )
        save_pools(self._folder('motion'), given)
        self._tell(f'motion is ready after {time.perf_counter() - began:.0f} s')

    def _timed(self, share: float) -> TimedConfig:
        minutes = share * self.plan.minutes
        check_s = min(120.0, 60 * minutes / 4)
        return TimedConfig(minutes, _RATE, check_s=check_s, seed=self.plan.seed)

    def _train_decoder(self, start: MeshRecovery) -> None:
        plan, sizes = self.plan, self.sizes
        drawn = {
            split: SynthesisConfig(split, plan.seed, self._folder('motion'), sizes.activities)
            for split in ('train', 'validation')
        }
        held_out = fill_store(
            self._folder('validation'),
            StoreConfig(drawn['validation'], ENCODER, sizes.held_out_chunks),
            sizes.workers,
        )
        config = StoreConfig(drawn['train'], ENCODER, sizes.chunks)
        first = sizes.first_chunks
        with streamed_store(self._folder('train'), config, first, sizes.workers) as store:
            training = MeshTraining(
                MeshData(store),
                MeshData(held_out),
                self._folder('decoder'),
                _network(),
                self._timed(_DECODER_SHARE),
                sizes.batch_chunks * CHUNK,
                start=start,
                uses=_USES,
            )
            output = plan.results / f'mesh_recovery_{ENCODER}.safetensors'

            def save() -> dict[str, Any]:
                save_mesh_recovery(output, trained_network(training.folder, _network()))
                return {'images': training.data.drawn}

            self._run('decoder', training, save)

    def _tune_encoder(self, start: MeshRecovery) -> None:
        plan, sizes = self.plan, self.sizes
        pictures = read_pictures(plan.pictures) if plan.pictures else None
        if pictures is None:
            self._tell('no pictures of real persons: the encoder may forget photographs')
        drawn = DrawnImages(
            self._folder('motion'),
            sizes.activities,
            ENCODER,
            sizes.workers,
            sizes.batch_chunks,
            sizes.held_out_chunks,
        )
        vision = build_encoder(ENCODER, _TUNED_STEPS)
        training = encoder_training(
            vision,
            _network(),
            start,
            pictures,
            drawn,
            self._folder('encoder'),
            self._timed(_ENCODER_SHARE),
        )
        output = plan.results / f'tuned_{ENCODER}.safetensors'

        def save() -> dict[str, Any]:
            save_pair(output, training)
            in_parts(encoder_file(output))
            return {'images': training.step * sizes.batch_chunks * CHUNK}

        self._run('encoder', training, save)

    def _run(self, name: str, training: TimedTraining, save: Callable[[], dict[str, Any]]) -> None:
        """Train until the plan's or the call's end; renew the results at each validation."""

        def report(line: LogLine) -> None:
            done = save()
            self._note(
                name,
                {
                    'steps': line.step,
                    'seconds': line.elapsed_s,
                    **done,
                    'images_per_s': done['images'] / max(line.elapsed_s, 1e-9),
                    'losses': line.losses,
                    'first': training.log[0].validation,
                    'last': line.validation,
                },
            )
            self._tell(f'{name}, {done["images"]} images, {line.text()}')

        self._tell(f'{name}: step {training.step}, {training.elapsed_s:.0f} s done before')
        training.run(report, self._end_s)

    def _note(self, name: str, value: Any) -> None:
        self.report[name] = value
        self.report['device'] = _device()
        text = json.dumps(self.report, indent=2)
        self.report = json.loads(text)  # numbers of persons are keys, and become texts
        self._report_file.write_text(text + '\n')

    def _summarise(self) -> None:
        for name in ('decoder', 'encoder'):
            done = self.report.get(name)
            if done is None:
                self._tell(f'{name}: not reached; start the same command again')
                continue
            losses = ', '.join(f'{key} {value:.3g}' for key, value in done['losses'].items())
            self._tell(
                f'{name}: {done["steps"]} steps, {done["images"]} images, '
                f'{done["images_per_s"]:.0f} images/s; losses {losses}'
            )
        for path in sorted(self.plan.results.iterdir()):
            self._tell(f'{path}: {path.stat().st_size / 2**20:.1f} MiB')


def in_parts(path: Path) -> None:
    """
    Split a file that is too large to take home; ``cat PATH.part* > PATH`` joins it.

    :param path: replaced by its parts.
    """
    content = path.read_bytes()
    for number, begin in enumerate(range(0, len(content), LARGEST_BYTES), start=1):
        part = path.with_name(f'{path.name}.part{number}')
        part.write_bytes(content[begin : begin + LARGEST_BYTES])
    path.unlink()


def _network() -> MeshRecoveryConfig:
    return MeshRecoveryConfig(encoder=ENCODER)


def _device() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else 'cpu'
