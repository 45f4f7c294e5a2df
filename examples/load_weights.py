"""Load a published version's weights with numpy and safetensors alone, and sample ten names from each count model.

    python examples/load_weights.py artifacts [SEED]

A home, such as artifacts, stands for its champion; artifacts/versions/VERSION selects a version. The program does not
import makemore and relies only on docs/reference/file-format.md. Copy the parts that you need.
"""

import json
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file


def load(folder: Path) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return an automaton: P (S, V), the probability of each character in a state; next states (S, V); characters.

    State 0 is the start of a name. The state of a bigram is the previous character.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tensors = load_file(folder / "model.safetensors")
    match config["model_type"]:
        case "bigram":
            weights = tensors["N"] + float(config["config"]["smoothing"])
            # At smoothing 0, the row of an unseen character is all zeros: its distribution is uniform.
            weights[weights.sum(axis=1) == 0] = 1
        case "bigram_net":
            weights = np.exp(tensors["W"].astype(np.float64))
        case "ngram":
            weights = np.exp(tensors["log_probs"].astype(np.float64))
        case other:
            raise NotImplementedError(
                f"{other} is not an automaton. hint: docs/reference/file-format.md has its formulas"
            )
    P = weights / weights.sum(axis=1, keepdims=True)
    following = tensors["next"] if "next" in tensors else np.broadcast_to(np.arange(len(P)), P.shape)
    return P, following, config["chars"]


def version_of(path: Path) -> Path:
    """Return the champion of a home; a version is returned unchanged."""
    if not (path / "registry.json").exists():
        return path
    return path / "versions" / json.loads((path / "registry.json").read_text(encoding="utf-8"))["champion"]["version"]


def sample(P: np.ndarray, following: np.ndarray, chars: list[str], rng: np.random.Generator) -> str:
    """Return one name: characters drawn from the start state until '.' (id 0) is drawn."""
    name, state = "", 0
    while True:
        ix = int(rng.choice(len(chars), p=P[state]))
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
        rng = np.random.default_rng(seed)
        print(f"{folder.name}: {', '.join(sample(*automaton, rng) for _ in range(10))}")


if __name__ == "__main__":
    main()
