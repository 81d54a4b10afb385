"""From a folder, file, archive or address to passages in Milvus: sources → markdown → chunking → indexing."""
