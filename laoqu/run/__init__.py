"""Run notebooks for many sets of parameters: a process a run, unchanged ones skipped, all whole."""

from __future__ import annotations


class Engine:
    """The papermill engine ``laoqu``: papermill imports this with itself, so the rest comes later.

    It does what `laoqu.run.engine.LaoquEngine` does.
    """

    @classmethod
    def execute_notebook(cls, *arguments: object, **options: object) -> object:
        """Run a notebook that papermill has prepared."""
        from laoqu.run.engine import LaoquEngine

        return LaoquEngine.execute_notebook(*arguments, **options)

    @staticmethod
    def nb_kernel_name(nb: object, name: str | None = None) -> str:
        """Return the name of the kernel that the notebook asks for."""
        return name or nb.metadata.get("kernelspec", {}).get("name", "python3")

    @staticmethod
    def nb_language(nb: object, language: str | None = None) -> str:
        """Return the language of the notebook."""
        return language or nb.metadata.get("kernelspec", {}).get("language", "python")
