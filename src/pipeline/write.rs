//! Parts of a text through a model: how much fits, what it is asked, what is made of its answer.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use super::course::Course;
use super::wanted::{Shown, Wanted};
use crate::document::{Document, Kind};
use crate::error::{Error, Result};
use crate::event::{Event, Finish, Observer};
use crate::finding::{Finding, Severity};
use crate::formats::visible;
use crate::generation::{Control, Generated, Sampling, Update};
use crate::job::{Capabilities, Job};
use crate::language::LanguagePair;
use crate::model::{Model, Seq2SeqTask};
use crate::outcome::Segment;
use crate::prompt_part::PromptPart;
use crate::prompts::{Prompt, Style, Task, Variables};
use crate::reasoning::Answer;
use crate::segment;

/// The most tokens of prompt and answer that are worked with at once: attention over more costs
/// more than it tells.
const WINDOW: usize = 8192;
/// The most tokens of a piece that is translated in one go; small models lose sentences of longer
/// ones.
const TRANSLATED_AT_ONCE: usize = 384;
/// Tokens a sentence of a summary may take; Korean takes more of them than English in most
/// vocabularies.
const SENTENCE: usize = 120;
/// Groups of sentences that are translated one after the other, in batches: those of a group go
/// longest first.
const BATCHES: usize = 8;
/// Tokens beside the answer's for a model that reasons first.
const REASONING: usize = 2048;
/// What is said of a model that never stopped reasoning.
const REASONED: &str = "reasoning";
/// How often a piece that ran into its limit is split smaller.
const SPLITS: usize = 2;

/// A part of a text that fits.
#[derive(Debug, Clone)]
pub(super) struct Part<'t> {
    pub text: &'t str,
    pub tokens: usize,
}

/// What came of it.
pub(super) struct Written {
    pub segment: Segment,
    pub tokens: usize,
    /// What is to say about how it was written, the segment left open.
    pub remarks: Vec<Finding>,
}

/// A model with a job.
pub(super) struct Writer<'a> {
    model: &'a Model,
    job: &'a Job,
    family: String,
    languages: LanguagePair,
    /// Of a model that takes no prompt.
    sources: Option<Seq2SeqTask>,
}

impl<'a> Writer<'a> {
    /// Fails where the model cannot do this at all.
    pub fn new(
        model: &'a Model,
        capabilities: &Capabilities,
        job: &'a Job,
        task: Task,
        languages: LanguagePair,
    ) -> Result<Self> {
        let family = match &capabilities.family {
            Some(family) => family.clone(),
            None if !model.has_chat_template() => "base".to_string(),
            None => model.architecture().to_string(),
        };
        let sources =
            model.is_encoder_decoder().then(|| sources(model, job, task, languages)).transpose()?;
        Ok(Self { model, job, family, languages, sources })
    }

    /// Tokens of prompt and answer together.
    pub fn window(&self) -> usize {
        self.model.context().min(WINDOW)
    }

    /// The prompt for a task; none for a model that takes none, unless one is named.
    fn prompt(&self, task: Task) -> Result<Option<Prompt>> {
        if self.sources.is_some() && self.job.options.prompt.is_none() {
            return Ok(None);
        }
        // A named prompt is for the job's own task; parts are combined with the family's.
        let name = self.job.options.prompt.as_deref().filter(|_| task == self.job.task);
        Prompt::find(task, &self.family, name, self.job.options.prompt_folder.as_deref()).map(Some)
    }

    /// Token ids of the prompt for a text.
    fn ids(&self, task: Task, prompt: Option<&Prompt>, text: &str) -> Result<Vec<u32>> {
        let Some(prompt) = prompt else { return self.source(&visible(text)) };
        if task == Task::Translate
            && self.job.options.prompt.is_none()
            && self.model.has_translation_template()
        {
            return self.model.translation_prompt(
                self.languages.from.code(),
                self.languages.to.code(),
                &visible(text),
            );
        }
        let rendered = prompt.render(&Variables {
            text,
            source: self.languages.from,
            target: self.languages.to,
            sentences: self.job.options.sentences,
            style: self.job.options.style,
            glossary: &self.job.options.glossary,
            context: None,
        })?;
        if self.sources.is_some() {
            let text: String = rendered.parts.iter().map(PromptPart::as_str).collect();
            return self.source(&text);
        }
        let parts: Vec<_> = rendered.parts.iter().map(PromptPart::as_deref).collect();
        self.model.prompt(rendered.system.as_deref(), &parts)
    }

