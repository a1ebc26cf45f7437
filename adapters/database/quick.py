"""Core statements that run a thousand times a second, without what SQLAlchemy does anew each time they run.

A statement that the same program runs again (a constant of a module, recognised by identity) is compiled once; from then on its values
are bound, and its rows read, by what that compilation says. The bot knows nothing of this: it runs plain Core on a plain `Connection`.
docs/decisions/0006-statements-compiled-once.md has the figures.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, cast
from weakref import ref

from sqlalchemy import Connection, CursorResult, Delete, Dialect, Insert, Row, Select, Update
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData

Process = Callable[[Any], Any]


class QuickConnection(Connection):
    """A connection on which a statement costs a sixth of the usual from its third run on, and means the same."""

    def execute(self, statement: Any, parameters: Any = None, *, execution_options: Any = None) -> CursorResult[Any]:
        """As of `Connection`. What is read quickly is a `Read`; what is written, a `Written`."""
        if execution_options is None and (parameters is None or type(parameters) is dict) and self.in_transaction():
            given = parameters or _NOTHING
            prepared = _prepared(statement, given, self.dialect)
            if prepared is not None:
                return cast("CursorResult[Any]", prepared.run(self, given))
        return super().execute(statement, parameters, execution_options=execution_options)


class Read:
    """The rows of a SELECT. What is asked most comes at once; for everything else there is SQLAlchemy's own result."""

    __slots__ = ("_metadata", "_processors", "_rows")

    def __init__(self, metadata: SimpleResultMetaData, processors: Any, rows: Sequence[tuple[Any, ...]]) -> None:
        self._metadata, self._processors, self._rows = metadata, processors, rows

    def first(self) -> Row[Any] | None:
        """The first row, `None` when there is none."""
        return self._row(self._rows[0]) if self._rows else None

    def one(self) -> Row[Any]:
        """The only row; raises as of `Result.one`."""
        row: Row[Any] = self._row(self._rows[0]) if len(self._rows) == 1 else self._result().one()
        return row

    def all(self) -> list[Row[Any]]:
        return [self._row(row) for row in self._rows]

    def __iter__(self) -> Iterator[Row[Any]]:
        return iter(self.all())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result(), name)

    def _row(self, row: tuple[Any, ...]) -> Row[Any]:
        return Row(self._metadata, self._processors, self._metadata._key_to_index, row)  # noqa: SLF001 - as its result makes it

    def _result(self) -> IteratorResult[Any]:
        return IteratorResult(self._metadata, iter([tuple(row) for row in self]))


class Written:
    """What came of an INSERT, UPDATE or DELETE."""

    __slots__ = ("inserted_primary_key", "rowcount")

    def __init__(self, rowcount: int, key: Any) -> None:
        self.rowcount, self.inserted_primary_key = rowcount, (key,)

    def close(self) -> None:
        """Nothing is open: the driver's cursor is closed already."""


class _Prepared:
    """One statement with one set of parameter names, compiled."""

    __slots__ = ("_always", "_metadata", "_pick", "_processors", "_returns_key", "_sent", "_sql")

    def __init__(
        self,
        sql: str,
        binds: "Sequence[tuple[str, Process | None]]",
        always: Mapping[str, Any],
        columns: "_Columns | None",
        *,
        returns_key: bool,
    ) -> None:
        """`binds`: by position, the value's name and how it is sent; `always`: the values that never change, as they are sent."""
        self._sql, self._always, self._returns_key = sql, always, returns_key
        names = [name for name, _ in binds]
        self._pick: Callable[[Any], Sequence[Any]] = itemgetter(*names) if len(names) > 1 else _picker(names)
        self._sent = tuple((at, process) for at, (_, process) in enumerate(binds) if process is not None)
        self._metadata = SimpleResultMetaData([key for key, _ in columns]) if columns is not None else None
        processors = tuple(process for _, process in columns or ())
        self._processors = processors if any(processors) else None

    def run(self, connection: Connection, given: Mapping[str, Any]) -> "Written | Read":
        """Raises what the usual way raises: the driver's error in SQLAlchemy's, without any value."""
        values = self._pick({**self._always, **given} if self._always else given)
        if self._sent:
            values = list(values)
            for at, process in self._sent:
                values[at] = process(values[at])
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._sql, values)
            if self._metadata is not None:
                return Read(self._metadata, self._processors, cursor.fetchall())
            if self._returns_key:
                rows = cursor.fetchall()
                return Written(cursor.rowcount, rows[0][0] if rows else None)
            return Written(cursor.rowcount, getattr(cursor, "lastrowid", None))
        except connection.dialect.loaded_dbapi.Error as error:
            # SQLAlchemy's own last step for an error: wraps it, tells listeners, sees whether the connection is lost.
            connection._handle_dbapi_exception(error, self._sql, None, cursor, None)  # noqa: SLF001 - there is no public way to it
        finally:
            cursor.close()


_Columns = list[tuple[str, Process | None]]
_Names = tuple[str, ...]
_Known = dict[tuple[str, _Names], _Prepared | None]
_NOTHING: Mapping[str, Any] = {}

# By statement (its identity, until it is gone): what was compiled, for each database and set of parameters; None where it must go the
# usual way. The reference forgets the statement when nobody holds it any more.
_KNOWN: dict[int, tuple[ref[Any], _Known]] = {}


def _prepared(statement: Any, given: Mapping[str, Any], dialect: Dialect) -> _Prepared | None:
    """The statement as compiled before; compiles one that comes for the second time, as a first may never come again."""
    known = _KNOWN.get(id(statement))
    if known is None:
        _KNOWN[id(statement)] = ref(statement, partial(_forget, id(statement))), {}
        return None
    key = (dialect.name, tuple(given))
    try:
        return known[1][key]
    except KeyError:
        known[1][key] = prepared = _prepare(statement, key[1], dialect)
        return prepared


def _picker(names: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    """As `itemgetter`, which gives a tuple only for several names."""
    return lambda given: [given[name] for name in names]


def _forget(statement: int, _gone: ref[Any]) -> None:
    _KNOWN.pop(statement, None)


def _prepare(statement: Any, names: _Names, dialect: Dialect) -> _Prepared | None:
    """None for whatever needs more than binding and reading: lists that expand, values made while it runs, RETURNING."""
    if not isinstance(statement, Select | Insert | Update | Delete):
        return None
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    key = compiled.implicit_returning  # how PostgreSQL tells the number of a new row
    made = compiled.insert_prefetch or compiled.update_prefetch or (compiled.effective_returning and not key)
    expands = compiled.post_compile_params or compiled.literal_execute_params or compiled.escaped_bind_names
    if made or expands or (key and len(key) > 1) or compiled.positiontup is None or not set(names) <= compiled.binds.keys():
        return None
    binds: list[tuple[str, Process | None]] = []
    always: dict[str, Any] = {}
    for name in compiled.positiontup:
        bind = compiled.binds[name]
        process = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if name in names:
            binds.append((name, process))
        elif bind.required or bind.callable is not None:
            return None
        else:
            always[name] = bind.value if process is None else process(bind.value)
            binds.append((name, None))
    if not isinstance(statement, Select):
        return _Prepared(compiled.string, binds, always, None, returns_key=bool(key))
    columns: _Columns = [
        (str(column.key), column.type.dialect_impl(dialect).result_processor(dialect, None))
        for column in statement.selected_columns
    ]
    keys = [key for key, _ in columns]
    named = len(set(keys)) == len(keys) and all(key.isidentifier() for key in keys)
    return _Prepared(compiled.string, binds, always, columns, returns_key=False) if named else None
