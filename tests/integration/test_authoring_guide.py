"""The guide for authors, done as it stands: from an empty folder to a plugin in use.

Everything comes from the Markdown of docs/howto/write-a-plugin.md alone. The author's environment
and the user's, which the guide makes, have nothing of this workspace but wheels.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent / "lsp"))
sys.path.insert(0, str(Path(__file__).parents[1] / "docs"))

from client import CURSOR, Editor, editor
from player import Block, Page, blocks
from wheelhouse import STANDARD, build_wheels, install

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("authoring")]

PAGE = "docs/howto/write-a-plugin.md"
KEY = "k3y-of-acme"
TOOLS = ["tiercel[lsp]", "tiercel-core[testing]", "hatchling", "editables", "mypy", "ruff"]


class Guide(Page):
    """Plays the guide for an author, and makes the environment of a user as the guide says.

    Attributes:
        author: the `bin` folder of the author's environment.
        user: that of the user's.
    """

    def __init__(self, folder: Path, wheels: list[Path]) -> None:
        super().__init__(folder)
        self.author = folder / ".venv/bin"
        self.user = folder / "fresh/bin"
        self._wheels = wheels
        self.env = {
            **{key: value for key, value in os.environ.items() if not key.startswith("TIERCEL")},
            "PATH": f"{self.author}{os.pathsep}{os.environ['PATH']}",
            "TIERCEL_HOME": str(folder / "home"),
            "XDG_CACHE_HOME": str(folder / "cache"),
            "NO_COLOR": "1",
            "COLUMNS": "100",
        }
        venv.create(folder / ".venv")
        install(self.author / "python", wheels, *TOOLS)

    def elsewhere(self, block: Block) -> None:
        """Run it here: this is where it can."""
        if "$ git " in block.text:
            self._make_repository()
        self.console(block)

    def _make_repository(self) -> None:
        """Give the project the repository, and the remote one, that its author has by now."""
        self.env |= {
            f"GIT_{who}_{what}": "author@acme.test"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        git = ["git", "-C", "acme-words"]
        for command in (
            ["git", "init", "--quiet", "--bare", "remote.git"],
            ["git", "init", "--quiet", "--initial-branch", "main", "acme-words"],
            [*git, "remote", "add", "origin", str(self.folder / "remote.git")],
            [*git, "commit", "--quiet", "--allow-empty", "--message", "Nothing yet"],
        ):
            subprocess.run(command, cwd=self.folder, env=self.env, check=True)

    def run(self, command: str, expected: list[str], where: str) -> None:
        """Run a command of the guide; what is installed comes from the wheels and the lock."""
        program, *arguments = command.split()
        if program.endswith("pip") and arguments[0] == "install":
            python = self.user if program.startswith("fresh") else self.author
            named = [self._path(each.strip("'")) for each in arguments[1:]]
            isolated = [] if program.startswith("fresh") else ["--no-build-isolation"]
            install(python / "python", self._wheels, *isolated, *named)
        else:
            super().run(command, expected, where)

    def argv(self, program: str, arguments: list[str], where: str) -> list[str]:
        """Return what is run for a command: programs are those of the environments."""
        if program == "pip":
            return super().argv(program, arguments, where)
        if program == "python":
            return [sys.executable, *arguments]
        if program.startswith("fresh/"):
            return [str(self.folder / program), *arguments]
        return [program, *arguments]

    def _path(self, name: str) -> str:
        path = self.folder / name
        return str(path) if path.exists() else name

    def tiercel(self, *arguments: str, code: int = 0, **env: str) -> str:
        """Run the user's `tiercel` and return its standard output."""
        done = subprocess.run(
            [self.user / "tiercel", *arguments],
            cwd=self.folder,
            env=self.env | env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def json(self, *arguments: str, **options: Any) -> Any:
        """Run the user's `tiercel` and return what it writes as JSON."""
        return json.loads(self.tiercel(*arguments, "--json", **options))

    def outputs(self, execution_id: str, *options: str) -> Any:
        """Return the outputs of the task `report` of an execution."""
        asked = ["executions", "outputs", execution_id, "--task", "report", *options]
        (task,) = self.json(*asked)["tasks"]
        return task["outputs"]


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Guide:
    """The guide, done to its end."""
    wheels = build_wheels(tmp_path_factory.mktemp("wheels"), STANDARD)
    guide = Guide(tmp_path_factory.mktemp("guide"), wheels)
    for block in blocks(PAGE):
        guide.play(block)
    return guide


@pytest.fixture(scope="module")
def execution_id(guide: Guide) -> str:
    """An execution of the guide's flow in the user's environment."""
    given = ["acme-words/examples/report.yaml", "--input", "text=the cat and the dog"]
    done = guide.json("run", *given, TIERCEL_SECRET_SIGNING_KEY=KEY)
    assert done["outputs"]["words"] == 5
    return str(done["id"])


@pytest.fixture(scope="module")
def schema(guide: Guide) -> dict[str, Any]:
    """The schema in the user's environment."""
    exported: dict[str, Any] = json.loads(guide.tiercel("schema", "export"))
    return exported


@pytest.fixture(scope="module")
def ed(guide: Guide) -> Iterator[Editor]:
    """An editor that asks the user's language server."""
    with editor(guide.folder, [str(guide.user / "tiercel"), "lsp"], guide.env) as opened:
        yield opened


def test_the_user_has_wheels_and_nothing_of_the_workspace(guide: Guide) -> None:
    program = "import acme_words, tiercel; print(acme_words.__file__, tiercel.__file__)"
    found = subprocess.check_output([guide.user / "python", "-c", program], text=True)
    assert [Path(each).is_relative_to(guide.folder / "fresh") for each in found.split()] == [
        True,
        True,
    ]


def test_the_project_passes_the_checks_of_its_workflow(guide: Guide) -> None:
    workflow = yaml.safe_load((guide.folder / "acme-words/.github/workflows/ci.yml").read_text())
    steps = [step["run"] for step in workflow["jobs"]["check"]["steps"] if "run" in step]
    checks = [each for each in steps if "pip install" not in each]
    assert checks == ["ruff check", "ruff format --check", "mypy", "pytest"]
    for check in checks:
        project = guide.folder / "acme-words"
        done = subprocess.run(
            check.split(), cwd=project, env=guide.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_published_is_what_the_tag_has(guide: Guide, tmp_path: Path) -> None:
    clone = ["git", "clone", "--quiet", "--branch", "v0.2.0", guide.folder / "remote.git", "tag"]
    subprocess.run(clone, cwd=tmp_path, env=guide.env, check=True, stderr=subprocess.DEVNULL)
    uv = Path(sys.executable).with_name("uv")
    here = ["--offline", "--no-build-isolation", "--python", guide.author / "python"]
    subprocess.run([uv, "build", "--quiet", *here, tmp_path / "tag"], env=guide.env, check=True)
    found = sorted(each.name for each in (tmp_path / "tag/dist").glob("acme*"))
    assert found == ["acme_words-0.2.0-py3-none-any.whl", "acme_words-0.2.0.tar.gz"]


def test_the_tools_that_the_project_names_can_be_installed(guide: Guide) -> None:
    group = guide.folder / "acme-words/pyproject.toml:dev"
    install(guide.author / "python", guide._wheels, "--dry-run", "--group", group)


# --- running --------------------------------------------------------------------------------


def test_outputs_are_those_of_the_task(guide: Guide, execution_id: str) -> None:
    outputs = guide.outputs(execution_id)
    assert outputs["words"] == 5
    assert len(outputs["signature"]) == 64


def test_the_file_is_stored_and_can_be_read(guide: Guide, execution_id: str) -> None:
    uri = guide.outputs(execution_id)["uri"]
    assert uri.startswith("kestra:///company/team/report/executions/")
    assert guide.tiercel("storage", "cat", uri) == "word,count\nand,1\ncat,1\ndog,1\nthe,2\n"


def test_the_metric_is_recorded(guide: Guide, execution_id: str) -> None:
    program = (
        "import sys; from tiercel import Tiercel\n"
        "with Tiercel(home=sys.argv[1]) as tiercel:\n"
        "    print(*((m.name, m.kind, m.value) for m in tiercel.metrics(sys.argv[2])))"
    )
    command = [guide.user / "python", "-c", program, guide.env["TIERCEL_HOME"], execution_id]
    assert subprocess.check_output(command, text=True) == "('words', 'counter', 5.0)\n"


def test_the_secret_is_masked_in_the_log_and_nowhere_in_the_home_folder(
    guide: Guide, execution_id: str
) -> None:
    assert "signed with ******" in guide.tiercel("executions", "logs", execution_id)
    files = [path for path in (guide.folder / "home").rglob("*") if path.is_file()]
    assert files
    assert [path.name for path in files if KEY.encode() in path.read_bytes()] == []


def test_a_file_that_is_put_into_the_folder_starts_an_execution(guide: Guide) -> None:
    inbox = guide.folder / "inbox"
    inbox.mkdir()
    command = [guide.user / "tiercel", "daemon", "acme-words/examples", "--home", "watched"]
    with (guide.folder / "daemon.txt").open("wb") as told:
        daemon = subprocess.Popen(command, cwd=guide.folder, env=guide.env, stderr=told)
    try:
        (guide.folder / "letter.new").write_text("to be or not to be")
        (guide.folder / "letter.new").rename(inbox / "letter.txt")
        found = eventually(lambda: ended(guide.json("executions", "list", "--home", "watched")))
    finally:
        daemon.terminate()
        daemon.wait(30)
    assert found["flowId"] == "inbox"
    assert [path.name for path in inbox.iterdir()] == ["letter.txt.taken"]
    assert guide.outputs(found["id"], "--home", "watched")["words"] == 6


def ended(executions: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((each for each in executions if each["state"]["current"] == "SUCCESS"), None)


def eventually(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 60
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return found


def test_the_flow_test_runs(guide: Guide) -> None:
    (case,) = guide.json("test", "acme-words/tests")
    assert (case["case"], case["outcome"]) == ("short_words_are_left_out", "passed")


# --- schema and pages -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "wrong"),
    [
        ("acme-words/examples/report.yaml", False),
        ("acme-words/examples/inbox.yaml", False),
        ("old.yaml", False),
        ("wrong.yaml", True),
    ],
)
def test_the_schema_takes_what_is_right(
    file: str, wrong: bool, schema: dict[str, Any], guide: Guide
) -> None:
    flow = yaml.safe_load((guide.folder / file).read_text())
    assert Draft7Validator(schema).is_valid(flow) is not wrong


def test_the_schema_describes_nested_options_and_the_choice_among_words(
    schema: dict[str, Any],
) -> None:
    definitions = schema["definitions"]
    options = definitions["acme.words.Report"]["properties"]["options"]
    assert options["description"] == "What is in the report."
    members = definitions[options["$ref"].rpartition("/")[2]]["properties"]
    assert members["minLength"]["description"] == "Words shorter than this are left out."
    assert members["minLength"]["default"] == 1
    order = members["order"]["anyOf"][0]["$ref"].rpartition("/")[2]
    assert definitions[order]["enum"] == ["COUNT", "WORD"]


def test_the_schema_says_what_is_deprecated(schema: dict[str, Any]) -> None:
    members = schema["definitions"]["acme.words.Report"]["properties"]
    assert [name for name, each in members.items() if each.get("deprecated")] == ["minLength"]
    assert members["minLength"]["description"].startswith("Deprecated. Write `options.minLength`")


def test_there_is_a_page_of_the_documentation_for_each_type(guide: Guide, tmp_path: Path) -> None:
    guide.tiercel("plugins", "docs", str(tmp_path), "--package", "acme-words")
    page = (tmp_path / "acme.words.Report.md").read_text()
    for part in (
        "Older names that work as well: `acme.words.Count`.",
        "- `order` (one of `COUNT`, `WORD`, dynamic): The commonest word first",
        "- `words` (counter): How many words there are.",
        "- `signature` (string): The HMAC-SHA256 of the report",
        "**deprecated**",
    ):
        assert part in page
    assert "acme.words.Inbox.md" in (tmp_path / "index.md").read_text()


# --- checks and the editor ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "code", "found"),
    [("wrong.yaml", 3, ["TC002", "TC103"]), ("old.yaml", 0, ["TC009"])],
)
def test_the_checker_knows_properties_outputs_and_what_is_deprecated(
    file: str, code: int, found: list[str], guide: Guide
) -> None:
    assert [each["code"] for each in guide.json("check", file, code=code)] == found


@pytest.mark.parametrize(
    ("expression", "codes"),
    [
        ("outputs.report.words + 1", []),
        ("outputs.report.words.size", ["TC105"]),
        ("outputs.report.words | split(',')", ["TC301"]),
        ("trigger.name | upper", []),
        ("trigger.nmae", ["TC105"]),
    ],
)
def test_the_checker_knows_the_types_of_outputs(
    expression: str, codes: list[str], guide: Guide
) -> None:
    task = '  - {id: b, type: acme.words.Report, text: "{{ TEXT }}"}\n'.replace("TEXT", expression)
    trigger = "triggers:\n  - {id: t, type: acme.words.Inbox, folder: inbox}\n"
    flow = written("typed", f"{REPORT}    text: a\n{task}{trigger}")
    (guide.folder / "typed.yaml").write_text(flow)
    found = guide.json("check", "typed.yaml", code=3 if codes else 0)
    assert [each["code"] for each in found] == codes


def written(flow: str, end: str) -> str:
    """Return a flow that goes on with a text, the cursor in it."""
    return f"id: {flow}\nnamespace: company.team\ntasks:\n{end}"


REPORT = "  - id: report\n    type: acme.words.Report\n"


@pytest.mark.parametrize(
    ("end", "labels"),
    [
        (f"  - id: a\n    type: acme.wo{CURSOR}\n", {"acme.words.Report"}),
        (f"{REPORT}    {CURSOR}\n", {"text", "options", "key"}),
        (f"{REPORT}    options:\n      {CURSOR}\n", {"minLength", "order"}),
        (f"{REPORT}    options:\n      order: {CURSOR}\n", {"COUNT", "WORD"}),
        (
            f"{REPORT}    text: a\n  - id: b\n    type: acme.words.Report\n"
            f'    text: "{{{{ outputs.report.{CURSOR} }}}}"\n',
            {"words", "uri", "signature"},
        ),
    ],
    ids=["type", "property", "option", "choice", "output"],
)
def test_the_language_server_completes(
    end: str, labels: set[str], ed: Editor, request: pytest.FixtureRequest
) -> None:
    name = f"{request.node.callspec.id}.yaml"
    items = ed.ask("textDocument/completion", ed.open(name, written("completed", end)))
    offered = {each["label"] for each in items}
    assert labels <= offered
    assert "minLength" not in offered or "options" not in offered


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (f"{REPORT}    op{CURSOR}tions:\n      order: WORD\n", "What is in the report."),
        (
            f"{REPORT}    options:\n      or{CURSOR}der: WORD\n",
            "The commonest word first, or the words from A to Z.",
        ),
        (
            f"{REPORT}    text: a\n  - id: b\n    type: acme.words.Report\n"
            f'    text: "{{{{ outputs.report.u{CURSOR}ri }}}}"\n',
            "The report, a CSV file.",
        ),
        (
            f"{REPORT}    text: a\n  - id: b\n    type: acme.words.Report\n"
            f'    text: "{{{{ outputs.report.wo{CURSOR}rds }}}}"\n',
            "`words: a number`",
        ),
    ],
    ids=["property", "option", "output", "type of an output"],
)
def test_the_language_server_explains(
    end: str, text: str, ed: Editor, request: pytest.FixtureRequest
) -> None:
    place = ed.open(f"hover-{request.node.callspec.id}.yaml", written("explained", end))
    assert text in ed.ask("textDocument/hover", place)["contents"]["value"]


def test_the_language_server_warns_of_what_is_deprecated(guide: Guide, ed: Editor) -> None:
    ed.open("deprecated.yaml", (guide.folder / "old.yaml").read_text())
    (found,) = ed.diagnostics("deprecated.yaml")
    assert found["code"] == "TC009"
    assert "Write `options.minLength`" in found["message"]
