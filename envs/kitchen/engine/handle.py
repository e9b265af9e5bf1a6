"""Handing many arrays to a compiled function as one number.

A call into compiled code takes longer to hand over forty arrays than to play a tick with them. A `Handle` writes their
addresses and sizes down once; a kernel is given where that is, and a `Reader` in it puts the named tuples together
again, so that rules and observations stay as they are. Plain Python is given the handle itself, and its tuples.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import addressof, c_char
from typing import Any, NamedTuple, get_type_hints

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array
from numpy.typing import NDArray

from brigade.envs.kitchen.engine.compiled import COMPILED
from brigade.envs.kitchen.engine.state import scalar_type

WORDS = 5  # of an array or number in a handle: address, and the lengths of up to four axes; or the number
NUMBERS = (int, bool)


class Field(NamedTuple):
    """What stands in one place of a named tuple: an array of so many axes, or a number."""

    name: str
    dtype: np.dtype[Any]
    axes: int


def fields_of(kind: type[Any], axes: dict[str, int]) -> tuple[Field, ...]:
    """The fields of a named tuple, by how its fields are annotated.

    Args:
        kind: the named tuple.
        axes: how many axes its arrays have, if it is not one.
    """
    fields = []
    for name, hint in get_hints(kind).items():
        if hint in NUMBERS:
            fields.append(Field(name, np.dtype(np.bool_ if hint is bool else np.int64), 0))
        else:
            fields.append(Field(name, np.dtype(scalar_type(hint)), axes.get(name, 1)))
    return tuple(fields)


def get_hints(kind: type[Any]) -> dict[str, Any]:
    """The annotations of a named tuple, in the order of its fields."""
    hints = get_type_hints(kind)
    return {name: hints[name] for name in kind._fields}


class Reader:
    """Puts one sort of named tuple together again in compiled code: `read = Reader(State, {"pos": 2}).read`.

    Args:
        kind: the named tuple, of arrays and whole numbers.
        axes: how many axes its arrays have, if it is not one; four at most.

    Attributes:
        read: `read(handle, part)` in a kernel: the tuple that is part number `part` of the handle.
    """

    def __init__(self, kind: type[Any], axes: dict[str, int]):
        self.kind, self.fields = kind, fields_of(kind, axes)
        assert set(axes) <= set(kind._fields), set(axes) - set(kind._fields)
        self.read: Callable[[Any, int], Any] = _compiled_reader(self) if COMPILED else _plain_read

    @property
    def dtypes(self) -> tuple[np.dtype[Any], ...]:
        """The types of the fields."""
        return tuple(field.dtype for field in self.fields)

    def words(self, value: Any) -> list[int]:
        """What a handle says of a tuple.

        Raises:
            TypeError: it holds something else than what compiled code would take it for.
        """
        words: list[int] = []
        for field, held in zip(self.fields, value, strict=True):
            if field.axes == 0:
                words += [int(held), *[0] * (WORDS - 1)]
                continue
            if held.dtype != field.dtype or held.ndim != field.axes or not held.flags.c_contiguous:
                found = f"{held.dtype} with {held.ndim} axes, strides {held.strides}"
                wanted = f"{field.dtype} with {field.axes} axes, in order"
                raise TypeError(f"{self.kind.__name__}.{field.name}: expected {wanted}, got {found}")
            words += [_address(held), *held.shape, *[0] * (WORDS - 1 - held.ndim)]
        return words


class Part:
    """A named tuple with what handles say of it."""

    def __init__(self, reader: Reader, value: Any):
        self.value, self.words = value, reader.words(value)


class Handle:
    """Named tuples, kept alive, and where their arrays lie.

    Whoever puts another array in the place of one makes a new handle: an old one leads to the old array.

    Args:
        parts: readers with the tuples that they read, in the order in which kernels number them; as `Part` those that
            other handles share.

    Attributes:
        ref: what kernels are given.
    """

    def __init__(self, *parts: tuple[Reader, Any] | Part):
        known = [part if isinstance(part, Part) else Part(*part) for part in parts]
        self.parts = tuple(part.value for part in known)
        words: list[int] = []
        starts = []
        for part in known:
            starts.append(len(parts) + len(words))
            words += part.words
        self._words: NDArray[np.int64] = np.array(starts + words, np.int64)
        self.ref: Any = _address(self._words) if COMPILED else self


def _address(array: NDArray[Any]) -> int:
    """Where an array begins."""
    if array.size and array.flags.writeable:
        return addressof(c_char.from_buffer(array.data))  # in a quarter of the time
    return int(array.__array_interface__["data"][0])


def _plain_read(handle: Handle, part: int) -> Any:
    return handle.parts[part]


def _compiled_reader(reader: Reader) -> Any:
    """The intrinsic that makes the tuple: no function is called for it, and none of its arrays is copied."""
    array_types = [_numba_type(field) for field in reader.fields]
    made = types.NamedTuple(array_types, reader.kind)

    @intrinsic  # type: ignore[untyped-decorator]
    def read(typingctx: Any, handle: Any, part: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            words = builder.inttoptr(context.cast(builder, args[0], handle, types.intp), cgutils.intp_t.as_pointer())
            first = builder.load(builder.gep(words, [context.cast(builder, args[1], part, types.intp)]))

            def word(number: int) -> Any:
                at = builder.add(first, context.get_constant(types.intp, number))
                return builder.load(builder.gep(words, [at]))

            held = []
            for number, (field, kind) in enumerate(zip(reader.fields, array_types, strict=True)):
                if field.axes == 0:
                    held.append(context.cast(builder, word(number * WORDS), types.intp, kind))
                else:
                    lengths = [word(number * WORDS + 1 + axis) for axis in range(field.axes)]
                    held.append(_array(context, builder, kind, word(number * WORDS), lengths, field.dtype.itemsize))
            return context.make_tuple(builder, signature.return_type, held)

        return made(handle, part), codegen

    return read


def _numba_type(field: Field) -> Any:
    scalar = types.boolean if field.dtype == np.bool_ else getattr(types, field.dtype.name)
    return types.Array(scalar, field.axes, "C") if field.axes else scalar


def _array(context: Any, builder: Any, kind: Any, address: Any, lengths: list[Any], size: int) -> Any:
    """An array that lies at an address, in order, and is owned by somebody else."""
    array = context.make_array(kind)(context, builder)
    itemsize = context.get_constant(types.intp, size)
    strides: list[Any] = []
    stride = itemsize
    for length in reversed(lengths):
        strides.insert(0, stride)
        stride = builder.mul(stride, length)
    data = builder.inttoptr(address, array.data.type)
    populate_array(array, data=data, shape=lengths, strides=strides, itemsize=itemsize, meminfo=None)
    return array._getvalue()


@intrinsic  # type: ignore[untyped-decorator]
def _prefetch(typingctx: Any, array: Any, index: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        held = context.make_array(signature.args[0])(context, builder, args[0])
        at = builder.gep(held.data, [context.cast(builder, args[1], signature.args[1], types.intp)])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(ir.VoidType(), [byte, number, number, number]), "llvm.prefetch.p0"
        )
        reading, keep, data = number(0), number(3), number(1)
        builder.call(function, [builder.bitcast(at, byte), reading, keep, data])
        return context.get_dummy_value()

    return types.void(array, index), codegen


def _no_prefetch(array: NDArray[Any], index: int) -> None:
    """Plain Python has no use for it."""


# Begin to fetch element `index` of an array with one axis from memory, so that it is there when it is asked for.
prefetch: Callable[[NDArray[Any], int], None] = _prefetch if COMPILED else _no_prefetch
