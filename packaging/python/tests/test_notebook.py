"""The example notebook runs from its first to its last cell, and draws its chart."""

import os
import shutil
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")

PYTHON = Path(__file__).parents[1]


def test_the_notebook_summarizes_a_folder_and_draws_a_chart(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if model != "smollm2-135m":
        pytest.skip("the notebook names smollm2-135m")
    # As in the repository: the articles are two folders up.
    folder = tmp_path / "packaging/python"
    folder.mkdir(parents=True)
    shutil.copytree(PYTHON.parents[1] / "examples/articles", tmp_path / "examples/articles")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    monkeypatch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
    notebook = nbformat.read(PYTHON / "example.ipynb", as_version=4)
    client = nbclient.NotebookClient(notebook, timeout=600, resources={"metadata": {"path": folder}})
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    articles = list((tmp_path / "examples/articles").glob("*.txt"))
    printed = "".join(output.get("text", "") for output in outputs)
    assert all(article.name in printed for article in articles)
    assert any("image/png" in output.get("data", {}) for output in outputs)
