"""Document formats: each becomes Markdown, and Markdown becomes sections."""
