"""The short way for plain e-mail addresses accepts exactly what the library accepts."""

from contracts.values import EmailText
from email_validator import EmailNotValidError, validate_email
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

ADDRESS = TypeAdapter(EmailText)
LOCAL_PARTS = st.from_regex(r"[A-Za-z0-9_+.\-ü\"!]{1,66}", fullmatch=True)
DOMAINS = st.one_of(
    st.from_regex(r"[a-z0-9\-.]{1,20}\.[a-z0-9]{1,4}", fullmatch=True),
    st.sampled_from(["example.com", "EXAMPLE.com", "müller.de", "localhost", "test", "a.invalid", "[127.0.0.1]", ""]),
)


def _is_accepted(text: str) -> bool:
    try:
        ADDRESS.validate_python(text)
    except ValidationError:
        return False
    return True


@given(LOCAL_PARTS, DOMAINS)
@example("a" * 64, "example.com")
@example("a" * 65, "example.com")
@example(".a", "example.com")
@example("a..b", "example.com")
@settings(max_examples=300, deadline=None)
def test_an_address_is_accepted_exactly_when_the_library_accepts_it(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    assume(len(text) >= 3)
    try:
        validate_email(text, check_deliverability=False)
        expected = True
    except EmailNotValidError:
        expected = False
    assert _is_accepted(text) is expected
