"""Kafka headers whose names are not UTF-8: the client raises on them in its fetch, and the partition would stop.

Kafka requires UTF-8 and does not check it. The client's C reader stays in use; a batch on which it fails is read by the
client's Python reader, which decodes such bytes as lone surrogates (`surrogateescape`).
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from aiokafka.record.util import decode_varint_py


class _Bytes(bytearray):
    """A byte buffer that decodes with `surrogateescape`, and so do its slices."""

    def __getitem__(self, place: Any) -> Any:
        found = super().__getitem__(place)
        return _Bytes(found) if isinstance(found, bytearray) else found

    def decode(self, encoding: str = "utf-8", _errors: str = "strict") -> str:
        return super().decode(encoding, "surrogateescape")


class _LenientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]  # final for its authors
    _buffer: bytearray

    def __iter__(self) -> Iterator[Any]:
        self._maybe_uncompress()
        self._buffer = _Bytes(self._buffer)
        return self

    def _read_msg(self, _decode_varint: Any = None) -> Any:
        return super()._read_msg(decode_varint_py)  # The C implementation accepts no subclass of bytearray.


class _Batch:
    """A batch of the C reader; from the first record on which it fails, the records come from the Python reader."""

    def __init__(self, batch: Any, raw: memoryview) -> None:
        self._batch = batch
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        read = 0
        try:
            for record in self._batch:
                read += 1
                yield record
        except UnicodeDecodeError:
            yield from islice(_LenientBatch(self._raw), read, None)


class Records(_MemoryRecordsPy):  # type: ignore[misc]  # final for its authors
    """The batches of one fetch response."""

    def next_batch(self) -> Any:
        raw, batch = self._next_slice, super().next_batch()
        return _Batch(batch, raw) if raw is not None and raw[self.MAGIC_OFFSET] >= 2 else batch


def install() -> None:
    """Patch every consumer of this process to read such names."""
    fetcher.MemoryRecords = Records
