"""A published version on disk: draft, publish, verify, registry.

- `folder`: the layout of a version on disk
- `version`: one version, its paths, manifest and checked reads
- `store`: create a draft, publish, list, find
- `registry`: champion, previous champion, pins and decisions
- `provenance`: inputs of a version
- `weights`: a model's config.json and model.safetensors
- `results`: the relations about models in a snapshot
"""

__all__ = ["folder", "provenance", "registry", "results", "store", "version", "weights"]
