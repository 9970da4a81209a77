"""The process that runs jq programs; `pool` is its other end.

It is started as a script, without `site` and with an empty environment, imports nothing of Tiercel,
and answers one request after the other on its standard input, a socket, until that is closed:

    python -I -S worker.py DIRECTORY_OF_THE_JQ_LIBRARY BYTES_OF_MEMORY PARENT

A request is `REQUEST` (bytes of program and of input, most characters of result), then both in
UTF-8. An answer is `ANSWER` (status, bytes), then UTF-8: a JSON array of results or an error.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import signal
import struct
import sys
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

__all__ = ["ANSWER", "FAILED", "NO_PROGRAM", "OK", "REQUEST", "TOO_LONG", "answer"]

REQUEST = struct.Struct("!IIQ")
ANSWER = struct.Struct("!BI")
OK, NO_PROGRAM, FAILED, TOO_LONG = range(4)

# The standard input is a socket, to be written to as well.
_CHANNEL = 0
_PR_SET_PDEATHSIG = 1
# The functions of jackson-jq 1.6, operators and formats apart.
_KNOWN = """
    acos/0 add/0 all/0 all/1 all/2 any/0 any/1 any/2 arrays/0 ascii_downcase/0 ascii_upcase/0 asin/0
    atan/0 atan2/2 booleans/0 builtins/0 capture/1 capture/2 cbrt/0 ceil/0 combinations/0
    combinations/1 contains/1 cos/0 cosh/0 del/1 delpaths/1 empty/0 endswith/1 error/0 error/1 exp/0
    exp10/0 exp2/0 explode/0 expm1/0 finites/0 first/0 first/1 flatten/0 flatten/1 floor/0
    from_entries/0 fromjson/0 getpath/1 group_by/1 gsub/2 gsub/3 has/1 implode/0 in/1 index/1
    indices/1 infinite/0 inside/1 isfinite/0 isinfinite/0 isnan/0 isnormal/0 iterables/0 join/1
    keys/0 keys_unsorted/0 last/0 last/1 leaf_paths/0 length/0 limit/2 log/0 log10/0 log1p/0 log2/0
    ltrimstr/1 map/1 map_values/1 match/1 match/2 max/0 max_by/1 min/0 min_by/1 nan/0 normals/0
    not/0 now/0 nth/1 nth/2 nulls/0 numbers/0 objects/0 path/1 paths/0 paths/1 pow/2 range/1 range/2
    range/3 recurse/0 recurse/1 recurse/2 recurse_down/0 reverse/0 rindex/1 round/0 rtrimstr/1
    scalars/0 scan/1 scan/2 select/1 setpath/2 sin/0 sinh/0 sort/0 sort_by/1 split/1 split/2
    splits/1 splits/2 sqrt/0 startswith/1 strings/0 sub/2 sub/3 tan/0 tanh/0 test/1 test/2
    to_entries/0 tojson/0 tonumber/0 tostring/0 transpose/0 type/0 unique/0 unique_by/1 until/2
    utf8bytelength/0 values/0 walk/1 while/2 with_entries/1
