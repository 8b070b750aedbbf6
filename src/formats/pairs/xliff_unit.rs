//! A unit of XLIFF while it is read: a `trans-unit` of version 1.2, or a `unit` of version 2 with
//! its segments.

use std::collections::{HashMap, HashSet};

use super::markup::Element;
use super::tmx::{details, take};
use super::unit::MODEL_PROP;
use super::{
    Collector, Details, Inline, InlineMarkup, Note, Prop, Side, Status, Tag, TaggedText, Unit,
};
use crate::formats::record::MAX_RECORD_BYTES;

/// Category of the metadata that hold [`Details`] in files of malmoi.
pub(super) const DETAILS: &str = "details";
/// Category of the metadata that hold properties in files of malmoi.
pub(super) const PROPS: &str = "props";
/// Most bytes of notes and properties, and of an original code, that each segment of a unit
/// repeats; longer ones go to the first alone.
const MAX_REPEATED_BYTES: usize = 1 << 12;

/// Places of what a file says: of the unit, its source, its target.
const UNIT: usize = 0;
const SOURCE: usize = 1;
const TARGET: usize = 2;

/// Parts of a unit that say something of it. All others, such as earlier translations (`alt-trans`,
/// `matches`) and glossaries, have texts, notes and codes of their own.
const OF_UNIT: &[&str] = &[
    // Version 2.
    "metadata",
    "notes",
    "originalData",
    "segment",
    // Version 1.2, and SDL's stages of segments.
    "source",
    "target",
    "seg-source",
    "note",
    "context-group",
    "prop-group",
    "seg-defs",
];

/// A unit as it is read.
#[derive(Default)]
pub(super) struct Reading {
    line: usize,
    /// Number of open elements that are skipped.
    skipped: usize,
    id: Option<String>,
    is_first_version: bool,
    /// What the file says of the unit, its source and its target.
    remarks: [Remarks; 3],
    /// Bytes of the remarks.
    remark_bytes: usize,
    /// True once a segment has the remarks.
    is_told: bool,
    /// Most bytes that each segment repeats.
    limit: usize,
    /// Original codes by their ids.
    data: HashMap<String, String>,
    /// The open segment of version 2, with its line.
    segment: Option<(Element, usize)>,
    source: TaggedText,
    target: TaggedText,
    /// The segmented source of version 1.
    segmented: TaggedText,
    /// Stages of the segments of SDL files by their ids.
    stages: HashMap<String, String>,
    /// The element whose text is being read.
    open: Option<Open>,
    /// Category and place of the open group of metadata.
    group: (String, usize),
}

struct Open {
    attributes: Vec<(String, String)>,
    text: Collector,
}

/// What a file says of a unit or one of its sides.
#[derive(Default)]
struct Remarks {
    attributes: Vec<(String, String)>,
    notes: Vec<Note>,
    props: Vec<Prop>,
}

impl Remarks {
    fn details(&self) -> Details {
        let mut attributes = self.attributes.clone();
        // Attributes of other namespaces would have no meaning without their declarations.
        attributes.retain(|(name, _)| !name.contains(':') || name.starts_with("xml:"));
        let (notes, props) = (self.notes.clone(), self.props.clone());
        Details { notes, props, ..details(attributes) }
    }
}

impl Reading {
    pub fn new(tag: Element, line: usize) -> Self {
        let is_first_version = tag.name == "trans-unit";
        let mut attributes = tag.attributes;
        let id = take(&mut attributes, "id");
        let remark_bytes = bytes(&attributes);
        let mut reading = Self { line, id, is_first_version, remark_bytes, ..Self::default() };
        reading.limit = MAX_REPEATED_BYTES;
        reading.remarks[UNIT].attributes = attributes;
        reading
    }

    pub fn start(&mut self, tag: Element, parent: &str, line: usize) -> Result<(), String> {
        if let Some(open) = &mut self.open {
            return open.text.open(tag.into_tag());
        }
        let is_other = matches!(parent, "unit" | "trans-unit") && !OF_UNIT.contains(&&*tag.name);
        if self.skipped > 0 || is_other {
            self.skipped += 1;
            return Ok(());
        }
        let is_read = match (tag.name.as_str(), parent) {
            ("segment", "unit") => {
                self.segment = Some((tag, line));
                return Ok(());
            }
            ("metaGroup", _) => {
                let category = tag.attribute("category").unwrap_or_default();
                self.group = (category.to_string(), place(tag.attribute("appliesTo")));
                false
            }
            ("seg", "seg-defs") => {
                if let (Some(id), Some(stage)) = (tag.attribute("id"), tag.attribute("conf")) {
                    self.stages.insert(id.to_string(), stage.to_string());
                }
                false
            }
            ("source" | "target", "segment" | "trans-unit") => true,
            ("seg-source" | "note", "trans-unit") | ("note", "notes") => true,
            ("data", "originalData") | ("meta", "metaGroup") => true,
            ("context", "context-group") | ("prop", "prop-group") => true,
            _ => false,
        };
        if is_read {
            self.open = Some(Open { attributes: tag.attributes, text: Collector::default() });
        }
        Ok(())
    }

