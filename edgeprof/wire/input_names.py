"""A name for each input of a TFLite graph, also where the file has none or repeats one. Pure; for both sides."""

from collections.abc import Iterable, Mapping, Sequence

NAMELESS = "input"


def input_labels(names: Sequence[str], indices: Sequence[int], of_signature: Mapping[str, int]) -> list[str]:
    """The tensors' own names; the signature's (name -> index) where those are missing or repeat; else numbered."""
    if len(set(names)) == len(names) and all(names):
        return list(names)
    by_index = {index: name for name, index in of_signature.items() if name}
    if all(index in by_index for index in indices):
        return [by_index[index] for index in indices]
    return unique_names(names)


def unique_names(names: Iterable[str]) -> list[str]:
    """`x`, `x (2)`: a name that came before gets a number, and a missing one is `input`."""
    wanted = [name or NAMELESS for name in names]
    labels: list[str] = []
    for name in wanted:
        number, label = 1, name
        while label in labels or (number > 1 and label in wanted):
            number += 1
            label = f"{name} ({number})"
        labels.append(label)
    return labels
