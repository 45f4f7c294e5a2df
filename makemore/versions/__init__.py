"""A published version on disk: draft, publish, verify, registry; and the record of the last run.

- `folder`: the layout of a version on disk
- `version`: one version, its paths, manifest and checked reads
- `store`: create a draft, publish, list, find
- `registry`: champion, previous champion, pins and decisions
- `run_record`: what the last run did
- `provenance`: inputs of a version
- `weights`: a model's config.json and model.safetensors
- `results`: the relations about models in a snapshot
"""

__all__ = ["folder", "provenance", "registry", "results", "run_record", "store", "version", "weights"]
