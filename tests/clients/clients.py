"""Real clients of the APIs that `malmoi serve` speaks, against a running server.

    python clients.py http://127.0.0.1:7171 MODEL

The server's model is the scripted one of tests/serve.rs: it answers "The council meets." with one
Korean sentence. Versions are in requirements.txt.
"""

import io
import sys
import time

import deepl
import openai
from deep_translator import LibreTranslator
from libretranslatepy import LibreTranslateAPI

server, model = sys.argv[1:3]
SOURCE, TARGET = "The council meets.", "시의회는 월요일에 모인다."


def fails(kind, call, *args, **kwargs):
    """The exception that a call must raise."""
    try:
        call(*args, **kwargs)
    except kind as error:
        return error
    raise AssertionError(f"{call} did not raise {kind}")


def with_deepl():
    client = deepl.DeepLClient("mk-any", server_url=server)
    result = client.translate_text(SOURCE, target_lang="KO")
    assert (result.text, result.detected_source_lang) == (TARGET, "EN"), result
    assert result.billed_characters == len(SOURCE)
    results = client.translate_text([SOURCE, "…", SOURCE], source_lang="EN", target_lang="KO")
    assert [one.text for one in results] == [TARGET, "…", TARGET]
    html = client.translate_text(f"<p>{SOURCE}</p>", target_lang="KO", tag_handling="html")
    assert html.text == f"<p>{TARGET}</p>", html.text
    assert {one.code for one in client.get_target_languages()} == {"EN-GB", "EN-US", "KO"}
    assert {one.code for one in client.get_source_languages()} == {"EN", "KO"}
    assert not client.get_usage().any_limit_reached
    glossary = client.create_glossary("desk", "EN", "KO", {"council": "시의회"})
    assert glossary.ready and glossary.entry_count == 1
    assert client.get_glossary_entries(glossary) == {"council": "시의회"}
    assert [one.glossary_id for one in client.list_glossaries()] == [glossary.glossary_id]
    with_terms = client.translate_text(SOURCE, source_lang="EN", target_lang="KO", glossary=glossary)
    assert with_terms.text == TARGET
    client.delete_glossary(glossary)
    assert client.list_glossaries() == []
    fails(deepl.GlossaryNotFoundException, client.get_glossary, glossary.glossary_id)
    # Longer than the client's patience for one request.
    began = time.monotonic()
    slow = client.translate_text("They trudge.", target_lang="KO")
    assert slow.text == "겨우 도착했다.", slow.text
    print(f"  a slow text took {time.monotonic() - began:.1f} s")
    # A failure after the status has gone out is an error, and no empty list of translations.
    fails(deepl.ConnectionException, client.translate_text, "They limp.", target_lang="KO")
    out = io.BytesIO()
    client.translate_document(
        io.BytesIO(SOURCE.encode()), out, target_lang="KO", filename="news.txt"
    )
    assert out.getvalue().decode().strip() == TARGET
    status = fails(
        deepl.DocumentTranslationException,
        client.translate_document,
        io.BytesIO(b"They limp."),
        io.BytesIO(),
        target_lang="KO",
        filename="news.txt",
    )
    assert "server failed" in str(status), status


def with_options_of_deepl():
    client = deepl.DeepLClient("mk-any", server_url=server)
    translate = lambda text, **more: client.translate_text(text, target_lang="KO", **more).text
    assert translate("The bank is high.") == "은행이 높다."
    assert translate("The bank is high.", context="They walked on the harbor bank.") == "둑이 높다."
    lines = "The council\nmeets."
    assert translate(lines, split_sentences="1") == f"{TARGET}\n모르는 글이다."
    assert translate(lines, split_sentences=deepl.SplitSentences.NO_NEWLINES) == TARGET
    assert translate(lines, split_sentences=deepl.SplitSentences.OFF) == "시의회가\n모인다."
    assert translate("The council meets", preserve_formatting=True) == TARGET.rstrip(".")
    page = "<doc><par>The bank</par><code>The bank</code></doc>"
    assert translate(page, tag_handling="xml", ignore_tags=["code"]) == (
        "<doc><par>은행이 높다.</par><code>The bank</code></doc>"
    )
    result = client.translate_text(SOURCE, target_lang="KO", model_type="latency_optimized")
    assert result.model_type_used == "quality_optimized"
    assert translate(SOURCE, formality="prefer_more", tag_handling_version="v2") == TARGET
    before = client.get_usage().character.count
    translate(SOURCE + " Now.")
    assert client.get_usage().character.count == before + len(SOURCE) + 5
    for more in [
        {"tag_handling": "xml", "text": "<a>b"},
        {"ignore_tags": ["x"]},
        {"custom_instructions": ["Rhyme."]},
        {"style_rule": "none"},
    ]:
        text = more.pop("text", SOURCE)
        fails(deepl.DeepLException, translate, text, **more)
    wrong = deepl.DeepLClient("mk-any", server_url=server + "/nothing/")
    assert "Not found" in str(fails(deepl.DeepLException, wrong.get_usage))


