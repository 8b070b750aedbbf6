//! OpenAI's API.

use serde_json::{Value, json};

use super::{serve, serve_with};

#[test]
fn openai_s_clients_get_whole_answers_and_streams() {
    let (_home, model, server) = serve();
    let ids = server.get("/v1/models").json();
    let ids: Vec<&str> =
        ids["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    let name = model.path().file_name().unwrap().to_str().unwrap();
    let tasks = ["translate-en", "translate-ko", "summarize-en", "summarize-ko"];
    assert_eq!(ids, [&[name][..], &tasks].concat());
    let messages = json!([{"role": "system", "content": "Translate."},
        {"role": "user", "content": [{"type": "text", "text": "The council meets."}]}]);
    let whole = server
        .post("/v1/chat/completions", &json!({"model": "translate-ko", "messages": messages}))
        .json();
    assert_eq!(whole["choices"][0]["message"]["content"], "시의회는 월요일에 모인다.");
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    let usage = &whole["usage"];
    assert_eq!(
        usage["total_tokens"].as_u64(),
        Some(
            usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap()
        )
    );
    for name in [name, "translate-ko"] {
        let asked = json!({"model": name, "messages": messages, "stream": true,
            "stream_options": {"include_usage": true}});
        let events = server.post("/v1/chat/completions", &asked).events();
        assert_eq!(events.last().unwrap().1, "[DONE]");
        let chunks: Vec<Value> = events[..events.len() - 1]
            .iter()
            .map(|(_, data)| serde_json::from_str(data).unwrap())
            .collect();
        let text: String = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str())
            .collect();
        assert_eq!(text, "시의회는 월요일에 모인다.", "{name}");
        assert!(chunks.last().unwrap()["usage"]["total_tokens"].as_u64() > Some(0));
    }
    let prompt = json!({"model": name, "prompt": "The council meets."});
    let text = server.post("/v1/completions", &prompt).json()["choices"][0]["text"].clone();
    assert_eq!(text, "시의회는 월요일에 모인다.");
    let unknown =
        server.post("/v1/chat/completions", &json!({"model": "gpt-9", "messages": messages}));
    assert_eq!(
        (unknown.status, &unknown.json()["error"]["code"]),
        (404, &json!("model_not_found"))
    );
}

/// A request of one message, with more fields.
fn asked(model: &str, text: &str, fields: Value) -> Value {
    let mut asked = json!({"model": model, "messages": [{"role": "user", "content": text}]});
    asked.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    asked
}

#[test]
fn several_answers_have_their_indices_whole_and_streamed() {
    let (_home, model, server) = serve();
    let name = model.path().file_name().unwrap().to_str().unwrap();
    for name in [name, "translate-ko"] {
        let several = json!({"n": 2, "seed": 7, "stop": ["\n"], "max_completion_tokens": 200});
        let text = "The council meets.";
        let one = server.post("/v1/chat/completions", &asked(name, text, json!({}))).json();
        let two = server.post("/v1/chat/completions", &asked(name, text, several.clone())).json();
        let choices = two["choices"].as_array().unwrap();
        assert_eq!((choices.len(), &choices[1]["index"]), (2, &json!(1)), "{two}");
        // The prompt counts once.
        assert_eq!(one["usage"]["prompt_tokens"], two["usage"]["prompt_tokens"]);
        let is_task = name == "translate-ko";
        assert_eq!(choices[0]["findings"].is_array(), is_task);
        let mut streamed = several;
        streamed["stream"] = true.into();
        let events = server.post("/v1/chat/completions", &asked(name, text, streamed)).events();
        for index in 0..2 {
            let choices = events.iter().filter_map(|(_, data)| {
                let chunk: Value = serde_json::from_str(data).ok()?;
                let choice = chunk["choices"][0].clone();
                (choice["index"] == index).then_some(choice)
            });
            let choices: Vec<Value> = choices.collect();
            let text: String =
                choices.iter().filter_map(|one| one["delta"]["content"].as_str()).collect();
            assert_eq!(text.trim_end(), "시의회는 월요일에 모인다.");
            let last = choices.last().unwrap();
            assert_eq!(
                (&last["finish_reason"], last["findings"].is_array()),
                (&json!("stop"), is_task)
            );
        }
    }
    let prompts = json!({"model": name, "prompt": ["The council meets.", "The bank."]});
    let both = server.post("/v1/completions", &prompts).json();
    assert_eq!(both["choices"][1]["text"], "은행이 높다.");
}

