"""The demonstration: a made-up district of 115 institutions and a real campus."""
