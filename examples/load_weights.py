"""Load a published version's weights with torch and safetensors alone, and sample ten names from each count model.

    python examples/load_weights.py artifacts [SEED]

A home, such as artifacts, stands for its champion; artifacts/versions/VERSION selects a version. The program does not
import makemore and relies only on docs/reference/file-format.md. Copy the parts that you need.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor


def load(folder: Path) -> tuple[Tensor, Tensor, list[str]]:
    """Return an automaton: P (S, V), the probability of each character in a state; next states (S, V); characters.

    State 0 is the start of a name. The state of a bigram is the previous character.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tensors = load_file(folder / "model.safetensors")
    match config["model_type"]:
        case "bigram":
            counts = tensors["N"].double() + config["config"]["smoothing"]
            totals = counts.sum(dim=1, keepdim=True)
            # At smoothing 0, the row of an unseen character is all zeros: its distribution is uniform.
            P = torch.where(totals > 0, counts / totals, 1 / len(counts))
        case "bigram_net":
            P = tensors["W"].double().softmax(dim=1)
        case "ngram":
            return tensors["log_probs"].double().exp(), tensors["next"], config["chars"]
        case other:
            raise NotImplementedError(
                f"{other} is not an automaton. hint: docs/reference/file-format.md has its formulas"
            )
    return P, torch.arange(len(P)).expand(len(P), -1), config["chars"]


def version_of(path: Path) -> Path:
    """Return the champion of a home; a version is returned unchanged."""
    if not (path / "registry.json").exists():
        return path
    return path / "versions" / json.loads((path / "registry.json").read_text(encoding="utf-8"))["champion"]["version"]


def sample(P: Tensor, following: Tensor, chars: list[str], rng: torch.Generator) -> str:
    """Return one name: characters drawn from the start state until '.' (id 0) is drawn."""
    name, state = "", 0
    while True:
        ix = int(torch.multinomial(P[state], 1, generator=rng))
        if ix == 0:
            return name
        name, state = name + chars[ix], int(following[state, ix])


def main() -> None:
    """Print ten names from each model of the version."""
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    version, seed = version_of(Path(sys.argv[1])), int(sys.argv[2]) if len(sys.argv) > 2 else 2147483647
    for folder in sorted(path.parent for path in version.glob("models/*/config.json")):
        try:
            automaton = load(folder)
        except NotImplementedError as error:
            print(error)
            continue
        rng = torch.Generator().manual_seed(seed)
        print(f"{folder.name}: {', '.join(sample(*automaton, rng) for _ in range(10))}")


if __name__ == "__main__":
    main()
