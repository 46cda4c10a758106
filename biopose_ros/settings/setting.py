"""What a setting is, and how records of settings are listed, checked and built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

Value = bool | int | float | str
Record = TypeVar('Record')

_SETTING, _NESTED = 'setting', 'nested'


@dataclass(frozen=True)
class Setting:
    """
    One setting.

    :param name: of the node's parameter.
    :param option: of the command line.
    :param default: as a parameter has it: never None, see ``unset``.
    :param description: one sentence or two, with the unit.
    :param bounds: smallest and largest value of a number; None for others.
    :param choices: allowed values; empty for any.
    :param pattern: regular expression of allowed texts; empty for any.
    :param unset: the parameter's value that stands for None, since parameters know no None.
    :param section: heading under which it is shown.
    :param is_dynamic: may change at any time; others only while the node is unconfigured.
    :param is_read_only: fixed when the node starts.
    :param is_path: the text names a file or folder.
    """

    name: str
    option: str
    default: Value
    description: str
    bounds: tuple[float, float] | None
    choices: tuple[str | int, ...]
    pattern: str
    unset: Value | None
    section: str
    is_dynamic: bool
    is_read_only: bool
    is_path: bool

    @property
    def kind(self) -> type:
        """bool, int, float or str."""
        return type(self.default)

    @property
    def range_text(self) -> str:
        """What values are allowed, in words; empty for any."""
        if self.choices:
            return ', '.join(str(choice) or "''" for choice in self.choices)
        if self.bounds is None:
            return ''
        low, high = (f'{bound:.4g}' for bound in self.bounds)
        none = f', or {self.unset:g}' if isinstance(self.unset, int | float) else ''
        return f'{low} to {high}{none}'

    def check(self, value: object) -> None:
        """
        Refuse what is not allowed.

        :param value: as the record has it; None is allowed where ``unset`` stands for it.
        :raises ValueError: names the setting, the value and what is allowed.
        """
        if value is None and self.unset is not None:
            return
        if self.choices and value not in self.choices:
            raise ValueError(f'{self.name} must be one of {self.range_text}; got {value!r}')
        if self.pattern and not re.fullmatch(self.pattern, str(value)):
            raise ValueError(f'{self.name}={value!r} is not allowed: {self.description}')
        if self.bounds is not None:
            low, high = self.bounds
            # Written so that NaN is refused, too.
            if not (isinstance(value, int | float) and low <= value <= high):
                raise ValueError(f'{self.name} must lie from {self.range_text}; got {value!r}')

    def from_parameter(self, value: Value) -> Any:
        """Give what the record holds for a parameter's value."""
        if self.unset is not None and value == self.unset:
            return None
        return Path(str(value)) if self.is_path else value

    def to_parameter(self, value: Any) -> Value:
        """Give the parameter's value for what the record holds."""
        if value is None:
            assert self.unset is not None
            return self.unset
        return str(value) if self.is_path else value


def setting(
    default: Any,
    description: str,
    *,
    bounds: tuple[float, float] | None = None,
    choices: tuple[str | int, ...] = (),
    pattern: str = '',
    unset: Value | None = None,
    name: str = '',
    option: str = '',
    section: str = '',
    is_dynamic: bool = False,
    is_read_only: bool = False,
    is_path: bool = False,
) -> Any:
    """
    Declare a field of a record as a setting; see :class:`Setting`.

    :param default: of the field; None where ``unset`` stands for it.
    :param name: where the parameter is called otherwise than the field.
    :param option: where the option is called otherwise than the parameter.
    :param section: starts a new heading; empty goes on under the last one.
    """
    declared = Setting(
        name=name,
        option=option,
        default=unset if default is None and unset is not None else default,
        description=description,
        bounds=bounds,
        choices=choices,
        pattern=pattern,
        unset=unset,
        section=section,
        is_dynamic=is_dynamic,
        is_read_only=is_read_only,
        is_path=is_path,
    )
    return field(default=default, metadata={_SETTING: declared})


def nested(record: type, **defaults: Value) -> Any:
    """
    Declare a field that holds another record of settings.

    :param record: its type.
    :param defaults: by the settings' names, in place of the record's own.
    """
    return field(
        default_factory=lambda: build(record, defaults), metadata={_NESTED: (record, defaults)}
    )


def settings_of(record: type) -> tuple[Setting, ...]:
    """
    List the settings of a record and of those that it holds, in order.

    :param record: a type with :func:`setting` fields.
    """
    found: list[Setting] = []
    for declared in _declared(record):
        section = declared.section or (found[-1].section if found else '')
        found.append(replace(declared, section=section))
    return tuple(found)


def check_settings(record: object) -> None:
    """
    Refuse a record with a value that is not allowed; for its ``__post_init__``.

    :raises ValueError: names the setting, the value and what is allowed.
    """
    for item in fields(record):  # type: ignore[arg-type]
        if _SETTING in item.metadata:
            _named(item).check(getattr(record, item.name))


def build(record: type[Record], values: Mapping[str, Value]) -> Record:
    """
    Make a record from parameters.

    :param record: its type.
    :param values: by the settings' names; those that are not given keep their defaults.
    :raises ValueError: where a value is not allowed.
    """
    given: dict[str, Any] = {}
    for item in fields(record):  # type: ignore[arg-type]
        if _NESTED in item.metadata:
            inner, defaults = item.metadata[_NESTED]
            given[item.name] = build(inner, {**defaults, **values})
        elif _SETTING in item.metadata:
            declared = _named(item)
            if declared.name in values:
                given[item.name] = declared.from_parameter(values[declared.name])
    return record(**given)


def values_of(record: object) -> dict[str, Value]:
    """Give the values of all settings of a record, by name, as parameters have them."""
    values: dict[str, Value] = {}
    for item in fields(record):  # type: ignore[arg-type]
        value = getattr(record, item.name)
        if _NESTED in item.metadata:
            values |= values_of(value)
        elif _SETTING in item.metadata:
            declared = _named(item)
            values[declared.name] = declared.to_parameter(value)
    return values


def _declared(record: type) -> list[Setting]:
    found: list[Setting] = []
    for item in fields(record):
        if _NESTED in item.metadata:
            inner, defaults = item.metadata[_NESTED]
            found += [
                replace(declared, default=defaults.get(declared.name, declared.default))
                for declared in _declared(inner)
            ]
        elif _SETTING in item.metadata:
            found.append(_named(item))
    return found


def _named(item: Any) -> Setting:
    assert item.default is not MISSING
    declared: Setting = item.metadata[_SETTING]
    name = declared.name or item.name
    option = declared.option or '--' + name.replace('_', '-')
    return replace(declared, name=name, option=option)
