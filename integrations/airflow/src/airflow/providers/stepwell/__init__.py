"""Runs jobs of Stepwell from Airflow."""

__version__ = "0.1.0"
