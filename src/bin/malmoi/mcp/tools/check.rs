//! The tool `check`, over texts that anybody has written. Needs no model.

use malmoi::checks::OutputKind;
use rmcp::model::JsonObject;
use rmcp::schemars::{self, JsonSchema};
use serde::{Deserialize, Serialize};

use super::{Answer, Failure, Running, TermArgument, ToolEntry, Toolbox};
use crate::audit::Asker;
use crate::engine::pair::CheckedPair;
use crate::engine::{fields, task};
use crate::mcp::report::{self, FindingData, Findings, SupportData};

pub(super) const TOOL: ToolEntry = ToolEntry {
    name: "check",
    title: "Check a translation or summary",
    description: "Compare a translation (English to Korean or back) or a summary with its source, \
        written by a person or a program, you included. Finds numbers, units, dates, names, quotations, negations \
        and prescribed terms that differ, sentences that are missing or made up, and mixed Korean \
        registers; for a summary also the sentences of the article that support each of its \
        sentences. Needs no model, takes a moment, and sends nothing anywhere. Use it after you \
        have translated or summarized news, or when the user has both texts.",
    input: super::input::<Arguments>,
    output: super::output::<CheckData>,
    run,
};

#[derive(Deserialize, JsonSchema)]
#[schemars(crate = "schemars")]
#[serde(deny_unknown_fields)]
struct Arguments {
    /// The whole source text.
    source: String,
    /// Its whole translation or summary.
    output: String,
    /// What the output is; by default a summary if both texts are in one language, else a
    /// translation. Say `summary` for one in the other language.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["translation", "summary"]), !default)]
    task: Option<String>,
    /// Language of the source; detected by default.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["auto", "en", "ko"]), !default)]
    from: Option<String>,
    /// Language of the output; detected by default.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["auto", "en", "ko"]), !default)]
    to: Option<String>,
    /// Register that Korean should have: `handa` as in newspapers (한다체), `hamnida` as in
    /// newscasts (합니다체), `haeyo` as in newsletters (해요체).
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["handa", "hamnida", "haeyo"]), !default)]
    register: Option<String>,
    /// Required translations, beside those of the newsroom's glossary.
    #[serde(default)]
    #[schemars(!default)]
    glossary: Vec<TermArgument>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(crate = "schemars")]
struct CheckData {
    /// What the output was taken for: `translation` or `summary`.
    task: &'static str,
    /// Language of the source.
    from: &'static str,
    /// Language of the output.
    to: &'static str,
    /// Possible errors, the gravest first. Empty if the checks found none.
    findings: Vec<FindingData>,
    /// For a summary, the words of the article that each sentence comes from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    support: Vec<SupportData>,
}

fn run(toolbox: &Toolbox, given: JsonObject, _: &Running<'_, Answer>) -> Result<Answer, Failure> {
    let Arguments { source, output, task: kind, from, to, register, glossary } =
        super::arguments(given)?;
    fields::within(toolbox.characters, source.chars().count() + output.chars().count())?;
    let (kind, from, to) = (kind.as_deref(), from.as_deref(), to.as_deref());
    // Without what a page has around an article.
    let source = task::document(&source, "txt")?.article().to_string();
    let pair = CheckedPair::new(source, output, kind, from, to)?;
    let terms = super::terms(&glossary);
    let options = fields::check_options(&toolbox.options.checks, register.as_deref(), &terms)?;
    let assessment = pair.assess(&options);
    if let Some(audit) = &toolbox.audit {
        let (source, output) = (&pair.source, &pair.output);
        let record = audit.checked(&Asker::default(), source, output, &assessment.findings);
        super::recorded(audit.append(&[record]))?;
    }
    let support = pair.support(&options);
    let findings = Findings::of_pair(&assessment.findings, &pair.source, &pair.output, pair.kind);
    let what = match pair.kind {
        OutputKind::Translation => {
            format!("Checked as a translation from {} into {}.", pair.from.name(), pair.to.name())
        }
        OutputKind::Summary => format!("Checked as a summary in {}.", pair.to.name()),
    };
    let mut text = format!("{what} {}", findings.text());
    if !support.is_empty() {
        text += "\nWhere the summary comes from:\n";
        text += &report::support_text(&pair.output, &support);
    }
    let data = CheckData {
        task: pair.kind.as_str(),
        from: pair.from.code(),
        to: pair.to.code(),
        findings: findings.data(),
        support: report::support_data(&pair.output, &support),
    };
    Ok(Answer::new(vec![text], &data))
}
