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
    try:
        client.get_glossary(glossary.glossary_id)
    except deepl.GlossaryNotFoundException:
        pass
    else:
        raise AssertionError("a deleted glossary was found")
    # Longer than the client's patience for one request.
    began = time.monotonic()
    slow = client.translate_text("They crawl slowly.", target_lang="KO")
    assert slow.text == "겨우 도착했다.", slow.text
    print(f"  a slow text took {time.monotonic() - began:.1f} s")
    out = io.BytesIO()
    client.translate_document(
        io.BytesIO(SOURCE.encode()), out, target_lang="KO", filename="news.txt"
    )
    assert out.getvalue().decode().strip() == TARGET


def with_libretranslate():
    client = LibreTranslateAPI(server + "/")
    assert client.translate(SOURCE, "en", "ko") == TARGET
    assert client.detect(SOURCE)[0]["language"] == "en"
    assert [one["code"] for one in client.languages()] == ["en", "ko"]


def with_deep_translator():
    client = LibreTranslator(source="en", target="ko", custom_url=server + "/", api_key="mk-any")
    assert client.translate(SOURCE) == TARGET


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
    assert client.completions.create(model=model, prompt=SOURCE).choices[0].text == TARGET
    try:
        client.chat.completions.create(model="nothing", messages=messages)
    except openai.NotFoundError as error:
        assert error.code == "model_not_found"
    else:
        raise AssertionError("an unknown model was served")


for run in [with_deepl, with_libretranslate, with_deep_translator, with_openai]:
    print(run.__name__, flush=True)
    run()
print("all clients were served")