    /// What of the job a model without a prompt was not told.
    pub fn unheard(&self) -> Option<Finding> {
        let message = "the model takes no instructions: the glossary's terms were not given to it";
        let unheard = self.shapes() && !self.job.options.glossary.is_empty();
        unheard.then(|| Finding::new("glossary", "glossary_unheard", message))
    }

    /// What the checkpoint recommends for sampling and is not done.
    pub fn not_followed(&self) -> Option<Finding> {
        let sampled = self.sources.is_none() && self.job.generation.sampling != Sampling::Greedy;
        let names = &self.model.sampling_defaults().unsupported;
        let message = format!(
            "the model's makers also recommend {}, which malmoi does not know",
            names.join(", ")
        );
        (sampled && !names.is_empty())
            .then(|| Finding::new("sampling", "sampling_ignored", message))
    }

    /// Token ids of a text as a source.
    fn source(&self, text: &str) -> Result<Vec<u32>> {
        let sources = self.sources.as_ref();
        sources.map_or_else(
            || self.model.prompt(None, &[]),
            |sources| self.model.encoder_input(sources, text),
        )
    }

    /// Tokens an answer to a text of `tokens` tokens may take.
    fn answer(&self, task: Task, tokens: usize) -> usize {
        match (self.job.options.max_tokens, task) {
            (Some(asked), _) => asked,
            // Korean in an English vocabulary takes up to three tokens for one of the other side.
            (None, Task::Translate) => 3 * tokens + 64,
            (None, _) => (self.job.options.sentences + 1) * SENTENCE,
        }
    }

    /// Cuts a text into parts of which each fits the window with its prompt and its answer.
    pub fn parts<'t>(
        &self,
        task: Task,
        text: &'t str,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Part<'t>>> {
        let window = self.window();
        let ids = self.ids(task, self.prompt(task)?.as_ref(), "")?;
        let reasons = self.sources.is_none() && self.model.reasoning_left_open(&ids).is_some();
        let frame = ids.len() + if reasons { REASONING } else { 0 };
        // Text and frame are encoded apart, but their border may cost a token or two.
        let room = window.saturating_sub(frame + 16);
        let budget = match (task, &self.sources) {
            // A text has a window of its own, and a translation must fit it.
            (Task::Translate, Some(sources)) => room
                .min(TRANSLATED_AT_ONCE)
                .min(sources.search.logits_processors.max_length / 4 * 3),
            (_, Some(_)) => room,
            (Task::Translate, None) => TRANSLATED_AT_ONCE.min(room.saturating_sub(64) / 4),
            (_, None) => room.saturating_sub(self.answer(task, 0)),
        };
        if budget < 16 {
            return Err(Error::TooLong {
                what: "the prompt without any text".into(),
                needed: frame,
                window,
            });
        }
        match task {
            // Such translators were trained with sentences, and lose some where there are several.
            Task::Translate if self.sources.is_some() => {
                let mut parts = Vec::new();
                for sentence in segment::sentences(text) {
                    parts.extend(self.split(sentence, budget, observer)?);
                }
                Ok(parts)
            }
            _ => self.split(text, budget, observer),
        }
    }

