"""Commands: what `milvusfaq ask`, `ingest`, `eval` and `start` do."""
