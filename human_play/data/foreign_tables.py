"""Other people's tables, from CSV files and pickled DataFrames.

A pickle can run any program when it is loaded, so none is: a reader of its own makes stand-ins for the few things that
a table of plain objects consists of, and refuses everything else. Pandas is not needed for it.
"""

from __future__ import annotations

import csv
import io
import pickle
import pickletools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brigade.envs.budgets import TABLE_BYTES, TooMuch, in_bytes
from brigade.envs.registry import BrigadeError

GLOBALS = re.compile(  # what a pickled table of plain objects names; stand-ins are made of these, nothing is imported
    r"pandas\.(DataFrame|Index|RangeIndex|core\.frame\.DataFrame|core\.internals\.managers\.BlockManager|_libs\.internals\._unpickle_block"
    r"|core\.indexes\.base\.(_new_Index|Index)|core\.indexes\.range\.RangeIndex|core\.indexes\.numeric\.Int64Index)"
    r"|numpy\.(_?core\.multiarray\.(_reconstruct|scalar)|_?core\.numeric\._frombuffer|ndarray|dtype)"
    r"|(builtins|__builtin__)\.slice|_codecs\.encode"
)
Row = Mapping[str, Any]


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a table by the names of its columns: a CSV file (cells are text), or a pickled pandas DataFrame.

    Raises:
        BrigadeError: neither of them, or a pickle that holds more than a table of plain objects.
        OSError: the file cannot be read.
    """
    if path.stat().st_size > TABLE_BYTES:
        raise TooMuch(f"{path}: larger than {in_bytes(TABLE_BYTES)}, the most that is read")
    with path.open("rb") as file:
        pickled = file.read(1) == b"\x80"
    return _pickled_rows(path) if pickled else _csv_rows(path)


def _csv_rows(path: Path) -> Iterator[Row]:
    csv.field_size_limit(1 << 24)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        try:
            yield from reader
        except (csv.Error, UnicodeDecodeError) as error:
            raise BrigadeError(f"{path}:{reader.line_num}: not a CSV table: {error}") from None


class _Made:
    """Stands for an object of pandas or NumPy in a pickle: keeps what it would be made of, and does nothing."""

    what = ""
    args: tuple[Any, ...] = ()
    state: Any = None

    def __new__(cls, *args: Any) -> _Made:
        made = super().__new__(cls)
        made.args = args
        return made

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _TableUnpickler(pickle.Unpickler):
    """Reads a pickled DataFrame of plain objects without making it: whatever a pickle names, nothing of it is run."""

    def find_class(self, module: str, name: str) -> Any:
        """A stand-in for what a table needs; all else is refused."""
        if not GLOBALS.fullmatch(f"{module}.{name}"):
            raise BrigadeError(
                f"the pickle asks for {module}.{name}, which a table of trials does not need; pickles can run any "
                "program, so this one is refused. If you trust it, load it with pandas and save it with to_csv"
            )
        return type("_Made", (_Made,), {"what": name})


def _pickled_rows(path: Path) -> Iterator[Row]:
    try:
        data = path.read_bytes()
        _check_opcodes(data)
        columns = _columns(_TableUnpickler(io.BytesIO(data)).load())
        rows = list(zip(*columns.values(), strict=True))
    except BrigadeError as error:
        raise BrigadeError(f"{path}: {error}") from None
    except (pickle.UnpicklingError, EOFError, AttributeError, LookupError, TypeError, ValueError,
            OverflowError, MemoryError, RecursionError) as error:  # fmt: skip
        raise BrigadeError(
            f"{path}: not a pickled table that can be read here ({type(error).__name__}: {str(error)[:80]}); load it "
            "with pandas and save it with to_csv"
        ) from None
    for cells in rows:
        yield dict(zip(columns, cells, strict=True))


def _check_opcodes(data: bytes) -> None:
    """Refuse a pickle whose notes to itself are numbered beyond what it can have made: room is made for every number.

    Raises:
        ValueError: it is one, or no pickle.
    """
    for opcode, number, place in pickletools.genops(data):
        if opcode.name in ("PUT", "BINPUT", "LONG_BINPUT") and int(number or 0) > (place or 0):
            raise ValueError(f"its memo has a number {number} after {place} bytes")


def _columns(table: Any) -> dict[str, list[Any]]:
    """The columns of a DataFrame by name, from what its pickle says; pandas 0.24 to 2 write it in two ways."""
    if not isinstance(table, _Made) or table.what != "DataFrame":
        raise ValueError("it holds no DataFrame")
    manager = table.state["_mgr"] if "_mgr" in table.state else table.state["_data"]
    if manager.state is not None:  # up to pandas 1.2
        new = manager.state[3]["0.14.1"]
        axes, blocks = new["axes"], [(block["values"], block["mgr_locs"]) for block in new["blocks"]]
    else:
        blocks, axes = [block.args[:2] for block in manager.args[0]], manager.args[1]
    names = [str(name) for name in _array(axes[0].args[1]["data"]).tolist()]
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for values, places in blocks:
        cells = _array(values)
        held = slice(*places.args) if places.what == "slice" else _array(places)
        for name, column in zip(np.array(names, object)[held].tolist(), cells, strict=True):
            columns[name] = [_plain(cell) for cell in column.tolist()]
    return columns


def _array(made: Any) -> NDArray[Any]:
    """An array, from what its pickle says."""
    if made.what == "_frombuffer":
        data, dtype, shape, order = made.args
    elif made.what == "_reconstruct":
        _, shape, dtype, fortran, data = made.state
        order = "F" if fortran else "C"
    else:
        raise ValueError(f"a column of the kind {made.what or type(made).__name__}")
    kind = _dtype(dtype)
    if kind.hasobject:
        flat = np.empty(len(data), object)
        for place, cell in enumerate(data):
            flat[place] = cell
    else:
        flat = np.frombuffer(bytes(_plain(data)), kind)
    return flat.reshape(shape, order=order)


def _dtype(made: Any) -> np.dtype[Any]:
    code = str(made.args[0])
    if made.what != "dtype" or not re.fullmatch(r"[biuf][1248]|O8?", code):
        raise ValueError(f"a column of the type {code}")
    order = made.state[1] if made.state is not None and made.state[1] in ("<", ">") else "="
    return np.dtype(order + code) if code[0] != "O" else np.dtype(object)


def _plain(cell: Any) -> Any:
    """A cell without stand-ins."""
    if not isinstance(cell, _Made):
        return cell
    if cell.what == "encode":
        return cell.args[0].encode("latin1")  # how old protocols write bytes
    if cell.what == "scalar":
        return np.frombuffer(_plain(cell.args[1]), _dtype(cell.args[0]))[0].item()
    raise ValueError(f"a cell of the kind {cell.what}")
