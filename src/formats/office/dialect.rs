//! The elements of a format: which role each has in a paragraph.

use quick_xml::events::BytesStart;

/// The rank of a paragraph by its style.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::formats) enum ParagraphRank {
    Title,
    Heading,
    /// A headline only if nothing is before it.
    Outline,
}

/// The role of an element.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::formats) enum Role {
    /// A paragraph, with its rank.
    Paragraph(Option<ParagraphRank>),
    /// Properties at the start of a paragraph.
    ParagraphProperties,
    /// The rank of a paragraph, among its properties.
    Rank(Option<ParagraphRank>),
    /// A run: words of one format.
    Run,
    /// The format of a run.
    RunProperties,
    /// Among the properties of a run: true if its text is not shown.
    Vanish(bool),
    /// Words.
    Text,
    /// A character of the words, such as a tab.
    Character(char),
    /// A number of spaces of the words.
    Spaces(usize),
    /// A pair of tags around runs, with its name in findings.
    Container(&'static str),
    /// The part of a container that holds the runs.
    Inner,
    /// Properties of a container, before its runs.
    Properties,
    /// A part whose words are read, and which is only moved whole.
    Fixed(&'static str),
    /// Words that are an attribute of a part, which is only moved whole.
    Shown(&'static str, String),
    /// A part that is moved whole; paragraphs in it are paragraphs.
    Object(&'static str),
    /// A part whose paragraphs are no article, with its kind.
    Apart(&'static str),
    /// A part that is moved whole; its text is not read.
    Hidden(&'static str),
    /// A part that is out of date once the words are others.
    Dropped,
    /// Properties at the end of a paragraph.
    Trailing,
    /// A choice between copies for different programs.
    Alternatives,
    /// A copy for older programs, which gets the words of the first one.
    Copy,
    /// A mark of a complex field.
    Field(FieldMark),
    /// The start of a pair that is marked by two empty elements.
    SpanStart(&'static str),
    /// Its end.
    SpanEnd(&'static str),
    /// The start of text that is deleted.
    DeletionStart,
    /// Its end.
    DeletionEnd,
    /// A shape, whose paragraphs may have a rank.
    Shape,
    /// The rank of the paragraphs of a shape.
    ShapeRank(Option<ParagraphRank>),
}

/// The marks of a complex field: its code is between the first two, its result after them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::formats) enum FieldMark {
    Begin,
    Separate,
    End,
}

/// The role of an element, by its name without prefix.
pub(in crate::formats) type RoleOf = Box<dyn Fn(&str, &BytesStart) -> Role>;

/// How a format writes paragraphs.
pub(in crate::formats) struct Dialect {
    pub role: RoleOf,
    /// True if words stand among the elements of a paragraph, without runs and texts. Each run of
    /// white space is one space; further spaces are elements of this name, without prefix.
    pub spaces: Option<&'static str>,
    /// True if the format of a run is in the attributes of its tag.
    pub styled_tags: bool,
    /// The tag of a tab and of a line break, without prefix; `None` for the character itself.
    pub tab: Option<&'static str>,
    pub line_break: Option<&'static str>,
    /// True if these are between the words of a text, false if between texts.
    pub controls_in_text: bool,
    /// True if a line break is between runs.
    pub breaks_between_runs: bool,
    /// The attribute that keeps white space at the ends of a text.
    pub keeps_space: &'static str,
    /// True if a line feed in a text is a line break.
    pub line_feeds: bool,
}
