"""The steps of a run, in order. They take and return paths and numbers.

- `ingest`: one list
- `lists`: the lists that a command names
- `inbox`: all lists of a run
- `build`: the relations
- `due`: whether a new version is due
- `draft`: a new version in staging
- `train`: one model: trained, evaluated, sampled
- `publish`: the publication of a draft
- `nightly`: the whole job
- `preview`: what a run would do
- `recording`: the record of a run, and the seconds of its steps
- `sample`: the names of requests, in a file
- `score`: name scores of a list
- `evaluate`: the nll of a list, and the ARPA export
"""

__all__ = [
    "build",
    "draft",
    "due",
    "evaluate",
    "inbox",
    "ingest",
    "lists",
    "nightly",
    "preview",
    "publish",
    "recording",
    "sample",
    "score",
    "train",
]
