use super::*;

#[test]
fn case_01_a_refused_system_turn() {
    let Some(folder) = model_of("models/01-A-gemma2-system-role") else { return };
    let (code, out, err) = summarize(folder.path());
    assert_eq!((code, out.lines().count()), (Some(0), 1), "{err}");
    let model = Model::open(folder.path()).unwrap();
    let ids = model
        .prompt(
            Some("Be brief."),
            &[],
            &[PromptPart::Template("Article: "), PromptPart::UserText(ARTICLE)],
        )
        .unwrap();
    let wanted = format!(
        "<start_of_turn>user\nBe brief.\n\nArticle: {ARTICLE}<end_of_turn>\n<start_of_turn>model\n"
    );
    assert!(shown(&model, &ids).ends_with(&wanted), "{}", shown(&model, &ids));
}

#[test]
fn words_that_a_template_has_no_place_for_are_said_in_another_way() {
    const USER: &str = "{% for m in messages %}{% if m.role == 'user' %}[U]{{ m.content }}[/U]{% endif %}{% endfor %}";
    const REFUSES: &str = "{% for m in messages %}{% if m.role not in ['user', 'assistant'] %}\
        {{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}[U]{{ m.content | trim }}[/U]{% endfor %}";
    const TYPED: &str = "{% for m in messages %}[{{ m.role }}]{% for part in m.content %}\
        {% if part.type == 'text' %}{{ part.text }}{% endif %}{% endfor %}{% endfor %}";
    const TYPED_USER: &str = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}\
        [{{ m.role }}]{{ m.content[0]['text'] }}{% endfor %}";
    const TAKES: &str = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}";
    for (template, wanted) in [
        (USER, "[U]Be brief.\n\nTell: Rain.[/U]"),
        (REFUSES, "[U]Be brief.\n\nTell: Rain.[/U]"),
        (TYPED, "[system]Be brief.[user]Tell: Rain."),
        (TYPED_USER, "[user]Be brief.\n\nTell: Rain."),
        (TAKES, "[system]Be brief.[user]Tell: Rain."),
    ] {
        let folder = saying("x", template.into());
        let model = Model::open(folder.path()).unwrap();
        let parts = [PromptPart::Template("Tell: "), PromptPart::UserText("Rain.")];
        assert_eq!(
            shown(&model, &model.prompt(Some("Be brief."), &[], &parts).unwrap()),
            wanted,
            "{template}"
        );
    }
    // A template that always fails is refused with its message.
    let folder = saying("x", "{{ raise_exception('needs tools') }}".into());
    let model = Model::open(folder.path()).unwrap();
    let said = model
        .prompt(Some("Be brief."), &[], &[PromptPart::UserText("Rain.")])
        .unwrap_err()
        .to_string();
    assert!(said.ends_with("needs tools"), "{said}");
    let folder = saying("x", "hello".into());
    let model = Model::open(folder.path()).unwrap();
    let said = model.prompt(None, &[], &[PromptPart::UserText("Rain.")]).unwrap_err().to_string();
    assert!(said.contains("leaves out a part"), "{said}");
}

#[test]
fn case_05_the_time_in_a_template() {
    let Some(folder) = model_of("models/05-A-strftime-now") else { return };
    let (code, out, err) = summarize(folder.path());
    assert_eq!((code, out.lines().count()), (Some(0), 1), "{err}");
    let model = Model::open(folder.path()).unwrap();
    let today = || chrono::Local::now().format("The current date is %Y-%m-%d.").to_string();
    let before = today();
    let prompt = shown(&model, &model.prompt(None, &[], &[PromptPart::UserText("Rain.")]).unwrap());
    assert!(prompt.contains(&before) || prompt.contains(&today()), "{prompt}");
}

#[test]
fn case_19_templates_with_names_and_no_default() {
    let Some(folder) = model_of("models/19-A-named-templates-no-default") else { return };
    assert!(Model::open(folder.path()).unwrap().has_chat_template());
    edit(&folder, "tokenizer_config.json", |config| {
        config["chat_template"][1]["name"] = "formal".into()
    });
    let said = opening(folder.path());
    assert!(
        said.contains("its chat templates are chat, formal, and none of them is `default`"),
        "{said}"
    );
}

