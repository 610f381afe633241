"""The shapes of one kind of profile, in the order in which they are tried, and what came of each."""

from collections.abc import Iterable
from typing import Any

from .profiles import ProfileShape

STRIKES = 3
"""A shape that has worked before is left for good only after it was refused this often in a row; a TxProfile, for one,
is refused whenever the transaction has just ended. The same goes for one that was seen to be followed: the car may be
to blame."""


class Rungs:
    """How far down we are, and which shapes were refused, accepted, followed and ignored."""

    def __init__(self) -> None:
        """Begin at the top of nothing."""
        self.shapes: tuple[ProfileShape, ...] = ()
        self._at = 0
        self._settled: ProfileShape | None = None
        self._wished: ProfileShape | None = None
        """Where to begin as soon as the station turns out to be one that may take it."""
        self._refused: set[ProfileShape] = set()
        self._ignored: list[ProfileShape] = []
        """Accepted, and not followed."""
        self._followed: list[ProfileShape] = []
        """Accepted, and seen by measurement to be followed."""
        self._strikes = 0
        self._doubts = 0
        self._fruitless = False

    @property
    def current(self) -> ProfileShape:
        """The shape to use now."""
        return self.shapes[self._at]

    @property
    def settled(self) -> ProfileShape | None:
        """The shape that has been accepted; None while nothing was."""
        return self._settled

    @property
    def followed(self) -> bool:
        """Whether the shape in use was seen to be followed."""
        return self._settled is not None and self._settled in self._followed

    def arrange(self, shapes: tuple[ProfileShape, ...]) -> None:
        """Take new shapes; one that has been accepted stays in use if it is among them."""
        if shapes == self.shapes:
            return
        self.shapes = shapes
        self._refused.clear()
        if self._settled not in shapes:
            self._settled, self._strikes = None, 0
            if self._wished in shapes:
                self._settled = self._wished
        self._at = self._home

    def settle(self, shape: ProfileShape) -> None:
        """Begin with a shape that was accepted some other time."""
        self._wished = shape
        if shape in self.shapes:
            self._settled, self._strikes = shape, 0
            self._at = self._home

    def accepted(self) -> None:
        """The current shape was accepted."""
        self._fruitless = False
        self._refused.discard(self.current)
        if self.current == self._settled:
            self._strikes = 0
        elif self._settled is not None and self._strikes < STRIKES:
            self._at = self._home
        else:
            self._settled, self._strikes, self._doubts = self.current, 0, 0

    def refused(self) -> bool:
        """The current shape was refused: go to the next, or back to the start and return False where there is none.

        A station that has refused everything once is asked with one shape per command from then on: what it refuses
        may be the moment and not the shape, and profiles wear out the memory of some.
        """
        if self.current == self._settled:
            self._strikes += 1
        else:
            self._refused.add(self.current)
        following = self._following()
        if following is not None:
            self._at = following
            return not self._fruitless
        self._at = self._top if self._fruitless else self._home
        self._fruitless = True
        return False

    def ignored(self) -> bool:
        """The accepted shape is not followed: go to another one; returns whether there is another to go to.

        Shapes that differ in what is likely to matter come first: a station that takes no notice of a TxProfile on one
        level does not on another either. Where all have failed, the one with the best record stays.
        """
        shape = self._settled
        if shape is None:
            # Another one is being tried already.
            return True
        if shape in self._followed:
            self._doubts += 1
            if self._doubts < STRIKES:
                return False
        if shape not in self._ignored:
            self._ignored.append(shape)
        self._strikes = self._doubts = 0
        left = [other for other in self.shapes if other not in self._ignored and other not in self._refused]
        if not left:
            self._settled = self._best
            self._at = self._home
            return False
        families = {_family(other) for other in self._ignored}
        fresh = [other for other in left if _family(other) not in families]
        self._settled = self._wished = None
        if self.current not in left:
            self._at = self.shapes.index((fresh or left)[0])
        return True

    def confirmed(self) -> None:
        """The accepted shape was seen to be followed."""
        shape = self._settled
        if shape is None:
            return
        self._doubts = 0
        if shape in self._ignored:
            self._ignored.remove(shape)
        if shape not in self._followed:
            self._followed.append(shape)

    def record(self) -> dict[str, Any]:
        """Return what was seen of shapes, as JSON can hold it."""
        return {
            "settled": shape_to_dict(self._settled),
            "ignored": [shape_to_dict(shape) for shape in self._ignored],
            "followed": [shape_to_dict(shape) for shape in self._followed],
        }

    def recall(self, settled: object, ignored: object, followed: object, known: Iterable[ProfileShape]) -> None:
        """Take back what `record` told; `known`: every shape that it may speak of."""
        shapes = {tuple((shape_to_dict(shape) or {}).values()): shape for shape in known}
        for told, kept in ((ignored, self._ignored), (followed, self._followed)):
            kept[:] = [shape for one in told if (shape := _found(one, shapes))] if isinstance(told, list) else []
        if (shape := _found(settled, shapes)) is not None:
            self.settle(shape)
        else:
            self._at = self._home

    @property
    def _best(self) -> ProfileShape:
        """The shape to stay with where all of them have failed."""
        for shape in (*reversed(self._followed), *self._ignored):
            if shape in self.shapes:
                return shape
        return self.shapes[0]

    @property
    def _top(self) -> int:
        """The first shape that is not known to be ignored."""
        for at, shape in enumerate(self.shapes):
            if shape not in self._ignored:
                return at
        return self.shapes.index(self._best)

    @property
    def _home(self) -> int:
        return self.shapes.index(self._settled) if self._settled is not None else self._top

    def _following(self) -> int | None:
        """The next shape to try: further down, or else what was jumped over, or else what was accepted at least."""
        for at in range(self._at + 1, len(self.shapes)):
            if self.shapes[at] not in self._ignored:
                return at
        here = [shape for shape in self._ignored if shape in self.shapes]
        if not here or self._settled is not None or self.current in here:
            return None
        for at, shape in enumerate(self.shapes):
            if shape not in self._ignored and shape not in self._refused:
                return at
        return self.shapes.index(self._best)


def shape_to_dict(shape: ProfileShape | None) -> dict[str, Any] | None:
    """Write a shape as JSON can hold it."""
    if shape is None:
        return None
    return {
        "purpose": shape.purpose.value,
        "kind": shape.kind.value,
        "live_level": shape.live_level,
        "floor_level": shape.floor_level,
        "unit": shape.unit.value,
        "two_step": shape.two_step,
        "on_evse": shape.on_evse,
        "offline_duration": shape.offline_duration,
    }


_NAMES = tuple(shape_to_dict(ProfileShape()) or ())


def _found(told: object, shapes: dict[tuple[Any, ...], ProfileShape]) -> ProfileShape | None:
    if not isinstance(told, dict):
        return None
    entries = {"offline_duration": False, **told}
    try:
        return shapes.get(tuple(entries.get(name) for name in _NAMES))
    except TypeError:
        return None


def _family(shape: ProfileShape) -> tuple[object, ...]:
    """What shapes have in common that a station will either follow or not, whatever else is in them."""
    return (shape.purpose, shape.kind, shape.unit)
