"""Core statements that run a thousand times a second, without what SQLAlchemy does anew each time they run.

A statement that the same program runs again (a constant of a module, recognised by identity) is compiled once; from then on its values
are bound, and its rows read, by what that compilation says. The bot knows nothing of this: it runs plain Core on a plain `Connection`.
docs/decisions/0006-statements-compiled-once.md has the figures.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, CursorResult, Delete, Dialect, Insert, Select, Update
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData

Process = Callable[[Any], Any]


class QuickConnection(Connection):
    """A connection on which a statement costs a sixth of the usual from its third run on, and means the same."""

    def execute(self, statement: Any, parameters: Any = None, *, execution_options: Any = None) -> CursorResult[Any]:
        """As of `Connection`. What is read quickly is an `IteratorResult`; what is written knows its row count and new key."""
        if execution_options is None and (parameters is None or type(parameters) is dict) and self.in_transaction():
            prepared = _prepared(statement, parameters or {}, self.dialect)
            if prepared is not None:
                return cast("CursorResult[Any]", prepared.run(self, parameters or {}))
        return super().execute(statement, parameters, execution_options=execution_options)


class Written:
    """What came of an INSERT, UPDATE or DELETE."""

    __slots__ = ("inserted_primary_key", "rowcount")

    def __init__(self, rowcount: int, key: Any) -> None:
        self.rowcount, self.inserted_primary_key = rowcount, (key,)

    def close(self) -> None:
        """Nothing is open: the driver's cursor is closed already."""


class _Prepared:
    """One statement with one set of parameter names, compiled."""

    __slots__ = ("_binds", "_metadata", "_processes", "_returns_key", "_sql")

    def __init__(
        self,
        sql: str,
        binds: "Sequence[tuple[str | None, Process | None, Any]]",
        columns: "_Columns | None",
        *,
        returns_key: bool,
    ) -> None:
        """`binds`: by position, the parameter's name with how it is sent, or no name and a value that never changes."""
        self._sql, self._binds, self._returns_key = sql, tuple(binds), returns_key
        self._metadata = SimpleResultMetaData([key for key, _ in columns]) if columns is not None else None
        self._processes = tuple((at, process) for at, (_, process) in enumerate(columns or ()) if process is not None)

    def run(self, connection: Connection, given: Mapping[str, Any]) -> "Written | IteratorResult[Any]":
        """Raises what the usual way raises: the driver's error in SQLAlchemy's, without any value."""
        values = [
            always if name is None else given[name] if process is None else process(given[name])
            for name, process, always in self._binds
        ]
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._sql, values)
            if self._metadata is not None:
                rows = cursor.fetchall()
            elif self._returns_key:
                rows = cursor.fetchall()
                return Written(cursor.rowcount, rows[0][0] if rows else None)
            else:
                return Written(cursor.rowcount, getattr(cursor, "lastrowid", None))
        except connection.dialect.loaded_dbapi.Error as error:
            # SQLAlchemy's own last step for an error: wraps it, tells listeners, sees whether the connection is lost.
            connection._handle_dbapi_exception(error, self._sql, None, cursor, None)  # noqa: SLF001 - there is no public way to it
        finally:
            cursor.close()
        return IteratorResult(self._metadata, iter([self._read(row) for row in rows]))

    def _read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        if not self._processes:
            return row
        values = list(row)
        for at, process in self._processes:
            values[at] = process(values[at])
        return tuple(values)


_Columns = list[tuple[str, Process | None]]
_Names = tuple[str, ...]

# By statement, for as long as somebody holds it: what was compiled, for each database and set of parameters; None where it must go
# the usual way.
_KNOWN: "WeakKeyDictionary[Any, dict[tuple[str, _Names], _Prepared | None]]" = WeakKeyDictionary()


def _prepared(statement: Any, given: Mapping[str, Any], dialect: Dialect) -> _Prepared | None:
    """The statement as compiled before; compiles one that comes for the second time, as a first may never come again."""
    known = _KNOWN.get(statement)
    if known is None:
        _KNOWN[statement] = {}
        return None
    key = (dialect.name, tuple(given))
    try:
        return known[key]
    except KeyError:
        known[key] = prepared = _prepare(statement, key[1], dialect)
        return prepared


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
    binds: list[tuple[str | None, Process | None, Any]] = []
    for name in compiled.positiontup:
        bind = compiled.binds[name]
        process = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if name in names:
            binds.append((name, process, None))
        elif bind.required or bind.callable is not None:
            return None
        else:
            binds.append((None, None, bind.value if process is None else process(bind.value)))
    if not isinstance(statement, Select):
        return _Prepared(compiled.string, binds, None, returns_key=bool(key))
    columns: _Columns = [
        (str(column.key), column.type.dialect_impl(dialect).result_processor(dialect, None))
        for column in statement.selected_columns
    ]
    keys = [key for key, _ in columns]
    named = len(set(keys)) == len(keys) and all(key.isidentifier() for key in keys)
    return _Prepared(compiled.string, binds, columns, returns_key=False) if named else None
