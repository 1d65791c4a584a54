"""Run notebooks for many sets of parameters: warm kernels, unchanged runs skipped, files whole."""

from laoqu.batch.run import run_cards, run_notebook, run_report, run_reports

__all__ = ["run_cards", "run_notebook", "run_report", "run_reports"]
