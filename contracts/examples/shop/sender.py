"""Sends the shop's events to the gateway, in order, until each is acknowledged or refused."""

import threading
from collections.abc import Callable

import httpx

from shop.store import Store

MOST_EVENTS = 50
IDLE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 5.0


def send_once(store: Store, client: httpx.Client, token: Callable[[], str]) -> int:
    """Send the oldest events; how many were settled. Raises `httpx.HTTPError`: send the same again later."""
    with store.transaction() as work:
        waiting = work.waiting(MOST_EVENTS)
    if not waiting:
        return 0
    events = [event for _, event in waiting]
    headers = {"Authorization": f"Bearer {token()}"}
    answer = client.post("/v1/systems/shop/events", json={"events": events}, headers=headers).raise_for_status()
    with store.transaction() as work:
        for (position, _), outcome in zip(waiting, answer.json()["items"], strict=True):
            state = "refused" if outcome["outcome"] == "refused" else "sent"
            work.settle(position, state, outcome["reason"])
    return len(waiting)


def send_all(store: Store, gateway: str, token: Callable[[], str], stop: threading.Event) -> None:
    """Send until `stop`; while the gateway refuses the shop or is away, try again after growing pauses."""
    pause = IDLE_SECONDS
    with httpx.Client(base_url=gateway, timeout=10) as client:
        while not stop.is_set():
            try:
                sent = send_once(store, client, token)
                pause = IDLE_SECONDS
            except httpx.HTTPError:
                sent, pause = 0, min(2 * pause, LONGEST_PAUSE_SECONDS)
            if not sent:
                stop.wait(pause)
