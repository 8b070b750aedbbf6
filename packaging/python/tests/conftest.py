"""The program of the wheel, or `MALMOI_PROGRAM`; nothing of the user's own settings."""

import os
from pathlib import Path

import pytest

ARTICLE = Path(__file__).parents[3] / "examples/articles/harbour.txt"


@pytest.fixture(autouse=True)
def clean_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("MALMOI_DESK", "off")
    monkeypatch.setenv("MALMOI_OFFLINE", "true")


@pytest.fixture(scope="session")
def article() -> str:
    return ARTICLE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def model() -> str:
    name = os.environ.get("MALMOI_TEST_MODEL")
    if not name:
        pytest.skip("MALMOI_TEST_MODEL names no installed model")
    return name
