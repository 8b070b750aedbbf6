//! The stages of a document, and the blocks that each speaks of.

use super::{Block, BlockKind, Document, Neighbors, Stage};

impl Document {
    /// For each stage its block's index, and the indices of the blocks it speaks of.
    pub(crate) fn stages(&self) -> Vec<(usize, &Stage, Vec<usize>)> {
        let blocks = self.blocks();
        let is_content =
            |block: &Block| matches!(block.kind, BlockKind::Title | BlockKind::Paragraph);
        let content: Vec<usize> =
            (0..blocks.len()).filter(|index| is_content(&blocks[*index])).collect();
        let of = |(index, block): (usize, &'_ Block)| match &block.kind {
            BlockKind::Stage(stage) => {
                let next = content.partition_point(|other| *other < index);
                let neighbors = match stage.of {
                    Neighbors::Previous(count) => next.saturating_sub(count)..next,
                    Neighbors::Next(count) => next..next.saturating_add(count).min(content.len()),
                };
                Some((index, content[neighbors].to_vec()))
            }
            _ => None,
        };
        let found = blocks.iter().enumerate().filter_map(of);
        found
            .filter_map(|(index, neighbors)| match &blocks[index].kind {
                BlockKind::Stage(stage) => Some((index, &**stage, neighbors)),
                _ => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_speaks_of_the_content_beside_it() {
        let stage = |of| BlockKind::Stage(Box::new(Stage::always(of, "")));
        let blocks = vec![
            Block::new(0..0, stage(Neighbors::Next(2))),
            Block::new(0..1, BlockKind::Paragraph),
            Block::new(1..1, stage(Neighbors::Previous(1))),
            Block::new(2..3, BlockKind::Outside),
            Block::new(3..4, BlockKind::Paragraph),
            Block::new(4..4, stage(Neighbors::Next(1))),
            Block::new(4..4, stage(Neighbors::Previous(9))),
        ];
        let document = Document::new("abcd".into(), blocks);
        let of: Vec<_> = document.stages().into_iter().map(|(at, _, of)| (at, of)).collect();
        assert_eq!(of, [(0, vec![1, 4]), (2, vec![1]), (5, vec![]), (6, vec![1, 4])]);
    }
}