    pub fn text(&mut self, text: &str) {
        if let Some(open) = &mut self.open {
            open.text.text(text);
        }
    }

    /// Counts the end of an element that is skipped; false for all others.
    pub fn leaves_skipped(&mut self) -> bool {
        let is_skipped = self.skipped > 0;
        self.skipped -= usize::from(is_skipped);
        is_skipped
    }

    /// True while the text of an element is read.
    pub fn is_in_text(&self) -> bool {
        self.open.is_some()
    }

    /// The end of an element while text is read.
    pub fn end(&mut self, name: &str) {
        let Some(open) = &mut self.open else { return };
        if open.text.is_within_tag() {
            let is_first_version = self.is_first_version;
            open.text.close(|tag| if is_first_version { None } else { code_point(tag) });
            return;
        }
        let Some(Open { mut attributes, text }) = self.open.take() else { return };
        let first = self.is_first_version;
        let tagged = text.finish(self.markup());
        let mut named = |key| take(&mut attributes, key);
        match name {
            "source" | "target" => {
                let (place, text) = match name {
                    "source" => (SOURCE, &mut self.source),
                    _ => (TARGET, &mut self.target),
                };
                *text = tagged;
                // In version 2 the languages of the file hold for both.
                if first {
                    self.remark_bytes += bytes(&attributes);
                    self.remarks[place].attributes.extend(attributes);
                }
            }
            "seg-source" => self.segmented = tagged,
            "data" => {
                self.data.insert(named("id").unwrap_or_default(), tagged.all_text());
            }
            "note" => {
                let place = place(named("appliesTo").as_deref());
                let text = tagged.all_text();
                self.remark_bytes += text.len() + bytes(&attributes) + 16;
                self.remarks[place].notes.push(Note { text, attributes });
            }
            "meta" => {
                let (name, value) = (named("type").unwrap_or_default(), tagged.all_text());
                let (category, place) = &self.group;
                self.remark_bytes += name.len() + value.len() + category.len() + 16;
                let remarks = &mut self.remarks[*place];
                if category == DETAILS {
                    remarks.attributes.push((name, value));
                } else {
                    let own = ("category".to_string(), category.clone());
                    let attributes = if category == PROPS { Vec::new() } else { vec![own] };
                    remarks.props.push(Prop { name, value, attributes });
                }
            }
            _ => {
                let name = named("context-type").or_else(|| named("prop-type"));
                let (name, value) = (name.unwrap_or_default(), tagged.all_text());
                self.remark_bytes += name.len() + value.len() + 16;
                self.remarks[UNIT].props.push(Prop { name, value, attributes: Vec::new() });
            }
        }
    }

    fn markup(&self) -> InlineMarkup {
        if self.is_first_version { InlineMarkup::Xliff1 } else { InlineMarkup::Xliff2 }
    }

    /// The unit of the segment of version 2 that ends.
    pub fn end_segment(&mut self, from: &str, to: &str) -> Unit {
        let (source, target) = (std::mem::take(&mut self.source), std::mem::take(&mut self.target));
        let unit = self.unit(source, target, from, to);
        self.segment = None;
        for (id, code) in unit.source.text.data.iter().chain(&unit.target.text.data) {
            if code.len() > MAX_REPEATED_BYTES {
                self.data.remove(id);
            }
        }
        unit
    }

    /// The units of a `trans-unit` of version 1: one for each marked segment, or one.
    pub fn units(&mut self, from: &str, to: &str) -> Vec<Unit> {
        let (source, target) = (std::mem::take(&mut self.source), std::mem::take(&mut self.target));
        let segmented = std::mem::take(&mut self.segmented);
        let (mut sources, mut targets) = (Vec::new(), Vec::new());
        segments(&segmented.parts, &mut sources);
        segments(&target.parts, &mut targets);
        if sources.len() < 2 && (sources.is_empty() || targets.is_empty()) {
            return vec![self.unit(source, target, from, to)];
        }
        // All units are held at once.
        self.limit = self.limit.min(MAX_RECORD_BYTES as usize / sources.len().max(1));
        let by_id: HashMap<_, _> = targets.iter().map(|(id, parts)| (*id, *parts)).collect();
        let text = |parts: &[Inline]| TaggedText {
            markup: InlineMarkup::Xliff1,
            parts: parts.to_vec(),
            data: Vec::new(),
        };
        let mut units = Vec::with_capacity(sources.len());
        for (number, (id, source)) in sources.iter().enumerate() {
            let target = match id {
                Some(_) => by_id.get(id).copied(),
                None => targets.get(number).map(|(_, parts)| *parts),
            };
            let mut unit = self.unit(text(source), text(target.unwrap_or_default()), from, to);
            let own = id.map_or_else(|| (number + 1).to_string(), str::to_string);
            let stage = self.stages.get(&own).and_then(|stage| Status::parse(stage));
            unit.status = stage.or(unit.status);
            unit.id = Some(unit.id.map_or(own.clone(), |id| format!("{id}/{own}")));
            units.push(unit);
        }
        units
    }

