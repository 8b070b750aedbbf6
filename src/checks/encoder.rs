//! The encoder of sentences that a program may give to the checks, and what it makes of the two
//! languages as a whole.

use std::sync::{Arc, OnceLock};

use crate::error::Result;
use crate::language::Language;

/// A model that turns sentences of either language into vectors, near for equal meanings.
pub trait SentenceEncoder: Send + Sync {
    /// Name of the model. Vectors of models with one name can be compared.
    fn name(&self) -> &str;

    /// One vector of length 1 per sentence, all with the same number of dimensions.
    ///
    /// # Errors
    ///
    /// Fails if the model fails, as with too little memory.
    fn encode(&self, sentences: &[&str]) -> Result<Vec<Vec<f32>>>;

    /// The vectors of a text's tokens, of any length, near for equal meanings in either language.
    /// None by default: then no quality is estimated.
    ///
    /// # Errors
    ///
    /// Fails if the model fails.
    fn token_vectors(&self, _text: &str) -> Result<Vec<Vec<f32>>> {
        Ok(Vec::new())
    }
}

/// General news sentences in both languages; their mean is that of the language.
const GENERAL: [(&str, &str); 16] = [
    (
        "The council approved the budget for next year on Tuesday.",
        "의회는 화요일에 내년도 예산안을 승인했다.",
    ),
    (
        "Heavy rain is expected along the coast this weekend.",
        "이번 주말 해안 지역에 많은 비가 예상된다.",
    ),
    ("She won the race in record time.", "그녀는 신기록을 세우며 경주에서 우승했다."),
    (
        "Prices of vegetables have risen for three months in a row.",
        "채소 가격이 석 달 연속으로 올랐다.",
    ),
    ("Police are looking for witnesses of the accident.", "경찰은 사고 목격자를 찾고 있다."),
    (
        "The company plans to hire two hundred engineers.",
        "이 회사는 기술자 200명을 채용할 계획이다.",
    ),
    (
        "Scientists have found a new kind of bacteria in the deep sea.",
        "과학자들이 심해에서 새로운 종류의 세균을 발견했다.",
    ),
    (
        "\"We will not give up,\" the coach said after the game.",
        "\"우리는 포기하지 않겠다\"고 감독이 경기 후 말했다.",
    ),
    (
        "The museum opens its new wing to visitors in spring.",
        "박물관은 봄에 신관을 관람객에게 공개한다.",
    ),
    ("The two governments agreed to resume talks.", "두 정부는 회담을 재개하기로 합의했다."),
    (
        "The hospital has run out of beds for new patients.",
        "병원에 새 환자를 받을 병상이 남아 있지 않다.",
    ),
    ("Students return to school next week.", "학생들은 다음 주에 학교로 돌아간다."),
    ("The court rejected the appeal of the former mayor.", "법원은 전 시장의 항소를 기각했다."),
    (
        "A fire destroyed a warehouse in the north of the city.",
        "도시 북부의 한 창고가 화재로 전소됐다.",
    ),
    ("The film will be shown in theaters from Friday.", "이 영화는 금요일부터 극장에서 상영된다."),
    (
        "Many people still do not know about the program.",
        "아직 많은 사람들이 이 제도를 모르고 있다.",
    ),
];

/// Means of the languages for one encoder, computed once for all pairs.
#[derive(Clone, Default)]
pub(super) struct Background(Arc<OnceLock<Option<Arc<Means>>>>);

impl Background {
    /// The means for an encoder; `None` if it fails. Those of the first encoder are kept.
    pub fn means(&self, encoder: &dyn SentenceEncoder) -> Option<Arc<Means>> {
        let first = self.0.get_or_init(|| Means::new(encoder).map(Arc::new)).clone()?;
        if first.encoder == encoder.name() {
            return Some(first);
        }
        Means::new(encoder).map(Arc::new)
    }
}

/// An encoder's name, and the means of English and Korean.
pub(super) struct Means {
    encoder: String,
    english: Vec<f32>,
    korean: Vec<f32>,
    /// Means of the tokens of both, computed when a quality is first estimated.
    tokens: OnceLock<[Vec<f32>; 2]>,
}

impl Means {
    fn new(encoder: &dyn SentenceEncoder) -> Option<Self> {
        let mean = |pick: fn(&(&'static str, &'static str)) -> &'static str| {
            let sentences: Vec<&str> = GENERAL.iter().map(pick).collect();
            let vectors = encoder.encode(&sentences).ok()?;
            let mut mean = vec![0.0; vectors.first()?.len()];
            for vector in &vectors {
                let parts = mean.iter_mut().zip(vector);
                parts.for_each(|(mean, number)| *mean += number / vectors.len() as f32);
            }
            Some(mean)
        };
        let (english, korean) = (mean(|pair| pair.0)?, mean(|pair| pair.1)?);
        let tokens = OnceLock::new();
        Some(Self { encoder: encoder.name().to_string(), english, korean, tokens })
    }

    /// The mean of a language.
    pub fn of(&self, language: Language) -> &[f32] {
        match language {
            Language::English => &self.english,
            Language::Korean => &self.korean,
        }
    }

    /// The means of the tokens of a language; `None` if the encoder has no vectors of tokens.
    pub fn of_tokens(&self, encoder: &dyn SentenceEncoder, language: Language) -> Option<&[f32]> {
        let mean = |pick: fn(&(&'static str, &'static str)) -> &'static str| {
            let mut sum: Vec<f32> = Vec::new();
            let mut count = 0.0;
            for vector in GENERAL.iter().map(pick).flat_map(|text| encoder.token_vectors(text)) {
                for vector in vector {
                    sum.resize(vector.len(), 0.0);
                    sum.iter_mut().zip(&vector).for_each(|(sum, number)| *sum += number);
                    count += 1.0;
                }
            }
            sum.iter_mut().for_each(|sum| *sum /= count);
            sum
        };
        let [english, korean] =
            self.tokens.get_or_init(|| [mean(|pair| pair.0), mean(|pair| pair.1)]);
        let mean = match language {
            Language::English => english,
            Language::Korean => korean,
        };
        (!mean.is_empty()).then_some(mean)
    }
}
