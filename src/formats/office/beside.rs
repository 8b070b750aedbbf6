//! Parts with text beside the text: charts, diagrams and comments.

use super::article::PartSource;
use super::container::{ZipPackage, relations};

/// What a part with a chart is.
const CHART: &str = "chart";

/// Kinds of parts by the ends of the types of their relations. A diagram is in two parts: its data,
/// and a drawing of it, which is shown.
const KINDS: &[(&str, &str)] = &[
    ("/chart", CHART),
    ("/chartEx", CHART),
    ("/diagramData", "diagram"),
    ("/diagramDrawing", "diagram"),
    ("/comments", "comment"),
];

/// The parts beside a part.
pub(in crate::formats) fn beside(package: &mut ZipPackage, part: &str) -> Vec<PartSource> {
    let known = relations(package, part).into_iter().filter_map(|relation| {
        let (_, apart) = KINDS.iter().find(|(end, _)| relation.kind.ends_with(end))?;
        Some(PartSource { name: relation.target, apart: Some(apart) })
    });
    known.collect()
}

/// Notes on words that stay as they are: those of charts that are in their data.
pub(in crate::formats) fn notes(package: &mut ZipPackage, parts: &[PartSource]) -> Vec<String> {
    let charts = parts.iter().filter(|part| part.apart == Some(CHART));
    let has_data = |part: &&PartSource| {
        let xml = package.part(&part.name).ok().flatten().unwrap_or_default();
        xml.contains("strCache") || xml.contains("strDim")
    };
    let note = match charts.filter(has_data).count() {
        0 => return Vec::new(),
        1 => "the names of a chart's series and categories are its data and stay as they are",
        _ => "the names of charts' series and categories are their data and stay as they are",
    };
    vec![note.to_string()]
}
