"""Turns constraints into automata and samples names that satisfy them.

Imports models and root modules.

- `requests`: number of names, model, seed and constraints; request files
- `constraints`: the automaton of each constraint, lengths and excluded names
- `trie`: prefixes of excluded names
- `automaton`: models of finitely many states as tables, decoding
- `trellis`: backward probabilities of an automaton under constraints
- `backward`: the backward pass over a semiring
- `guided`: importance-weighted proposals of a net
- `net_sampler`: blocks of names of a net under constraints, in torch
- `samplers`: blocks of names of any model under constraints; imports `net_sampler` for nets alone
- `sample`: samples of n names, by seed and shard
- `best`: the most probable names
"""

__all__ = [
    "automaton", "backward", "best", "constraints", "guided", "net_sampler", "requests", "sample", "samplers",
    "trellis", "trie",
]  # fmt: skip
