"""A zipped workbook opened with suspicion: every part is unpacked under a running limit before it is parsed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from .refused import Limits, Refused

__all__ = ["Archive"]

_CHUNK = 2**20
_LOCAL_HEADER, _NAME_LENGTHS = 30, 26
_MACRO_PARTS = ("vbaproject.bin", "vbadata.xml")
_MARKUP = (".xml", ".rels", ".vml")
_DOCTYPE = b"<!DOCTYPE"  # entities can only be declared inside one
_KEPT = 2**28  # unpacked bytes held from the check until the parts are read


class Archive:
    """The parts of a zipped workbook, checked against the limits on opening."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data, self._limits = memoryview(data), limits
        self._kept: dict[str, bytes] = {}
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as file:
                self._parts = {info.filename: info for info in file.infolist()}
                count, promised = len(file.infolist()), sum(info.file_size for info in file.infolist())
        except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError) as error:
            raise Refused("damaged", str(error)) from error
        if count > limits.max_parts:
            raise Refused("too_many_parts", str(count), str(limits.max_parts))
        self._check_size(promised)
        self._check_parts()

    @property
    def names(self) -> list[str]:
        """Names of all parts."""
        return list(self._parts)

    def _check_size(self, unpacked: int) -> None:
        if unpacked > self._limits.max_unpacked:
            raise Refused("zip_bomb", str(unpacked), str(self._limits.max_unpacked), {"packed": len(self._data)})
        ratio = unpacked // max(1, len(self._data))
        if unpacked > self._limits.ratio_from and ratio > self._limits.max_ratio:
            raise Refused("zip_ratio", str(ratio), str(self._limits.max_ratio))

    def _check_parts(self) -> None:
        total = 0
        for name, info in self._parts.items():
            if info.flag_bits & 1:
                raise Refused("encrypted", name)
            lower = name.lower()
            if lower.endswith(_MACRO_PARTS) or "/macrosheets/" in lower:
                raise Refused("macro_workbook", name)
            chunks, tail = [], b""
            for chunk in self.chunks(name):
                total += len(chunk)
                self._check_size(total)
                if lower.endswith(_MARKUP):
                    if b"\x00" in chunk or _DOCTYPE in tail + chunk[:16] or _DOCTYPE in chunk:
                        raise Refused("xml_declaration", name)
                    tail = (tail + chunk)[-16:]
                    if total <= _KEPT:
                        chunks.append(chunk)
            if chunks and total <= _KEPT:
                self._kept[name] = b"".join(chunks)

    def chunks(self, name: str) -> Iterator[bytes]:
        """A part unpacked piece by piece, whatever size its directory entry claims."""
        info = self._parts[name]
        raw = self._raw(info)
        if info.compress_type == zipfile.ZIP_STORED:
            yield bytes(raw)
            return
        if info.compress_type != zipfile.ZIP_DEFLATED:
            raise Refused("damaged", name)
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            piece: bytes | memoryview = raw
            while piece and not unpacker.eof:
                yield unpacker.decompress(piece, _CHUNK)
                piece = unpacker.unconsumed_tail
        except zlib.error as error:
            raise Refused("damaged", name) from error

    def _raw(self, info: zipfile.ZipInfo) -> memoryview:
        start = info.header_offset
        header = self._data[start : start + _LOCAL_HEADER]
        if len(header) < _LOCAL_HEADER or bytes(header[:4]) != b"PK\x03\x04":
            raise Refused("damaged", info.filename)
        names = struct.unpack_from("<HH", header, _NAME_LENGTHS)
        begin = start + _LOCAL_HEADER + sum(names)
        return self._data[begin : begin + info.compress_size]

    def read(self, name: str) -> bytes:
        """A whole part; the running limit was held when the archive was opened."""
        return self._kept[name] if name in self._kept else b"".join(self.chunks(name))
