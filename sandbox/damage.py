"""Answers that are not as they should be: what the faults on Thrift and on results do to an answer that was whole."""

from databricks.sql.thrift_api.TCLIService import ttypes as t
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.Thrift import TType


def structures(value):
    """Every Thrift structure in a value, and itself."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from structures(item)
    elif hasattr(value, "thrift_spec"):
        yield value
        for item in vars(value).values():
            yield from structures(item)


def alter(answer, fields, increments):
    """Sets fields, and adds to fields, wherever they stand and hold something."""
    for structure in list(structures(answer)):
        for name, value in fields.items():
            if getattr(structure, name, None) is not None:
                setattr(structure, name, value)
        for name, more in increments.items():
            if getattr(structure, name, None) is not None:
                setattr(structure, name, getattr(structure, name) + more)


def shorten(answer):
    """Leaves out the last batch of each page, or the last row of its column sets."""
    for structure in list(structures(answer)):
        if isinstance(structure, t.TRowSet):
            structure.arrowBatches = structure.arrowBatches[:-1] if structure.arrowBatches else structure.arrowBatches
            for column in structure.columns or ():
                (values,) = (part for part in vars(column).values() if part is not None)
                values.values = values.values[:-1]


def limit(request, rows):
    """A call asks for fewer rows, as if the server's pages were small."""
    for structure in (request, getattr(request, "getDirectResults", None)):
        if getattr(structure, "maxRows", None):
            structure.maxRows = min(structure.maxRows, rows)


def empty_page(request):
    rows = t.TRowSet(startRowOffset=request.startRowOffset or 0, rows=[])
    return t.TFetchResultsResp(t.TStatus(t.TStatusCode.SUCCESS_STATUS), True, rows)


class UnknownFields(TBinaryProtocol):
    """Ends every structure with a field of each type that no version of the protocol knows."""

    def writeFieldStop(self):
        number = 30000
        for kind, write in ((TType.BOOL, self._true), (TType.BYTE, self._true), (TType.DOUBLE, self._double), (TType.I16, self._i16),
                            (TType.I32, self._i32), (TType.I64, self._i64), (TType.STRING, self._text),
                            (TType.STRUCT, self._structure), (TType.MAP, self._map), (TType.SET, self._list), (TType.LIST, self._list)):
            number += 1
            self.writeFieldBegin(None, kind, number)
            write()
        super().writeFieldStop()

    def _true(self):
        self.writeByte(1)

    def _double(self):
        self.writeDouble(0.5)

    def _i16(self):
        self.writeI16(-1)

    def _i32(self):
        self.writeI32(-1)

    def _i64(self):
        self.writeI64(-1)

    def _text(self):
        self.writeString("unknown")

    def _structure(self):
        self.writeFieldBegin(None, TType.STRUCT, 1)
        super().writeFieldStop()
        self.writeFieldBegin(None, TType.STRING, 1281)
        self._text()
        super().writeFieldStop()

    def _map(self):
        self.writeMapBegin(TType.STRING, TType.STRUCT, 1)
        self._text()
        self._structure()

    def _list(self):
        self.writeListBegin(TType.STRUCT, 2)
        self._structure()
        self._structure()
