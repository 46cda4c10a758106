"""What each step was made from, kept beside its result; so it is known what is current."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from biopose_ros import __version__
from biopose_ros.pretrained.published_package import file_sha256
from biopose_ros.resources import resource_path
from biopose_ros.training.rebuild.steps import Step


@dataclass(frozen=True)
class Record:
    """
    One step's record in a rebuild.

    :param out: folder of the rebuild.
    :param step: which.
    """

    out: Path
    step: Step

    @property
    def path(self) -> Path:
        """Where it is kept."""
        return self.out / 'steps' / f'{self.step.name}.json'

    def is_current(self) -> bool:
        """Tell whether the step ended well with these options and inputs, unchanged since."""
        kept = self._kept()
        made = [self.out / name for name in self.step.made]
        if kept.get('inputs') != self.inputs() or not all(path.exists() for path in made):
            return False
        return bool(kept.get('outputs') == _digests(made, self.out))

    def begin(self) -> None:
        """
        Note what the step starts from.

        What an interrupted run left behind stays, to go on from, where that started from the same.
        """
        inputs = self.inputs()
        if self._kept() != {'inputs': inputs}:
            shutil.rmtree(self.out / 'work' / self.step.name, ignore_errors=True)
            self._write({'inputs': inputs})

    def end(self, seconds: float) -> None:
        """
        Note what came out.

        :param seconds: that it took; of the last run only, where it was interrupted.
        """
        made = [self.out / name for name in self.step.made]
        outputs = _digests(made, self.out)
        self._write({'inputs': self.inputs(), 'outputs': outputs, 'seconds': round(seconds)})

    def inputs(self) -> dict[str, object]:
        """Give all that the result depends on, but the machine."""
        needed = {name: file_sha256(found_in(self.out, name)) for name in self.step.needed}
        command = [word.replace(str(self.out), 'OUT') for word in self.step.command]
        data = _digests(self.step.data, self.out)
        return {'version': __version__, 'command': command, 'files': needed, 'data': data}

    def _kept(self) -> dict[str, object]:
        return dict(json.loads(self.path.read_text())) if self.path.exists() else {}

    def _write(self, values: dict[str, object]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix('.part')
        part.write_text(json.dumps(values, indent=2) + '\n')
        part.replace(self.path)


def found_in(out: Path, name: str) -> Path:
    """
    Find a shipped file as the steps of a rebuild see it: theirs, else the one that ships.

    :param out: folder of the rebuild.
    :param name: relative, for example ``weights/body.safetensors``.
    """
    own = out / name
    return own if own.exists() else resource_path(name)


def _digests(paths: Iterable[Path], out: Path) -> dict[str, str]:
    """Give the SHA-256 of files and of all files of folders; what is not there has none."""
    files: list[Path] = []
    for path in paths:
        files += sorted(p for p in path.rglob('*') if p.is_file()) if path.is_dir() else [path]
    return {
        str(file.relative_to(out) if file.is_relative_to(out) else file): file_sha256(file)
        for file in files
        if file.exists()
    }
