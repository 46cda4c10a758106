"""Recordings and live results in three dimensions and on one time line, in rerun's viewer."""
