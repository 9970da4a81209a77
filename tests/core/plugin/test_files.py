"""Files of a working folder, by a task that takes them in and hands them out."""

from __future__ import annotations

from typing import Any

import pytest

from tiercel.errors import TaskError
from tiercel.plugin import (
    NamespaceFiles,
    Output,
    Property,
    RunContext,
    Task,
    glob_matches,
    load_namespace_files,
    localize,
    scratch_file,
    store_output_files,
    write_input_files,
)
from tiercel.storage import uri
from tiercel.storage.memory import MemoryStorage
from tiercel.testing import TaskResult, run_task


class Kept(Output):
    files: dict[str, str]
    count: int


class Keep(Task[Kept]):
    """Takes files in and hands out those that match."""

    input_files: Property[Any] | None = None
    namespace_files: NamespaceFiles | None = None
    output_files: tuple[str, ...] = ("**",)

    def run(self, ctx: RunContext) -> Kept:
        scratch_file(ctx, ".tmp").write_text("not for others")
        count = load_namespace_files(ctx, self.namespace_files) if self.namespace_files else 0
        write_input_files(ctx, self.input_files, {"who": "me"})
        return Kept(files=store_output_files(ctx, self.output_files), count=count)


def keep(**properties: Any) -> TaskResult:
    given = {k: properties.pop(k) for k in ("files", "variables", "storage") if k in properties}
    task = Keep.model_validate({"id": "keep", "type": "keep", **properties})
    return run_task(task, **given)


def contents(result: TaskResult) -> dict[str, str]:
    assert result.error is None
    return {name: result.file(uri).decode() for name, uri in result.outputs["files"].items()}


@pytest.mark.parametrize(
    "files",
    [
        {"a.txt": "{{ flow.id }} of {{ who }}", "{{ flow.id }}/b": "{{ files.data }}"},
        '{"a.txt": "{{ flow.id }} of {{ who }}", "{{ flow.id }}/b": "{{ files.data }}"}',
    ],
    ids=["mapping", "JSON text"],
)
def test_input_files_are_texts_and_stored_files(files: Any) -> None:
    result = keep(input_files=files, files={"data": "stored"})
    assert contents(result) == {"a.txt": "test_flow of me", "test_flow/b": "stored"}


def test_input_files_may_come_from_one_expression() -> None:
    found = {"a": 1, "b": {"c": [True]}, "d": None}
    result = keep(input_files="{{ found }}", variables={"found": found})
    assert contents(result) == {"a": "1", "b": '{"c": [true]}'}


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", ".", ""])
def test_a_name_outside_the_working_folder_is_refused(name: str) -> None:
    result = keep(input_files={name: "x"})
    assert result.error == (f"Invalid file name {name!r}: it must lie inside the working folder")


def test_a_symbolic_link_does_not_lead_out_either(tmp_path: Any) -> None:
    class Trap(Keep):
        def run(self, ctx: RunContext) -> Kept:
            (ctx.working_dir / "link").symlink_to(tmp_path)
            return super().run(ctx)

    result = run_task(Trap(id="t", type="t", input_files=Property.of({"link/x": "1"})))
    assert result.error == "File name 'link/x' leads out of the working folder"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ("a.txt", "inputFiles is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ("[1]", "inputFiles must map file names to contents, got list"),
    ],
)
def test_input_files_that_are_no_mapping_are_refused(files: str, reason: str) -> None:
    assert keep(input_files=files).error == reason


def test_only_matching_files_are_stored_under_names_of_their_own() -> None:
    files = {"a.txt": "1", "d/a.txt": "2", "d/b.csv": "3"}
    result = keep(input_files=files, output_files=["d/*.txt", "*.csv"])
    assert contents(result) == {"d/a.txt": "2"}
    assert result.outputs["files"]["d/a.txt"].endswith("-a.txt")


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*.out", "c.out", True),
        ("*.out", "d/c.out", False),
        ("d/**", "d/e/f.txt", True),
        ("**.csv", "b.csv", True),
        ("**/*.csv", "a/b.csv", True),
        ("**/*.csv", "b.csv", False),
        ("?.{txt,csv}", "a.csv", True),
        ("[!a-c].t", "b.t", False),
        ("[a-c].t", "b.t", True),
        ("./x", "x", True),
        ("/x", "x", True),
        ("a+b(1).txt", "a+b(1).txt", True),
        (r"a\*", "a*", True),
        (r"a\*", "ab", False),
        ("regex:.*[0-9]", "a/7", True),
        ("glob:*.t", "a.t", True),
    ],
)
def test_patterns_are_read_as_java_reads_them(pattern: str, name: str, matches: bool) -> None:
    assert glob_matches(pattern, name) is matches


