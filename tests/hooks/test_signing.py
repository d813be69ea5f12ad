"""What is sent is signed as the Standard Webhooks convention says; secrets are shown nowhere."""

from __future__ import annotations

import pytest

from mirror.errors import ConfigurationError
from mirror.hooks.signing import Secrets, make_secret
from tests.hooks.receiving import SECRET, example

BODY = b'{"test": 2432232314}'
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
SECOND = 1614265330


def test_a_signature_is_that_of_the_convention() -> None:
    """The example by which its libraries are tested."""
    headers = Secrets.parse(SECRET).headers(MESSAGE, SECOND, BODY)

    assert headers == {
        "webhook-id": MESSAGE,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_of_several_secrets_signs() -> None:
    other = make_secret(lambda count: b"o" * count)
    headers = Secrets.parse(f"{other}\n{SECRET}\n").headers(MESSAGE, SECOND, BODY)
    both = headers["webhook-signature"].split()

    assert len(both) == 2
    assert both[1] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_without_a_secret_nothing_is_signed() -> None:
    assert "webhook-signature" not in Secrets().headers(MESSAGE, SECOND, BODY)


@pytest.mark.parametrize(
    "text",
    ["", "hunter2", SECRET.removeprefix("whsec_"), "whsec_c2hvcnQ=", "whsec_!!", f"{SECRET}\n" * 5],
)
def test_what_is_no_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Secrets.parse(text)

    assert not text or text.strip() not in str(caught.value)


def test_a_secret_is_not_in_the_text_of_what_holds_it() -> None:
    assert "MfKQ" not in repr(Secrets.parse(SECRET))
    assert repr(Secrets.parse(SECRET)) == "Secrets()"


def test_the_example_for_receivers_takes_what_is_signed_and_nothing_else() -> None:
    """The code of the document: a changed body, another secret, an old second, a repetition."""
    read, seen = example(), set[str]()
    headers = Secrets.parse(SECRET).headers(MESSAGE, SECOND, BODY)
    other = make_secret(lambda count: b"o" * count)

    assert read(headers, BODY, SECRET, seen, now=SECOND + 10) == {"test": 2432232314}
    assert read(headers, BODY, SECRET, seen, now=SECOND + 20) is None
    for body, secret, later in ((b"{}", SECRET, 0), (BODY, other, 0), (BODY, SECRET, 301)):
        with pytest.raises(ValueError, match=r"not signed|too old"):
            read(headers, body, secret, set(), now=SECOND + later)
