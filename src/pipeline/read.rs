//! Step 1, read: the languages of a document, and the parts of it that are no article. The document
//! itself was read by `formats`.

use crate::document::{BlockKind, Document};
use crate::error::Result;
use crate::event::{Event, Observer};
use crate::finding::{Finding, Severity, beginning};
use crate::job::Job;
use crate::language::{Language, LanguagePair};
use crate::prompts::Task;

/// Languages of a job: the given ones, else the document's and the task's default.
pub(super) fn languages(document: &Document, job: &Job) -> Result<LanguagePair> {
    let from = match job.options.from {
        Some(from) => from,
        None => Language::of_article(&document.article())?,
    };
    let default = if job.task == Task::Translate { from.other() } else { from };
    Ok(LanguagePair { from, to: job.options.to.unwrap_or(default) })
}

/// A finding for each block that a summary leaves out as boilerplate, and one for the text outside
/// the article.
pub(super) fn left_out(document: &Document, observer: &mut Observer<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (what, text) in document.boilerplate() {
        let message = format!("left out as {what}: {}", beginning(text));
        let finding = Finding::new("furniture", "furniture", message)
            .in_korean(format!("제외: {}", beginning(text)))
            .severity(Severity::Minor)
            .value("what", what);
        observer.event(&Event::Found(finding.clone()));
        findings.push(finding);
    }
    findings.extend(outside(document, Fate::LeftOut));
    findings
}

/// What happens to text outside the article.
#[derive(Clone, Copy)]
pub(super) enum Fate {
    LeftOut,
    Kept,
}

/// A finding with the number of text blocks outside the article and what happened to them.
pub(super) fn outside(document: &Document, fate: Fate) -> Option<Finding> {
    let count = document.blocks().iter().filter(|block| block.kind == BlockKind::Outside).count();
    if count == 0 {
        return None;
    }
    let (english, korean) = match fate {
        Fate::LeftOut => ("were left out", "제외"),
        Fate::Kept => ("were left as they are", "그대로 둠"),
    };
    let message = format!("{count} pieces of text outside the article {english}");
    let finding = Finding::new("furniture", "outside", message)
        .in_korean(format!("기사 밖의 글 {count}개 {korean}"))
        .severity(Severity::Minor);
    Some(finding.value("pieces", count))
}