#[test]
fn named_templates_of_a_gguf_file_are_chosen_alike() {
    let named = |names: &[&str]| {
        let mut file =
            File::default().set("general.architecture", Value::Text("llama".into())).set(
                "tokenizer.chat_templates",
                Value::Texts(names.iter().map(ToString::to_string).collect()),
            );
        for name in names {
            file = file
                .set(&format!("tokenizer.chat_template.{name}"), Value::Text(format!("of {name}")));
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.gguf");
        std::fs::write(&path, file.bytes()).unwrap();
        Checkpoint::open(&path)
            .map(|checkpoint| checkpoint.config.chat_template().map(str::to_string))
    };
    assert_eq!(named(&["rag", "chat"]).unwrap().as_deref(), Some("of chat"));
    assert!(named(&["formal", "casual"]).unwrap_err().to_string().contains("formal, casual"));
}

#[test]
fn case_07_reasoning_before_the_answer() {
    let Some(folder) = model_of("models/07-A-think-block") else { return };
    let answer =
        "Haemin approved a second breakwater. It costs 412 million won. Work begins in March.";
    let (code, out, err) = summarize(folder.path());
    assert_eq!((code, out.trim_end()), (Some(0), answer), "{err}");
    assert!(!err.contains("markup") && !err.contains("sentences"), "{err}");
    edit(&folder, "config.json", |config| {
        config["script"] = json!([{"say": "<think>\nOkay, the user wants"}])
    });
    let (code, out, err) = summarize(folder.path());
    assert!(
        out.trim().is_empty() && err.contains("gave no answer: it was still reasoning after"),
        "{out}{err}"
    );
    assert_eq!(code, Some(2));
}

#[test]
fn reasoning_is_removed_in_all_known_tags() {
    const PLAIN: &str = "{% for m in messages %}{{ m.content }}\n{% endfor %}";
    let answer = "The council met. It spoke. It agreed.";
    for (open, close) in [
        ("<think>", "</think>"),
        ("<thought>\n", "\n</thought>\n"),
        ("[THINK]", "[/THINK]"),
        ("<seed:think>", "</seed:think>"),
        ("<think></think>\n<think>", "</think>\n\n"),
    ] {
        let folder =
            saying(&format!("{open}One. Two. Three. Four. Five.{close}{answer}"), PLAIN.into());
        let model = Model::open(folder.path()).unwrap();
        let outcome = model.summarize(ARTICLE).run().unwrap();
        assert_eq!((outcome.text.as_str(), outcome.finish), (answer, Finish::Stop), "{open}");
        let pieces: Vec<String> =
            model.summarize(ARTICLE).stream().unwrap().map(Result::unwrap).collect();
        assert_eq!(pieces.concat().trim_end(), answer, "{open}");
    }
    // Templates that open the reasoning block: only its end is generated, within spare tokens.
    let opens = format!("{PLAIN}<|end|><think>\n");
    let thoughts: String = (0..80).map(|step| format!("Step {step} of it. ")).collect();
    let folder = saying(&format!("{thoughts}\n</think>\n\n{answer}"), opens.clone().into());
    let model = Model::open(folder.path()).unwrap();
    let outcome = model.summarize(ARTICLE).run().unwrap();
    assert_eq!((outcome.text.as_str(), outcome.finish), (answer, Finish::Stop));
    let folder = saying("Let me see.", opens.into());
    let model = Model::open(folder.path()).unwrap();
    let said = model.summarize(ARTICLE).run().unwrap_err().to_string();
    assert!(said.ends_with("it was still reasoning after 11 tokens"), "{said}");
    // The other chunks of a translation are kept.
    let outcome = model.translate(ARTICLE).to(Language::Korean).run().unwrap();
    assert_eq!(outcome.finish, Finish::Refused);
    assert!(
        outcome.findings.iter().any(|finding| finding.check == "reasoning" && finding.is_doubt())
    );
    // A tag that the text only mentions is not reasoning.
    let folder = saying(
        "The paper explains the tag <think> to readers. It is short. It is read.",
        PLAIN.into(),
    );
    let outcome = Model::open(folder.path()).unwrap().summarize(ARTICLE).run().unwrap();
    assert!(outcome.text.starts_with("The paper explains the tag <think>"), "{}", outcome.text);
}

#[test]
fn reasoning_tags_that_are_special_tokens_are_recognized() {
    let folder = saying("x", "{{ messages[0].content }}".into());
    edit(&folder, "tokenizer.json", |tokenizer| {
        let added = tokenizer["added_tokens"].as_array_mut().unwrap();
        for (id, text) in [(257, "[THINK]"), (258, "[/THINK]")] {
            let mut token = added[0].clone();
            (token["id"], token["content"]) = (id.into(), text.into());
            added.push(token);
        }
    });
    let tokenizer = Tokenizer::from_file(&folder.path().join("tokenizer.json")).unwrap();
    let ids = tokenizer.encode_trusted("[THINK]a[/THINK]b<|end|>").unwrap();
    assert_eq!(ids, [257, 97, 258, 98, 256]);
    assert_eq!(tokenizer.decode(&ids).unwrap(), "[THINK]a[/THINK]b");
    assert!(!tokenizer.encode("[THINK]").unwrap().contains(&257));
}
