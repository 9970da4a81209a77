"""What no database should hold is referenced, and whoever looks at the execution is answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from probe import Engine

from tiercel import Settings, State
from tiercel.cli.main import main
from tiercel.parts import open_repository, open_storage
from tiercel.plugin.registry import Registry

VALUES = {
    "a text of 100 MB": lambda: "x" * 100_000_000,
    "a text of 20 million characters": lambda: "ü\n" * 10_000_000,
    "a map of 100,000 keys": lambda: {f"key {number}": number for number in range(100_000)},
}


def engine(home: Path) -> Engine:
    settings = Settings(home=home)
    return Engine(
        settings=settings,
        repository=open_repository(settings, Registry()),
        storage=open_storage(settings, Registry()),
    )


@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES.keys())
def test_a_value_that_is_too_big_is_referenced(
    make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def give(ctx: Any) -> Any:
        return make()

    def look(ctx: Any) -> str:
        return str(ctx.render_text("{{ outputs.give.value | length }}"))

    big = engine(tmp_path)
    big.on(give)
    big.on(look)
    with big.tiercel:
        execution = big.run("give", "look")
    outputs = {each.task_id: each.outputs for each in execution.task_runs.values()}
    assert execution.state is State.SUCCESS
    assert outputs["look"] == {"value": str(len(make()))}
    assert outputs["give"].keys() == {"$ref", "$bytes", "$sealed"}
    assert sum(path.stat().st_size for path in tmp_path.glob("tiercel.db*")) < 2_000_000
    for command in ("show", "logs", "outputs"):
        with pytest.raises(SystemExit) as end:
            main(["executions", command, execution.id, "--json", "--home", str(tmp_path)])
        assert end.value.code == 0
        shown = capsys.readouterr().out
    (found,) = [each for each in json.loads(shown)["tasks"] if each["taskId"] == "give"]
    assert found["outputs"] == {"value": make()}
