"""Which of several evaluations of one set-up on one set stands for it. Pure."""


def rank(ended: str, answered: int, when_s: float) -> tuple[bool, int, float]:
    """The highest stands: the newest run of all items, else the part with the most answers, else the newest.

    `ended`: as `Evaluation.ended`. A few items tried out later do not take the place of the whole set.

    >>> max(rank("all", 500, 1.0), rank("item_limit", 5, 2.0))
    (True, 0, 1.0)
    """
    is_whole = ended == "all"
    return is_whole, 0 if is_whole else answered, when_s
