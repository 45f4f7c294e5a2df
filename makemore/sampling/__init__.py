"""Constraints to an automaton to names.

- `requests`: how many names, of which model, under which constraints
- `regex`: a subset of Python's regular expressions
- `dfa`: deterministic finite automata as tables
- `constraints`: prefix, suffix, contains, pattern and banned texts as one automaton
- `trie`: names to exclude
- `automaton`: a model of finitely many states
- `trellis`: automaton and constraints with backward probabilities
- `walk`: names of an automaton
- `guided`: names of a net under a guide
- `best`: the most probable names
- `sample`: names from any model, by seed and shard
"""

__all__ = [
    "automaton",
    "best",
    "constraints",
    "dfa",
    "guided",
    "regex",
    "requests",
    "sample",
    "trellis",
    "trie",
    "walk",
]