    /// A unit of two texts, with what is known of the open segment.
    fn unit(&mut self, source: TaggedText, target: TaggedText, from: &str, to: &str) -> Unit {
        let is_repeated = std::mem::replace(&mut self.is_told, true);
        let is_long = self.remark_bytes + self.id.as_ref().map_or(0, String::len) > self.limit;
        let (id, [whole, of_source, of_target]) = match is_repeated && is_long {
            true => Default::default(),
            false => (self.id.clone(), self.remarks.each_ref().map(Remarks::details)),
        };
        let mut unit = Unit {
            place: format!("line {}", self.line),
            id,
            source: self.side(of_source, source, from),
            target: self.side(of_target, target, to),
            details: whole,
            ..Unit::default()
        };
        let attributes = &mut unit.details.attributes;
        take(attributes, "xml:space");
        let state = if let Some((tag, line)) = &self.segment {
            unit.place = format!("line {line}");
            let own = tag.attribute("id").map(str::to_string);
            unit.id = match (unit.id.take(), own) {
                (Some(unit), Some(own)) => Some(format!("{unit}/{own}")),
                (unit, own) => unit.or(own),
            };
            let kept = |(name, _): &&(String, String)| name == "subState" || name == "canResegment";
            attributes.extend(tag.attributes.iter().filter(kept).cloned());
            tag.attribute("state")
        } else if attributes.iter().any(|(name, value)| name == "approved" && value == "yes") {
            Some(Status::Final.as_str())
        } else {
            let mut attributes = unit.target.details.attributes.iter();
            attributes.find(|(name, _)| name == "state").map(|(_, value)| value.as_str())
        };
        unit.status = state.and_then(Status::parse);
        unit.id = take(attributes, "tuid").or(unit.id.take());
        unit.model = unit.details.take_prop(MODEL_PROP);
        unit
    }

    /// A text with the original codes that its tags refer to.
    fn side(&self, mut details: Details, mut text: TaggedText, language: &str) -> Side {
        let own = take(&mut details.attributes, "xml:lang");
        take(&mut details.attributes, "xml:space");
        let mut data = Vec::new();
        let mut seen = HashSet::new();
        references(&text.parts, &mut |id| {
            if !seen.contains(id)
                && let Some(code) = self.data.get(id)
            {
                seen.insert(id.to_string());
                data.push((id.to_string(), code.clone()));
            }
        });
        text.data = data;
        text.markup = self.markup();
        Side { language: own.unwrap_or_else(|| language.to_string()), text, details }
    }
}

fn bytes(attributes: &[(String, String)]) -> usize {
    attributes.iter().map(|(name, value)| name.len() + value.len()).sum()
}

fn place(applies_to: Option<&str>) -> usize {
    match applies_to {
        Some("source") => SOURCE,
        Some("target") => TARGET,
        _ => UNIT,
    }
}

/// The segments that a text of version 1 marks, each with its id.
fn segments<'t>(parts: &'t [Inline], found: &mut Vec<(Option<&'t str>, &'t [Inline])>) {
    for part in parts {
        let Inline::Tag(tag) = part else { continue };
        if tag.name == "mrk" && tag.attribute("mtype") == Some("seg") {
            found.push((tag.attribute("mid"), &tag.content));
        } else if matches!(&*tag.name, "g" | "mrk") {
            segments(&tag.content, found);
        }
    }
}

/// Visits the ids of original codes that tags refer to, in reading order.
fn references(parts: &[Inline], visit: &mut impl FnMut(&str)) {
    for part in parts {
        let Inline::Tag(tag) = part else { continue };
        let refers = |(name, _): &&(String, String)| name.starts_with("dataRef");
        tag.attributes.iter().filter(refers).for_each(|(_, id)| visit(id));
        references(&tag.content, visit);
    }
}

/// The character that a `cp` of version 2 stands for.
fn code_point(tag: &Tag) -> Option<char> {
    let hex = tag.attribute("hex").filter(|_| tag.name == "cp")?;
    char::from_u32(u32::from_str_radix(hex, 16).ok()?)
}
