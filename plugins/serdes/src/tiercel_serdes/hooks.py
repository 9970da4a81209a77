"""What this package adds to Tiercel; imported at start-up, so it imports nothing heavy."""

from __future__ import annotations

from tiercel.plugin import Registration, hookimpl

__all__ = ["register_tasks"]

_PREFIX = "io.kestra.plugin.serdes"


@hookimpl
def register_tasks() -> Registration:
    """Return the converters."""
    return {
        (f"{_PREFIX}.csv.CsvToIon", f"{_PREFIX}.csv.CsvReader"): "tiercel_serdes.csv:CsvToIon",
        (f"{_PREFIX}.csv.IonToCsv", f"{_PREFIX}.csv.CsvWriter"): "tiercel_serdes.csv:IonToCsv",
        (f"{_PREFIX}.json.JsonToIon", f"{_PREFIX}.json.JsonReader"): (
            "tiercel_serdes.json:JsonToIon"
        ),
        (f"{_PREFIX}.json.IonToJson", f"{_PREFIX}.json.JsonWriter"): (
            "tiercel_serdes.json:IonToJson"
        ),
    }
