from __future__ import annotations

import pytest

from tiercel.plugin import TaskError
from tiercel_jdbc.postgresql_url import connection_parameters


@pytest.mark.parametrize(
    ("url", "parameters"),
    [
        ("//db:5433/shop", {"host": "db", "port": "5433", "dbname": "shop"}),
        ("//db/shop", {"host": "db", "port": "5432", "dbname": "shop"}),
        ("//db", {"host": "db", "port": "5432"}),
        ("//db:5433/", {"host": "db", "port": "5433"}),
        ("//[::1]:5433/x", {"host": "::1", "port": "5433", "dbname": "x"}),
        ("//a:1,b/x", {"host": "a,b", "port": "1,5432", "dbname": "x"}),
        ("//db/my%20shop", {"host": "db", "port": "5432", "dbname": "my shop"}),
        ("shop", {"host": "localhost", "dbname": "shop"}),
        ("/", {"host": "localhost"}),
        ("", {"host": "localhost"}),
        ("///x", {"host": "localhost", "port": "5432", "dbname": "x"}),
    ],
)
def test_a_url_names_hosts_and_a_database(url: str, parameters: dict[str, str]) -> None:
    assert connection_parameters(f"jdbc:postgresql:{url}") == parameters


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("user=me&password=a%26b", {"user": "me", "password": "a&b"}),
        ("ssl=true", {"sslmode": "verify-full"}),
        ("ssl=true&sslmode=require", {"sslmode": "require"}),
        ("ssl=false", {}),
        ("ApplicationName=x", {"application_name": "x"}),
        ("connectTimeout=3", {"connect_timeout": "3"}),
        ("socketTimeout=3", {"tcp_user_timeout": "3000"}),
        ("socketTimeout=0", {}),
        ("targetServerType=preferSecondary", {"target_session_attrs": "prefer-standby"}),
        ("loadBalanceHosts=true", {"load_balance_hosts": "random"}),
        ("tcpKeepAlive=true", {"keepalives": "1"}),
        ("currentSchema=a", {"options": "-c search_path=a"}),
        ("options=-c%20x%3D1&currentSchema=a%20b", {"options": "-c x=1 -c search_path=a\\ b"}),
        ("readOnly=true", {"options": "-c default_transaction_read_only=on"}),
        ("prepareThreshold=0&reWriteBatchedInserts=true", {}),
    ],
)
def test_properties_of_the_driver_become_those_of_libpq(
    query: str, parameters: dict[str, str]
) -> None:
    found = connection_parameters(f"jdbc:postgresql:x?{query}")
    assert found == {"host": "localhost", "dbname": "x", **parameters}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://x",
        "jdbc:mysql://x",
        "jdbc:postgresql://me:hunter2@x/y",
        "jdbc:postgresql://a:b/c",
    ],
)
def test_what_is_no_url_is_explained_without_showing_it(url: str) -> None:
    with pytest.raises(TaskError, match="PostgreSQL URL") as error:
        connection_parameters(url)
    assert "hunter2" not in str(error.value)
