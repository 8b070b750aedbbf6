//! Step 5, check: compares source and output, and puts the findings in order.

use super::join::SegmentPositions;
use crate::checks::{self, CheckOptions, GlossaryUse, Pair};
use crate::error::Result;
use crate::event::{Event, Observer};
use crate::finding::{Finding, Place};
use crate::outcome::Outcome;

/// Compares a summary with the whole article, whatever number of chunks it was made of, and looks
/// up the sentences that support it.
pub(super) fn summary(article: &str, outcome: &mut Outcome, options: &CheckOptions) {
    let (from, to) = (outcome.from, outcome.to);
    let pair = Pair {
        source: article,
        output: &outcome.text.clone(),
        from,
        to,
        kind: checks::OutputKind::Summary,
    };
    // If there is one segment, it is the article without the white space around it.
    let segment = (outcome.segments.len() == 1).then_some(0);
    let leading_space = article.len() - article.trim_start().len();
    let mut findings = checks::check(&pair, options);
    for finding in &mut findings {
        finding.segment = segment;
        finding.set_offsets(Some(0), Some(0));
        if let (Some(place), Some(_)) = (&mut finding.source, segment) {
            let start = place.start.saturating_sub(leading_space);
            let end = place.end.saturating_sub(leading_space);
            *place = Place { start, end, ..*place };
        }
    }
    outcome.support = checks::supports(&pair, options);
    outcome.findings.extend(findings);
}

/// Compares each segment of a translation with its source, and the segments with each other.
pub(super) fn translation(
    positions: &SegmentPositions,
    outcome: &mut Outcome,
    options: &CheckOptions,
    observer: &mut Observer<'_>,
) -> Result<()> {
    let (from, to) = (outcome.from, outcome.to);
    let mut glossary = GlossaryUse::default();
    for (index, segment) in outcome.segments.iter_mut().enumerate() {
        observer.check()?;
        let (source, output) = (segment.source.as_str(), segment.text.as_str());
        let pair = Pair { source, output, from, to, kind: checks::OutputKind::Translation };
        let assessment = checks::assess(&pair, options);
        glossary.add(checks::usage(&pair, options));
        segment.estimate = assessment.estimate;
        outcome.findings.extend(assessment.findings.into_iter().map(|finding| finding.at(index)));
    }
    outcome.glossary = (glossary.terms > 0).then_some(glossary);
    let segments = outcome.segments.iter().map(|segment| Pair {
        source: &segment.source,
        output: &segment.text,
        from,
        to,
        kind: checks::OutputKind::Translation,
    });
    let pairs: Vec<Pair<'_>> = segments.collect();
    let between = checks::between_parts(&pairs, options);
    outcome.findings.extend(between.into_iter().map(|(index, finding)| finding.at(index)));
    let mut from = 0;
    for cue in positions.shown.chunk_by(|one, next| one == next) {
        let parts = &pairs[from..from + cue.len()];
        let found = cue[0].as_ref().map(|shown| checks::of_cue(parts, shown, options));
        let found = found.into_iter().flatten();
        outcome.findings.extend(found.map(|(index, finding)| finding.at(from + index)));
        from += cue.len();
    }
    for finding in &mut outcome.findings {
        if let Some(index) = finding.segment {
            finding.set_offsets(positions.sources[index], positions.outputs[index]);
        }
    }
    Ok(())
}

/// Marks dismissed findings, sorts all, and sends them as events; those about boilerplate were sent
/// when it was read.
pub(super) fn report(
    mut outcome: Outcome,
    options: &CheckOptions,
    observer: &mut Observer<'_>,
) -> Outcome {
    // Findings about how the text was made have no hash yet.
    let of_making = |finding: &&mut Finding| finding.hash.is_empty() && finding.is_doubt();
    for finding in outcome.findings.iter_mut().filter(of_making) {
        let segment = finding.segment.and_then(|index| outcome.segments.get(index));
        let (source, output) =
            segment.map_or(("", outcome.text.as_str()), |segment| (&segment.source, &segment.text));
        finding.hash = finding.fingerprint(source, output);
        finding.dismissed = options.dismissed.contains(&finding.hash);
    }
    Finding::arrange(&mut outcome.findings);
    for finding in outcome.findings.iter().filter(|finding| finding.check != "furniture") {
        observer.event(&Event::Found(finding.clone()));
    }
    outcome
}
