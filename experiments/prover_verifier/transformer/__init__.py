"""Small transformers that prove and verify arithmetic."""
