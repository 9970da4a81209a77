from __future__ import annotations

import base64
import json
import threading
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.engine.services.masking import MASK, Masker

SECRET = "p@ss w?rd/+ü\"'"


def masker(*secrets: str) -> Masker:
    """Return a masker that knows some secrets."""
    made = Masker()
    for secret in secrets:
        made.add(secret)
    return made


FORMS = {
    "raw": SECRET,
    "upper case": SECRET.upper(),
    "backwards": SECRET[::-1],
    "JSON": json.dumps(SECRET)[1:-1],
    "JSON without escapes": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "URL": quote(SECRET, safe=""),
    "form": quote_plus(SECRET),
    "path": quote(SECRET),
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "hexadecimal": SECRET.encode().hex(),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_masked_however_it_is_written(form: str) -> None:
    assert FORMS[form] not in masker(SECRET).mask(f"before {FORMS[form]} after")


def test_what_is_around_a_secret_stays() -> None:
    assert masker("hunter2").mask("user=me&password=hunter2!") == f"user=me&password={MASK}!"


@given(before=st.binary(max_size=9), after=st.binary(max_size=9), secret=st.text(min_size=8))
def test_a_secret_is_masked_inside_anything_that_was_encoded(
    before: bytes, after: bytes, secret: str
) -> None:
    data = secret.encode("utf-8", "surrogatepass")
    whole = base64.b64encode(before + data + after).decode()
    urlsafe = base64.urlsafe_b64encode(before + data + after).decode()
    known = masker(secret)
    assert MASK in known.mask(whole)
    assert MASK in known.mask(urlsafe)


@given(st.lists(st.text(min_size=3), max_size=5), st.text())
def test_no_known_secret_is_left(secrets: list[str], text: str) -> None:
    masked = masker(*secrets).mask(text + "".join(secrets))
    for secret in secrets:
        assert secret not in masked.replace(MASK, "\0") or secret in MASK


def test_a_basic_header_is_masked() -> None:
    header = base64.b64encode(b"user:hunter2hunter2").decode()
    assert "hunter2hunter2" not in str(masker("hunter2hunter2").mask(header))
    assert MASK in masker("hunter2hunter2").mask(header)


def test_the_lines_of_a_key_are_masked_one_by_one() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----"
    assert masker(key).mask("kqhkiG9w0BAQEF") == MASK


def test_the_longest_secret_goes_first() -> None:
    assert masker("secret", "secret-and-more").mask("secret-and-more") == MASK


@pytest.mark.parametrize("secret", ["", "a", "ab"])
def test_what_is_too_short_to_hide_blanks_nothing_out(secret: str) -> None:
    assert masker(secret).mask("abacus") == "abacus"


def test_variants_of_a_short_secret_are_left_alone() -> None:
    assert masker("abc").mask("abc ABC cba") == f"{MASK} ABC cba"


def test_data_is_masked_in_its_texts_only() -> None:
    data = {"hunter2": ["hunter2", 1, None, {"x": "a hunter2"}], "n": 2.5}
    assert masker("hunter2").mask_all(data) == {
        "hunter2": [MASK, 1, None, {"x": f"a {MASK}"}],
        "n": 2.5,
    }


def test_secrets_may_be_added_while_others_are_masked() -> None:
    known = masker("first-secret")
    adding = threading.Thread(
        target=lambda: [known.add(f"secret number {number}") for number in range(300)]
    )
    adding.start()
    while adding.is_alive():
        assert known.mask("first-secret") == MASK
    adding.join()
    assert known.mask("secret number 299") == MASK


def test_query_strings_are_masked() -> None:
    assert "w%3Frd" not in masker(SECRET).mask(urlencode({"key": SECRET}))
