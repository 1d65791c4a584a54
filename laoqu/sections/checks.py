"""A check of executed reports: no number stands in them that is not in their data."""

from __future__ import annotations
