"""The flow of the how-to page, run as it stands against services on loopback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bigquery_server import Result

from tiercel import Tiercel

PAGE = Path(__file__).parents[3] / "docs/howto/use-cloud-storage.md"
TEXT = PAGE.read_text() if PAGE.exists() else ""

# The server may have to be built first.
pytestmark = [
    pytest.mark.service,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not TEXT, reason="the page is in the repository, not in the package"),
]


def test_orders_go_from_cloud_storage_to_bigquery(gcs, bigquery, service_account):
    (flow,) = re.findall(r"^```yaml\n(id: orders_to_bigquery\n.*?)^```$", TEXT, re.M | re.S)
    if gcs.lookup_bucket("my-bucket") is None:
        gcs.create_bucket("my-bucket")
    gcs.bucket("my-bucket").blob("orders.csv").upload_from_string("id,name\n1,Ada\n2,Bob\n")
    fields = [{"name": "orders", "type": "INTEGER"}]
    bigquery.results["SELECT count(*) AS orders FROM demo.orders"] = Result(fields, [["7"]])
    with Tiercel(environ={"TIERCEL_SECRET_GCP_SERVICE_ACCOUNT": service_account}) as tiercel:
        execution = tiercel.run(flow, timeout=30)
        assert execution.state == "SUCCESS", tiercel.logs(execution.id)
        assert tiercel.logs(execution.id)[-1].message == "2 rows loaded, 7 orders in all"
    assert bigquery.tables["my-project.demo.orders"] == [["1", "Ada"], ["2", "Bob"]]
