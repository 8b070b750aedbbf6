//! Speech levels of Korean: the endings that a writer chooses for a whole text.

/// A speech level of written Korean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Register {
    /// 한다체, the plain style of newspapers: 밝혔다, 한다.
    Handa,
    /// 합니다체, the formal polite style of newsreaders: 밝혔습니다, 합니다.
    Hamnida,
    /// 해요체, the informal polite style of newsletters: 밝혔어요, 해요.
    Haeyo,
}

impl Register {
    /// The name on the command line: `handa`, `hamnida`, `haeyo`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Handa => "handa",
            Self::Hamnida => "hamnida",
            Self::Haeyo => "haeyo",
        }
    }

    /// The Korean name, as in messages: 한다체, 합니다체, 해요체.
    pub fn korean_name(self) -> &'static str {
        match self {
            Self::Handa => "한다체",
            Self::Hamnida => "합니다체",
            Self::Haeyo => "해요체",
        }
    }

    /// Two verbs with the endings of this level, as in prompts.
    pub fn sample(self) -> &'static str {
        match self {
            Self::Handa => "밝혔다, 한다",
            Self::Hamnida => "밝혔습니다, 합니다",
            Self::Haeyo => "밝혔어요, 해요",
        }
    }
}