def with_multilingual_glossaries():
    client = deepl.DeepLClient("mk-any", server_url=server)
    entries = deepl.api_data.MultilingualGlossaryDictionaryEntries
    glossary = client.create_multilingual_glossary(
        "desk", [entries("EN", "KO", {"council": "시의회"}), entries("KO", "EN", {"시장": "mayor"})]
    )
    assert [one.entry_count for one in glossary.dictionaries] == [1, 1]
    assert client.list_glossaries() == []
    glossary = client.update_multilingual_glossary_name(glossary, "city desk")
    assert client.get_multilingual_glossary(glossary.glossary_id).name == "city desk"
    more = entries("EN", "KO", {"port": "항만"})
    glossary = client.update_multilingual_glossary_dictionary(glossary, more)
    assert glossary.dictionaries[0].entry_count == 2
    found = client.get_multilingual_glossary_entries(glossary, "EN", "KO").dictionaries[0].entries
    assert found == "council\t시의회\nport\t항만\n", found
    assert client.replace_multilingual_glossary_dictionary(glossary, more).entry_count == 1
    csv = "ferry,여객선\n"
    update = client.update_multilingual_glossary_dictionary_from_csv
    assert update(glossary, "EN", "KO", csv).dictionaries[0].entry_count == 2
    with_terms = client.translate_text(
        SOURCE, source_lang="EN", target_lang="KO", glossary_ids=[glossary]
    )
    assert with_terms.text == TARGET
    client.delete_multilingual_glossary_dictionary(glossary, source_lang="KO", target_lang="EN")
    assert [one.name for one in client.list_multilingual_glossaries()] == ["city desk"]
    assert client.list_glossaries()[0].entry_count == 2
    client.delete_multilingual_glossary(glossary)
    gone = glossary.glossary_id
    fails(deepl.GlossaryNotFoundException, client.get_multilingual_glossary, gone)


def with_libretranslate():
    client = LibreTranslateAPI(server + "/")
    assert client.translate(SOURCE, "en", "ko") == TARGET
    assert client.translate(SOURCE, "auto", "ko") == TARGET
    assert client.detect(SOURCE) == [{"confidence": 100.0, "language": "en"}]
    assert [one["code"] for one in client.languages()] == ["en", "ko"]


def with_deep_translator():
    client = LibreTranslator(source="en", target="ko", custom_url=server + "/", api_key="mk-any")
    assert client.translate(SOURCE) == TARGET
    assert client.translate_batch([SOURCE, SOURCE]) == [TARGET, TARGET]


def with_openai():
    client = openai.OpenAI(base_url=server + "/v1", api_key="mk-any")
    assert model in [one.id for one in client.models.list()]
    messages = [{"role": "user", "content": SOURCE}]
    for name in [model, "translate-ko"]:
        whole = client.chat.completions.create(model=name, messages=messages)
        assert whole.choices[0].message.content == TARGET
        assert whole.usage.total_tokens > 0
        stream = client.chat.completions.create(
            model=name, messages=messages, stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
        text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert text == TARGET, text
        assert chunks[-1].usage.total_tokens > 0
    create = client.chat.completions.create
    assert client.completions.create(model=model, prompt=SOURCE).choices[0].text == TARGET
    chunks = client.completions.create(model=model, prompt=SOURCE, stream=True)
    assert "".join(one.choices[0].text for one in chunks) == TARGET
    several = create(model="translate-ko", messages=messages, n=3, seed=7)
    assert [one.index for one in several.choices] == [0, 1, 2]
    assert several.choices[0].findings == []
    assert create(model=model, messages=messages, stop="월요일").choices[0].message.content == "시의회는 "
    cut = create(model=model, messages=messages, max_completion_tokens=6).choices[0]
    assert (cut.message.content, cut.finish_reason) == ("시의", "length")
    assert client.models.retrieve("translate-ko").id == "translate-ko"
    fails(openai.NotFoundError, client.models.retrieve, "nothing")
    error = fails(openai.NotFoundError, create, model="nothing", messages=messages)
    assert error.code == "model_not_found"
    json = {"type": "json_object"}
    error = fails(
        openai.BadRequestError, create, model=model, messages=messages, response_format=json
    )
    assert error.param == "response_format"
    fails(openai.BadRequestError, create, model=model, messages=messages, logprobs=True)
    long = [{"role": "user", "content": SOURCE * 1000}]
    error = fails(openai.APIStatusError, create, model=model, messages=long)
    assert error.code == "context_length_exceeded"
    stream = create(model=model, messages=[{"role": "user", "content": "drums"}], stream=True)
    fails(openai.APIError, list, stream)


for run in [
    with_deepl,
    with_options_of_deepl,
    with_multilingual_glossaries,
    with_libretranslate,
    with_deep_translator,
    with_openai,
]:
    print(run.__name__, flush=True)
    run()
print("all clients were served")
