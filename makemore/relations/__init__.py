"""Builds the tables and views of sql/ and keeps them up to date incrementally.

- `catalog`: the files of sql/, their build order and their checks
- `incremental`: counts updated for new and removed content
- `bigram_counts`: bigram counts in Polars
- `ngrams`: n-grams as arrays of ids
- `arpa`: n-grams as an ARPA file
"""

__all__ = ["arpa", "bigram_counts", "catalog", "incremental", "ngrams"]