#[test]
fn what_cannot_be_done_is_refused_with_its_field() {
    let (_home, model, server) = serve();
    let name = model.path().file_name().unwrap().to_str().unwrap();
    for (fields, param) in [
        (json!({"response_format": {"type": "json_object"}}), "response_format"),
        (json!({"response_format": {"type": "json_schema", "json_schema": {}}}), "response_format"),
        (json!({"logprobs": true}), "logprobs"),
        (json!({"tools": [{"type": "function"}]}), "tools"),
        (json!({"logit_bias": {"50256": -100}}), "logit_bias"),
        (json!({"presence_penalty": 0.5}), "presence_penalty"),
        (json!({"n": 9}), "n"),
        (json!({"temperature": 3}), "temperature"),
        (json!({"stop": ["a", "b", "c", "d", "e"]}), "stop"),
    ] {
        let answer = server.post("/v1/chat/completions", &asked(name, "The council", fields));
        let error = answer.json()["error"].clone();
        assert_eq!((answer.status, &error["param"]), (400, &json!(param)), "{error}");
        assert_eq!(error["type"], "invalid_request_error");
    }
    let nothing = json!({"response_format": {"type": "text"}, "logprobs": false, "tools": [],
        "tool_choice": "none", "presence_penalty": 0, "frequency_penalty": 0.0, "logit_bias": {},
        "user": "editor", "store": false, "stream_options": null, "stream": null});
    let answer = server.post("/v1/chat/completions", &asked(name, "The council", nothing));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let long = "The council meets. ".repeat(1_000);
    let answer = server.post("/v1/chat/completions", &asked(name, &long, json!({})));
    let error = answer.json()["error"].clone();
    assert_eq!((answer.status, &error["code"]), (413, &json!("context_length_exceeded")));
}

#[test]
fn all_messages_count_against_the_limit_on_characters() {
    let (_home, model, server) = serve_with(&["--max-characters", "100"]);
    let name = model.path().file_name().unwrap().to_str().unwrap();
    let (short, long) = ("The council meets.", "The council meets. ".repeat(6));
    let long = long.as_str();
    let ask = |system: &str, earlier: &str, answer: &str| {
        let said = |role: &str, text: &str| json!({"role": role, "content": text});
        let messages = [
            said("system", system),
            said("user", earlier),
            said("assistant", answer),
            said("user", short),
        ];
        server.post("/v1/chat/completions", &json!({"model": name, "messages": messages})).status
    };
    assert_eq!(ask(short, short, short), 200);
    for told in [[long, short, short], [short, long, short], [short, short, long]] {
        assert_eq!(ask(told[0], told[1], told[2]), 413, "{told:?}");
    }
}

#[test]
fn a_stop_text_and_a_limit_end_an_answer() {
    let (_home, model, server) = serve();
    let name = model.path().file_name().unwrap().to_str().unwrap();
    let ask = |fields: Value| {
        let answer = server.post("/v1/chat/completions", &asked(name, "The council", fields));
        let choice = answer.json()["choices"][0].clone();
        let text = choice["message"]["content"].as_str().unwrap().to_string();
        (text, choice["finish_reason"].as_str().unwrap().to_string())
    };
    assert_eq!(ask(json!({"stop": "월요일"})), ("시의회는 ".into(), "stop".into()));
    assert_eq!(ask(json!({"max_completion_tokens": 6})), ("시의".into(), "length".into()));
}

#[test]
fn a_model_is_described_by_its_name() {
    let (_home, _model, server) = serve();
    let model = server.get("/v1/models/translate-ko").json();
    assert_eq!((&model["id"], &model["object"]), (&json!("translate-ko"), &json!("model")));
    let unknown = server.get("/v1/models/gpt-9");
    assert_eq!(
        (unknown.status, &unknown.json()["error"]["code"]),
        (404, &json!("model_not_found"))
    );
}
