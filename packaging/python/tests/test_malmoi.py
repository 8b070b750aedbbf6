"""What the module promises, with the real program."""

import json
from pathlib import Path

import pytest

import malmoi

SOURCE = "The council voted 14 to 5 for the plan, which will cost 412 million won."
WRONG = "시의회는 찬성 14, 반대 5로 4억2100만 원이 드는 이 계획을 가결했다."


def test_the_version_is_the_program_s() -> None:
    assert malmoi.version()[0].isdigit()


def test_a_wrong_number_is_found_with_its_words_in_both_texts() -> None:
    findings = malmoi.check(SOURCE, WRONG, meaning="off")
    lost = next(finding for finding in findings if finding.kind == "number_lost")
    assert lost.source is not None and "412 million" in lost.source
    assert lost.is_doubt and lost.severity == "major"
    invented = next(finding for finding in findings if finding.kind == "number_invented")
    assert invented.output == "4억2100만"
    assert invented.message_ko != invented.message


def test_a_correct_translation_has_no_finding() -> None:
    assert malmoi.check(SOURCE, WRONG.replace("4억2100만", "4억1200만"), meaning="off") == ()


def test_an_error_is_the_sentence_of_the_program() -> None:
    with pytest.raises(malmoi.Error, match="no-such-model") as raised:
        malmoi.translate(SOURCE, to="ko", model="no-such-model")
    assert raised.value.status == 2


def test_a_text_that_begins_like_an_option_is_a_text() -> None:
    assert malmoi.check("--model x", "--model x", meaning="off", task="summary") is not None


def test_a_missing_program_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MALMOI_PROGRAM", str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError, match="nothing"):
        malmoi.version()


def test_an_article_is_summarized(article: str, model: str) -> None:
    summary = malmoi.summarize(article, model=model, sentences=2)
    assert summary.text.strip()
    assert summary.model
    assert 0 < summary.tokens.seen <= summary.tokens.input
    assert all(finding.message for finding in summary.findings)
    again = malmoi.summarize(article, model=model, sentences=2)
    assert again.text == summary.text


def test_a_batch_reports_progress_and_continues(article: str, model: str, tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    for number in range(3):
        text = article.replace("Haemin", f"Haemin{number}")
        (articles / f"{number}.txt").write_text(text, encoding="utf-8")
    batch = malmoi.Batch(
        [articles], tmp_path / "out", to="en", translate=False, model=model, sentences=1
    )
    seen: list[malmoi.Progress] = []
    last = batch.run(seen.append)
    assert last.done == 3 and last.complete and seen[-1] == last
    items = list(batch.results())
    assert [Path(item.input).name for item in items] == ["0.txt", "1.txt", "2.txt"]
    assert all(item.summary is not None and item.summary.text for item in items)
    assert list(batch.failures()) == []
    assert batch.run().done == 0


def test_an_interrupted_batch_keeps_what_is_done(article: str, model: str, tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"{article}\n\nNumber {number}."}) for number in range(40)]
    (tmp_path / "archive.jsonl").write_text("\n".join(lines), encoding="utf-8")
    batch = malmoi.Batch(
        [tmp_path / "archive.jsonl"],
        tmp_path / "out",
        to="en",
        translate=False,
        model=model,
        sentences=1,
        at_once=1,
    )

    class Interrupted(Exception):
        pass

    def stop_after_one(progress: malmoi.Progress) -> None:
        if progress.done >= 1:
            raise Interrupted

    with pytest.raises(Interrupted):
        batch.run(stop_after_one)
    before = len(list(batch.results()))
    assert 1 <= before < 40
    with pytest.raises(Interrupted):
        batch.run(stop_after_one)
    assert len(list(batch.results())) > before


def test_an_output_folder_of_another_run_is_refused(tmp_path: Path, model: str) -> None:
    (tmp_path / "a.txt").write_text(SOURCE, encoding="utf-8")
    malmoi.Batch([tmp_path / "a.txt"], tmp_path / "out", to="en", translate=False, model=model).run()
    other = malmoi.Batch(
        [tmp_path / "a.txt"], tmp_path / "out", to="en", translate=False, model=model, sentences=9
    )
    with pytest.raises(malmoi.Error, match="sentences"):
        other.run()

