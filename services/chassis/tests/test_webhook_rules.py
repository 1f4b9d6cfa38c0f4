"""Which addresses may be called, and how messages are signed."""

import base64

import pytest
from webhooks.rules import headers, is_public, is_receivers_fault, probe_pause, shown


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.8",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::10.0.0.1",
    ],
)
def test_an_address_of_a_private_network_is_not_public_in_any_way_of_writing_it(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::8.8.8.8"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_a_message_is_signed_as_in_the_example_of_the_specification() -> None:
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    made = headers([key, b"former"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    newest, former = made["webhook-signature"].split(" ")
    assert newest == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert former.startswith("v1,")
    assert shown(key) == "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(("status", "fault"), [(None, True), (500, True), (429, True), (301, True), (400, False)])
def test_only_what_any_message_would_meet_pauses_the_receiver(status: int | None, *, fault: bool) -> None:
    assert is_receivers_fault(status) is fault


def test_a_receiver_that_fails_is_tried_once_an_hour_at_least() -> None:
    assert all(probe_pause(failures).total_seconds() <= 3600 for failures in (1, 5, 8, 9, 1000))
