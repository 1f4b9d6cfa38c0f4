"""The port of the shop: what the gateway delivers. services/JOIN.md has the rules, in this order."""

from typing import Any

from shop.store import REQUIRED, Row, Transaction, knows

Item = dict[str, Any]
ORDER = ("rejected", "skipped", "applied", "already")


def apply(work: Transaction, kind: str, item: Item) -> Item:
    """The outcome of one item."""
    row = work.find(kind, "local_id", item["local_id"]) if item.get("local_id") else None
    row = row or work.find(kind, "canonical_id", item["canonical_id"])
    if row is None and item.get("local_id"):
        return {**_whole(item, "skipped"), "problem": _problem("row-gone", "The record no longer exists here")}
    if row is not None:
        return _update(work, row, item)
    values = {each["group"]: each["value"] for each in item["groups"]}
    if missing := [group for group in REQUIRED[kind] if values.get(group) is None]:
        problem = _problem("incomplete", f"A new record needs {', '.join(missing)}")
        return {**_whole(item, "rejected"), "problem": problem}
    if any(row.content.get("name") == values.get("name") for row in work.rows(kind, "canonical_id is null")):
        return _whole(item, "skipped")
    return _update(work, Row(kind, canonical_id=item["canonical_id"]), item)


def _update(work: Transaction, row: Row, item: Item) -> Item:
    linked = row.canonical_id is None or row.seq == 0
    changes, outcomes, problems, ahead = [], {}, {}, {}
    for each in item["groups"]:
        group, value, rev = each["group"], each["value"], each["rev"]
        outcome = outcomes[group] = _decide(row, group, rev, item)
        if outcome == "rejected":
            problems[group] = _problem("unknown-group", f"The shop has no group {group}")
        elif outcome == "applied":
            old = row.content.get(group)
            work.store(row, group, value, rev, item.get("seen"))
            if old != value:
                changes.append({"group": group, "old": old, "new": value, "ctx": rev})
        elif rev < row.mark(group).get("rev", 0):
            ahead[group] = row.mark(group)["rev"]
    row.canonical_id = row.canonical_id or item["canonical_id"]
    row.hlc = max(row.hlc, item.get("hlc", 0))
    row.peers = item.get("peers") or row.peers
    if changes or linked:
        work.announce(row, changes, "gateway", "gateway")
    else:
        work.save(row)
    return {
        "canonical_id": item["canonical_id"],
        "outcome": next((each for each in ORDER if each in outcomes.values()), "already"),
        "local_id": row.local_id,
        "seq": row.seq,
        "groups": outcomes,
        "ahead": ahead,
        "problem": next(iter(problems.values()), None),
        "problems": problems,
    }


def _decide(row: Row, group: str, rev: int, item: Item) -> str:
    mark, last = row.mark(group), item.get("last_merged")
    edited = (mark.get("at") or 0, mark.get("seq", 0))
    if rev <= mark.get("rev", 0):
        return "already"
    if edited[1] > item.get("seen_seq", 0) or (last and edited > (last["time_us"], last["seq"])):
        return "skipped"
    return "applied" if knows(row.kind, group) else "rejected"


def _whole(item: Item, outcome: str) -> Item:
    groups = {each["group"]: outcome for each in item["groups"]}
    named = {"canonical_id": item["canonical_id"], "outcome": outcome, "local_id": None, "seq": 0}
    return {**named, "groups": groups, "ahead": {}, "problem": None, "problems": {}}


def _problem(code: str, title: str) -> Item:
    return {"type": f"/problems/{code}", "title": title, "status": 409}
