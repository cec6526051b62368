"""Recording formats: one small file each, detection apart from extraction."""
