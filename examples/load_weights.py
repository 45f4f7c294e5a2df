"""Load a published version's weights with torch and safetensors alone, and sample ten names from each count model.

    python examples/load_weights.py artifacts [SEED]

Of a home, such as artifacts, the version that serves is taken; artifacts/versions/VERSION is one of your choice.
Nothing of makemore is imported: docs/reference/file-format.md is all that this program knows. Copy what you need.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor


def load(folder: Path) -> tuple[Tensor, Tensor, list[str]]:
    """An automaton: P (S, V), how probable each character is in a state, the state (S, V) it leads to; the characters.

    State 0 is the start of a name. A bigram's state is the character before.
    """
    told = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tensors = load_file(folder / "model.safetensors")
    match told["model_type"]:
        case "bigram":
            counts = tensors["N"].double() + told["config"]["smoothing"]
            totals = counts.sum(dim=1, keepdim=True)
            # At smoothing 0, a character that was never seen has no count at all: anything may follow it.
            P = torch.where(totals > 0, counts / totals, 1 / len(counts))
        case "bigram_net":
            P = tensors["W"].double().softmax(dim=1)
        case "ngram":
            return tensors["log_probs"].double().exp(), tensors["next"], told["chars"]
        case other:
            raise NotImplementedError(f"{other} is no automaton: docs/reference/file-format.md has its formulas")
    return P, torch.arange(len(P)).expand(len(P), -1), told["chars"]


def serving(path: Path) -> Path:
    """The version of a home that serves; the same path if it is one of a version."""
    if not (path / "registry.json").exists():
        return path
    return path / "versions" / json.loads((path / "registry.json").read_text(encoding="utf-8"))["champion"]["version"]


def sample(P: Tensor, following: Tensor, chars: list[str], rng: torch.Generator) -> str:
    """One name: characters drawn from a state's probabilities, from the start until '.' (id 0) comes."""
    name, state = "", 0
    while True:
        ix = int(torch.multinomial(P[state], 1, generator=rng))
        if ix == 0:
            return name
        name, state = name + chars[ix], int(following[state, ix])


def main() -> None:
    """Print ten names of each model of the version."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    version, seed = serving(Path(sys.argv[1])), int(sys.argv[2]) if len(sys.argv) > 2 else 2147483647
    for folder in sorted(path.parent for path in version.glob("models/*/config.json")):
        try:
            automaton = load(folder)
        except NotImplementedError as told:
            print(told)
            continue
        rng = torch.Generator().manual_seed(seed)
        print(f"{folder.name}: {', '.join(sample(*automaton, rng) for _ in range(10))}")


if __name__ == "__main__":
    main()
