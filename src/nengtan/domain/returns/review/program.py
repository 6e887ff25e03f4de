"""A program: operations over columns in order, each done once however many rules ask for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from nengtan.domain.returns.review.operations import NUMBERS, TRUTHS, Array

__all__ = ["Block", "Program", "Ref"]

Data = tuple[str | float, ...]


class Block(Protocol):
    """Rows a program runs over."""

    def column(self, view: str, name: str) -> Array:
        """The numbers of a column; one NaN where there is no such column."""
        ...

    def is_of_class(self, prefixes: tuple[str, ...]) -> Array:
        """Whether the institution's class begins with one of these, as truths."""
        ...

    def is_of_system(self, systems: tuple[str, ...]) -> Array:
        """Whether the institution belongs to one of these systems, as truths."""
        ...


@dataclass(frozen=True, slots=True)
class Ref:
    """Where the outcome of an operation stands, and what it is."""

    at: int
    is_truth: bool


@dataclass(frozen=True, slots=True)
class _Step:
    operation: str
    arguments: tuple[int, ...]
    data: Data


@dataclass
class Program:
    """Operations to run; equal ones are kept once. ``outputs`` are the outcomes that are asked for."""

    outputs: list[Ref] = field(default_factory=list)
    _steps: list[_Step] = field(default_factory=list)
    _known: dict[_Step, int] = field(default_factory=dict)
    _last_use: list[list[int]] = field(default_factory=list)
    _planned: tuple[int, int] = (0, 0)

    def put(self, operation: str, *arguments: Ref, data: Data = ()) -> Ref:
        """Add an operation unless it is there."""
        step = _Step(operation, tuple(argument.at for argument in arguments), data)
        at = self._known.setdefault(step, len(self._steps))
        if at == len(self._steps):
            self._steps.append(step)
        return Ref(at, operation in TRUTHS or operation in ("class", "system"))

    def number(self, value: float) -> Ref:
        """A constant."""
        return self.put("number", data=(float(value),))

    def run(self, block: Block) -> list[Array]:
        """The outputs over the rows of a block, each as long as the block or of length one."""
        if self._planned != (len(self._steps), len(self.outputs)):
            self._last_use = self._forget_after()
            self._planned = (len(self._steps), len(self.outputs))
        held: dict[int, Array] = {}
        with np.errstate(all="ignore"):
            for at, step in enumerate(self._steps):
                held[at] = _do(step, held, block)
                for done in self._last_use[at]:
                    del held[done]
        return [held[output.at] for output in self.outputs]

    def __len__(self) -> int:
        return len(self._steps)

    def columns(self) -> Iterator[tuple[str, str]]:
        """Which columns it reads, as view and name."""
        for step in self._steps:
            if step.operation == "column":
                yield str(step.data[0]), str(step.data[1])

    def reads(self, output: Ref) -> frozenset[tuple[str, str]]:
        """The columns one output is worked out from."""
        found, left, seen = set[tuple[str, str]](), [output.at], set[int]()
        while left:
            at = left.pop()
            if at not in seen:
                seen.add(at)
                step = self._steps[at]
                left.extend(step.arguments)
                if step.operation == "column":
                    found.add((str(step.data[0]), str(step.data[1])))
        return frozenset(found)

    def _forget_after(self) -> list[list[int]]:
        """For each step the outcomes nobody needs after it, so that a block stays in the processor's cache."""
        wanted = {output.at for output in self.outputs}
        last = {at: at for at in range(len(self._steps))}
        for at, step in enumerate(self._steps):
            last.update(dict.fromkeys(step.arguments, at))
        found: list[list[int]] = [[] for _ in self._steps]
        for at, until in last.items():
            if at not in wanted:
                found[until].append(at)
        return found


def _do(step: _Step, held: dict[int, Array], block: Block) -> Array:
    if step.operation == "column":
        return block.column(str(step.data[0]), str(step.data[1]))
    if step.operation == "number":
        return np.array([step.data[0]], dtype=np.float64)
    if step.operation == "class":
        return block.is_of_class(tuple(map(str, step.data)))
    if step.operation == "system":
        return block.is_of_system(tuple(map(str, step.data)))
    work = NUMBERS.get(step.operation) or TRUTHS[step.operation]
    return work(*[held[argument] for argument in step.arguments])
