"""Run the report notebook for areas: checked parameters, papermill, pages, index, manifest."""

from laoqu.batch.run import run_report, run_reports

__all__ = ["run_report", "run_reports"]
