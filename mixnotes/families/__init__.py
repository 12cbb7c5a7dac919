"""The families, one file a family or a close group."""