def test_a_broken_pattern_is_explained() -> None:
    with pytest.raises(TaskError, match=r"Invalid file pattern 'a\{b': "):
        glob_matches("a{b", "x")


def namespace_storage(**files: dict[str, str]) -> MemoryStorage:
    """Return a storage that holds namespace files: namespace → path → content."""
    storage = MemoryStorage()
    for namespace, contents in files.items():
        folder = uri.namespace_files(namespace.replace("_", "."))
        for path, content in contents.items():
            writer = storage.create(uri.storage_key("main", f"{folder}/{path}"))
            writer.write(content.encode())
            writer.commit()
    return storage


FILES = {"a/b.txt": "ab", "a/c.sql": "ac", "d.txt": "d"}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["a/b.txt", "a/c.sql", "d.txt"]),
        ({"include": ["a/**"]}, ["a/b.txt", "a/c.sql"]),
        ({"include": ["b.txt", "d.txt"]}, ["a/b.txt", "d.txt"]),
        ({"include": ["*.txt"]}, ["d.txt"]),
        ({"include": ["/a/*.sql"]}, ["a/c.sql"]),
        ({"exclude": ["**.txt"]}, ["a/c.sql"]),
        ({"include": ["a/**"], "exclude": ["**/*.sql"]}, ["a/b.txt"]),
        ({"enabled": False}, []),
    ],
)
def test_namespace_files_are_chosen_by_patterns(options: dict[str, Any], names: list[str]) -> None:
    result = keep(namespace_files=options, storage=namespace_storage(company_team=FILES))
    assert sorted(contents(result)) == names
    assert result.outputs["count"] == len(names)


def test_files_of_several_namespaces_are_put_over_each_other() -> None:
    storage = namespace_storage(company={"x": "parent", "y": "parent"}, company_team={"x": "own"})
    options = {"namespaces": ["company", "{{ flow.namespace }}"]}
    result = keep(namespace_files=options, storage=storage)
    assert contents(result) == {"x": "own", "y": "parent"}
    (message,) = result.messages("INFO")
    assert message.startswith("Loaded 3 namespace files from 'company, company.team' in 0:00:00")


def test_each_namespace_may_have_a_folder_of_its_own() -> None:
    storage = namespace_storage(company={"x": "parent"}, company_team={"x": "own"})
    options = {"namespaces": ["company", "company.team"], "folderPerNamespace": True}
    result = keep(namespace_files=options, storage=storage)
    assert contents(result) == {"company/x": "parent", "company.team/x": "own"}


@pytest.mark.parametrize(
    ("policy", "content", "warnings"),
    [("OVERWRITE", "own", 0), ("IGNORE", "parent", 0), ("WARN", "parent", 1)],
)
def test_what_is_there_already_is_kept_or_not(policy: str, content: str, warnings: int) -> None:
    storage = namespace_storage(company={"x": "parent"}, company_team={"x": "own"})
    options = {"namespaces": ["company", "company.team"], "ifExists": policy}
    result = keep(namespace_files=options, storage=storage)
    assert contents(result) == {"x": content}
    assert len(result.messages("WARN")) == warnings


def test_what_is_there_already_may_be_a_failure() -> None:
    storage = namespace_storage(company={"x": "parent"}, company_team={"x": "own"})
    options = {"namespaces": ["company", "company.team"], "ifExists": "FAIL"}
    result = keep(namespace_files=options, storage=storage)
    assert result.error == "File 'x' already exists in the working folder"


class Localized(Output):
    text: str


class Localize(Task[Localized]):
    text: Property[str]

    def run(self, ctx: RunContext) -> Localized:
        text = localize(ctx, ctx.render(self.text))
        *_, path = text.split(" ")
        with open(path, encoding="utf-8") as file:
            return Localized(text=text.replace(path, file.read()))


def test_a_storage_uri_in_a_text_becomes_a_path() -> None:
    task = Localize.model_validate({"id": "x", "type": "x", "text": "cat {{ files.data }}"})
    assert run_task(task, files={"data": "stored"}).outputs == {"text": "cat stored"}