    fn split<'t>(
        &self,
        text: &'t str,
        budget: usize,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Part<'t>>> {
        let (observer, cancelled) = (RefCell::new(observer), Cell::new(false));
        // Counting takes the time. After a cancellation everything counts nothing, so that no more
        // is cut.
        let count = |text: &str| {
            cancelled.set(cancelled.get() || observer.borrow_mut().check().is_err());
            if cancelled.get() { 0 } else { self.model.count(text) }
        };
        let segments = segment::split(text, budget, &count);
        if cancelled.get() {
            return Err(Error::Cancelled);
        }
        Ok(segments
            .into_iter()
            .map(|segment| Part { text: segment.text, tokens: segment.size })
            .collect())
    }

    /// Writes each part's answer. `live` gives text out as it comes, which only a single part's can
    /// be.
    pub fn write(
        &self,
        task: Task,
        parts: &[Part<'_>],
        live: bool,
        course: &mut Course,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Written>> {
        let prompt = self.prompt(task)?;
        observer.event(&Event::Stage { stage: task.as_str(), segments: parts.len() });
        observer.event(&course.event());
        let mut prompts = Vec::new();
        for part in parts {
            observer.check()?;
            prompts.push(self.ids(task, prompt.as_ref(), part.text.trim())?);
        }
        let longest = parts.iter().map(|part| part.tokens).max().unwrap_or(0);
        let mut options = self.job.generation.clone();
        options.max_tokens = self.answer(task, longest);
        options.stop.extend(prompt.iter().flat_map(|prompt| prompt.stop.iter().cloned()));
        options.beam_search = self.sources.as_ref().map(|sources| sources.search.clone());
        for (index, ids) in prompts.iter().enumerate() {
            observer.event(&Event::Prompt { index, ids: ids.clone() });
        }
        // Some chat templates open the model's reasoning themselves.
        let opened = prompts
            .iter()
            .map(|ids| self.model.reasoning_left_open(ids).filter(|_| self.sources.is_none()));
        let opened: Vec<Option<&'static str>> = opened.collect();
        if opened.iter().any(Option::is_some) {
            options.max_tokens += REASONING;
        }
        course.begin(parts.iter().zip(&prompts).map(|(part, ids)| (part.tokens, ids.len())));
        let mut answers: Vec<Answer> = opened.iter().map(|opened| Answer::after(*opened)).collect();
        let mut shown: Vec<Shown> = parts.iter().map(|_| Shown::new(self.wanted(task))).collect();
        // A text that comes whole is shown when it is finished.
        let (live, whole) = (live && self.sources.is_none(), live && self.sources.is_some());
        let mut sink = |index: usize, news: Update<'_>| {
            if course.hear(index, &news) {
                observer.event(&course.event());
            }
            let fresh = match news {
                Update::Text(text) => shown[index].push(&answers[index].push(text)),
                // What was held because it could have begun a mark of reasoning is text after all.
                Update::Done if !shown[index].is_full() => {
                    let (rest, _) = answers[index].finish();
                    shown[index].push(&rest)
                }
                Update::Progress(_) | Update::Done => String::new(),
            };
            // Where nothing can be shown yet it is still asked whether to go on.
            if observer.text(if live { &fresh } else { "" }).is_err() {
                return Control::Cancel;
            }
            if shown[index].is_full() { Control::Stop } else { Control::Continue }
        };
        let generated = self.model.generate(&prompts, &options, &mut sink)?;
        course.end();
        let mut written = Vec::new();
        for (index, (part, generated)) in parts.iter().zip(generated).enumerate() {
            if generated.rolled_back > 0 {
                observer.event(&Event::Rescued { index, tokens: generated.rolled_back });
            }
            let piece = self.finish(task, part, generated, opened[index]);
            let endless = piece.remarks.iter().any(|remark| remark.check == REASONED);
            if endless && piece.segment.text.is_empty() && task != Task::Translate {
                return Err(Error::NoAnswer {
                    model: self.model.name().to_string(),
                    tokens: piece.tokens,
                });
            }
            observer.event(&Event::Segment {
                index,
                finish: piece.segment.finish,
                tokens: piece.tokens,
            });
            if whole {
                observer.text(&piece.segment.text)?;
            }
            written.push(piece);
        }
        Ok(written)
    }

    /// How much of an answer is wanted, where that is not all of it.
    fn wanted(&self, task: Task) -> Option<Wanted> {
        let (style, count) = match self.job.options.style {
            Style::Headline if self.shapes() => (Style::Paragraph, 1),
            Style::Bullets if self.shapes() => (Style::Paragraph, self.job.options.sentences),
            style => (style, self.job.options.sentences),
        };
        (task != Task::Translate).then_some(Wanted { style, count })
    }

    /// Whether summaries are brought into shape here, because no prompt could ask the model for it.
    fn shapes(&self) -> bool {
        self.sources.is_some() && self.job.options.prompt.is_none()
    }

    /// Makes a piece of an answer.
    fn finish(
        &self,
        task: Task,
        part: &Part<'_>,
        generated: Generated,
        opened: Option<&'static str>,
    ) -> Written {
        let mut remarks = Vec::new();
        if generated.rolled_back > 0 {
            let message = format!(
                "the model repeated itself; {} tokens were taken back",
                generated.rolled_back
            );
            remarks
                .push(Finding::new("loop", "loop", message).value("tokens", generated.rolled_back));
        }
        let (answer, endless) = match self.sources {
            Some(_) => (generated.text.clone(), false),
            None => Answer::of(&generated.text, opened),
        };
        let mut text = answer.trim();
        let mut finish = generated.finish;
        if let Some(wanted) = self.wanted(task) {
            let kept = text[..wanted.end(text)].trim_end();
            if kept.len() < text.len() {
                text = kept;
                // What was cut off for its length is gone with what nobody asked for.
                finish = if finish == Finish::Length { Finish::Stop } else { finish };
            }
        }
        if endless {
            finish = Finish::Refused;
            let message =
                format!("the model was still reasoning after {} tokens", generated.tokens);
            let endless =
                Finding::new(REASONED, "reasoning_endless", message).severity(Severity::Critical);
            remarks.push(endless.value("tokens", generated.tokens));
        } else if finish == Finish::Length {
            let message = format!("the text was cut at {} tokens", generated.tokens);
            let cut = Finding::new("length", "cut", message).severity(Severity::Critical);
            remarks.push(cut.value("tokens", generated.tokens));
        }
        if text.is_empty() {
            finish = Finish::Refused;
            let what = if endless { "no answer" } else { "nothing" };
            let nothing =
                Finding::new("length", "nothing_written", format!("the model wrote {what}"));
            remarks.push(nothing.severity(Severity::Critical));
        }
        let scores = &generated.scores;
        let score = (!scores.is_empty()).then(|| scores.iter().sum::<f32>() / scores.len() as f32);
        let text = match self.job.options.style {
            Style::Bullets if self.shapes() && task != Task::Translate => bullets(text),
            _ => text.to_string(),
        };
        let segment = Segment { source: part.text.trim().to_string(), text, finish, score };
        Written { segment, tokens: generated.tokens, remarks }
    }

    /// Translates parts of a document's blocks, giving out the text block by block, in order, as
    /// blocks are finished.
    pub fn translate(
        &self,
        document: &Document,
        parts: &[Part<'_>],
        blocks: &[Range<usize>],
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Written>> {
        let mut written: Vec<Written> = Vec::new();
        let mut given = 0;
        // As many at once as the batch holds: weights are read once for all of them, and finished
        // text need not wait for the end.
        let batches = if self.sources.is_some() { BATCHES } else { 1 };
        let mut course = Course::new(Task::Translate, parts);
        for batch in parts.chunks(self.job.generation.batch.max(1) * batches) {
            let pieces = self.write(Task::Translate, batch, false, &mut course, observer)?;
            for (part, piece) in batch.iter().zip(pieces) {
                written.push(self.mend(part, piece, SPLITS, &mut course, observer)?);
            }
            given = self.give(document, parts, &written, blocks, given, observer)?;
        }
        self.give(document, parts, &written, blocks, given, observer)?;
        Ok(written)
    }

    /// A piece that ran into its limit or into a loop is split smaller and tried again; what still
    /// fails is kept and reported.
    fn mend(
        &self,
        part: &Part<'_>,
        piece: Written,
        splits: usize,
        course: &mut Course,
        observer: &mut Observer<'_>,
    ) -> Result<Written> {
        // A model that does not stop reasoning does not stop over less text.
        let is_endless = piece.remarks.iter().any(|remark| remark.check == REASONED);
        if splits == 0 || piece.segment.finish == Finish::Stop || is_endless {
            return Ok(piece);
        }
        let smaller = self.split(part.text, part.tokens.div_ceil(2), observer)?;
        if smaller.len() < 2 {
            return Ok(piece);
        }
        let mut whole = Written {
            segment: Segment { text: String::new(), finish: Finish::Stop, ..piece.segment },
            tokens: piece.tokens,
            remarks: vec![split_again(smaller.len())],
        };
        let mut again = course.again();
        let pieces = self.write(Task::Translate, &smaller, false, &mut again, observer)?;
        course.take(&again);
        for (half, again) in smaller.iter().zip(pieces) {
            let again = self.mend(half, again, splits - 1, course, observer)?;
            whole.segment.text.push_str(&again.segment.text);
            whole.segment.text.push_str(white_space_after(half.text));
            whole.segment.finish = whole.segment.finish.max(again.segment.finish);
            whole.tokens += again.tokens;
            whole.remarks.extend(again.remarks);
        }
        whole.segment.text.truncate(whole.segment.text.trim_end().len());
        Ok(whole)
    }

    /// Gives out every block, with the space before it, whose parts are all written. Returns how
    /// many blocks are given.
    fn give(
        &self,
        document: &Document,
        parts: &[Part<'_>],
        written: &[Written],
        blocks: &[Range<usize>],
        given: usize,
        observer: &mut Observer<'_>,
    ) -> Result<usize> {
        let ready = blocks[given..].iter().take_while(|range| range.end <= written.len()).count();
        let all = document.blocks();
        for index in given..given + ready {
            let end = if index == 0 { 0 } else { all[index - 1].span.end };
            let before = &document.text()[end..all[index].span.start];
            let text = block_text(parts, written, blocks[index].clone());
            let text = match text {
                Some(text) => document.placed(&all[index], text).0,
                None => document.text()[all[index].span.clone()].to_string(),
            };
            let last = index + 1 == all.len();
            let after = if last { document.text()[all[index].span.end..].trim_end() } else { "" };
            observer.text(&format!("{before}{text}{after}"))?;
        }
        Ok(given + ready)
    }
}

/// How a model that takes no prompt reads what a job is about.
fn sources(model: &Model, job: &Job, task: Task, languages: LanguagePair) -> Result<Seq2SeqTask> {
    if task != Task::Translate && model.only_translates() {
        let file = model.path().to_path_buf();
        return Err(Error::Unsupported {
            what: "summarizing".into(),
            file,
            supported: "translation".into(),
        });
    }
    let name = match task {
        Task::Translate => {
            format!("translation_{}_to_{}", languages.from.code(), languages.to.code())
        }
        Task::Summarize | Task::Combine => "summarization".to_string(),
    };
    let mut sources = model.seq2seq_task(&name, languages.from.code(), languages.to.code())?;
    sources.search.num_beams = job.options.beams.unwrap_or(sources.search.num_beams);
    Ok(sources)
}

/// The new text of a block: its parts' translations with the white space that stood between them;
/// `None` where it has no parts.
pub(super) fn block_text(
    parts: &[Part<'_>],
    written: &[Written],
    range: Range<usize>,
) -> Option<String> {
    let mut text = String::new();
    for (part, piece) in parts[range.clone()].iter().zip(&written[range.clone()]) {
        text.push_str(&piece.segment.text);
        text.push_str(white_space_after(part.text));
    }
    (!range.is_empty()).then(|| text.trim_end().to_string())
}

/// What of a page did not come through: tags that found no place among the new words, and what lies
/// outside the article.
pub(super) fn left_out(
    document: &Document,
    parts: &[Part<'_>],
    written: &[Written],
    blocks: &[Range<usize>],
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (block, range) in document.blocks().iter().zip(blocks) {
        let Some(text) = block_text(parts, written, range.clone()) else { continue };
        let (_, lost) = document.placed(block, text);
        if !lost.is_empty() {
            let message = format!("no place was found for {}", lost.join(" "));
            found.push(
                Finding::new("tags", "tags_lost", message)
                    .at(range.start)
                    .severity(Severity::Minor),
            );
        }
    }
    found.extend(outside(document, "stay as they are"));
    found
}

fn split_again(pieces: usize) -> Finding {
    let message = format!("translated again in {pieces} pieces");
    Finding::new("split", "split", message).severity(Severity::Minor).value("pieces", pieces)
}

/// How much of a page lies outside its article.
pub(super) fn outside(document: &Document, what: &str) -> Option<Finding> {
    let count = document.blocks().iter().filter(|block| block.kind == Kind::Outside).count();
    let message = format!("{count} pieces of text outside the article {what}");
    let finding = Finding::new("furniture", "outside", message).severity(Severity::Minor);
    (count > 0).then(|| finding.value("pieces", count))
}

/// Each sentence as a point.
fn bullets(text: &str) -> String {
    let points = segment::sentences(text).into_iter().map(|one| format!("- {}", one.trim()));
    points.collect::<Vec<_>>().join("\n")
}

fn white_space_after(text: &str) -> &str {
    &text[text.trim_end().len()..]
}
