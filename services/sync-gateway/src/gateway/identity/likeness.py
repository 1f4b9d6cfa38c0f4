"""Similarity of two names. Pure."""

from rapidfuzz.distance import OSA


def likeness(one: str, other: str) -> float:
    """1 for equal names down to 0, of name keys (words in lower case without accents).

    The share of letters that need no change: word by word in any order, or over the whole name when the spaces differ
    ("quick stop", "quickstop"). A missing word counts with all its letters, so "maison" does not equal "maison dewey".
    Symmetric. Two empty names have the similarity 0.
    """
    if not one or not other:
        return 0.0
    if one == other:
        return 1.0
    one, other = sorted((one, other))  # Pairs with equal scores need one deterministic order.
    whole: float = OSA.normalized_similarity(one.replace(" ", ""), other.replace(" ", ""))
    return max(whole, _by_words(one.split(), other.split()))


def _by_words(ones: list[str], others: list[str]) -> float:
    letters = max(sum(map(len, ones)), sum(map(len, others)))
    kept = 0
    free_ones, free_others = set(range(len(ones))), set(range(len(others)))
    for gain, i, j in _pairs(ones, others):
        if i in free_ones and j in free_others:
            free_ones.remove(i)
            free_others.remove(j)
            kept += gain
    return kept / letters


def _pairs(ones: list[str], others: list[str]) -> list[tuple[int, int, int]]:
    """Pairs of words with the letters they have in common, the best first."""
    pairs = (
        (max(len(one), len(other)) - OSA.distance(one, other), i, j)
        for i, one in enumerate(ones)
        for j, other in enumerate(others)
    )
    return sorted(pairs, key=lambda pair: (-pair[0], abs(pair[1] - pair[2])))