"""
# Those on one number that give a double, even for a whole result.
_DOUBLES = (
    "acos asin atan cbrt ceil cos cosh exp exp2 expm1 floor log log10 log1p log2 round sin"
    " sinh sqrt tan tanh"
)

_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_LARGE = re.compile(r"[0-9]{16}")
_LINE = re.compile(r"(?<=, line )[0-9]+")
_UNKNOWN = re.compile(r"(\w+/[0-9]+) is not defined", re.ASCII)
# Outside of comments, and of texts without `\( )`.
_STRANGE = re.compile(
    r'"(?:[^"\\]|\\[^(])*"|#[^\n]*|(\$\s*(?:ENV|__loc__)\b|\b_result_of_tiercel\b)', re.DOTALL
)


class ProgramError(ValueError):
    """The text is no program."""


def answer(program: str, data: str, most: int) -> tuple[int, str]:
    """Run a program on a JSON value.

    Returns:
        `OK` and a JSON array of the results; or another status and an error's words.
    """
    try:
        compiled = _compile(program, bool(_LARGE.search(data) or _LARGE.search(program)))
    except ProgramError as error:
        return NO_PROGRAM, str(error).partition("\n")[0].removesuffix(":")
    results: list[str] = []
    length = 0
    try:
        for result in compiled.input_text(data):
            results.append(result)
            length += len(result) + 1
            if length > most:
                return TOO_LONG, f"The jq program gives more than {most} characters"
    except ValueError as error:
        return FAILED, str(error)
    return OK, f"[{','.join(results)}]"


@lru_cache(maxsize=256)
def _compile(program: str, large: bool) -> Any:
    if strange := next(filter(None, (match[1] for match in _STRANGE.finditer(program))), None):
        raise ProgramError(f"{strange} is not defined")
    words = {*_WORD.findall(program)}
    absent = {name for name in _hidden() if name.partition("/")[0] in words}
    try:
        return _linked(program, large, absent)
    except ProgramError as error:
        # jackson-jq looks functions up when they are called.
        if unknown := _UNKNOWN.findall(str(error)):
            return _linked(program, large, absent.union(unknown))
        raise


def _linked(program: str, large: bool, absent: set[str]) -> Any:
    before = _prelude(large) + "".join(map(_refusal, sorted(absent))) + "\n"
    try:
        # By itself first: `. as $x` must not go on into what is put behind.
        _library().compile(before + program)
    except ValueError as error:
        lines = before.count("\n")
        words = _LINE.sub(lambda match: str(int(match[0]) - lines), str(error))
        words = words.replace(" at <top-level>", "").replace("jq: error: ", "")
        raise ProgramError(words) from None
    # A comment at the program's end may reach into the next line.
    return _library().compile(f"{before}{program}\n\n| _result_of_tiercel")


@cache
def _prelude(large: bool) -> str:
    here = Path(__file__).parent
    parts = [(here / "prelude.jq").read_text("utf-8")]
    if large:
        parts.append((here / "large.jq").read_text("utf-8"))
    parts += (
        f"def _was_{name}: {name}; def {name}: _was_{name} | _double;" for name in _DOUBLES.split()
    )
    parts.append(f"def builtins: {json.dumps(sorted(_known()))};")
    return "\n".join(parts)


@cache
def _hidden() -> frozenset[str]:
    names = _library().compile("builtins[]").input_text("null").all()
    # `format` is what texts call.
    return frozenset(names) - _known() - {"format/1"}


def _library() -> Any:
    import jq  # type: ignore[import-not-found]  # the library has no types

    return jq


def _known() -> frozenset[str]:
    return frozenset(_KNOWN.split())


def _refusal(function: str) -> str:
    name, _, arity = function.partition("/")
    parameters = ";".join(f"p{number}" for number in range(int(arity)))
    head = f"{name}({parameters})" if parameters else name
    return f'def {head}: error("Function {function} does not exist");'


# --- the process ----------------------------------------------------------------------------


def _serve() -> None:
    requests = sys.stdin.buffer
    while header := requests.read(REQUEST.size):
        program_size, data_size, most = REQUEST.unpack(header)
        program, data = requests.read(program_size).decode(), requests.read(data_size).decode()
        status, text = answer(program, data, most)
        body = text.encode()
        _write(ANSWER.pack(status, len(body)) + body)


def _write(message: bytes) -> None:
    rest = memoryview(message)
    while rest:
        rest = rest[os.write(_CHANNEL, rest) :]


def _main(library: str, memory: int, parent: int) -> None:
    sys.path.append(library)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # The end of the socket ends an idle process, this one that runs an endless program.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # It may have ended before, leaving a request.
    if os.getppid() == parent:
        _serve()


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
