//! Chatter: what models say about their output instead of giving it alone.

use super::Seed;

pub(super) const SEEDS: &[Seed] = &[
    Seed::line("chatter_before", |case, dice| {
        Some(format!("{}{}", dice.pick(BEFORE)?, case.output).into())
    }),
    Seed::line("chatter_after", |case, dice| {
        Some(format!("{}{}", case.output, dice.pick(AFTER)?).into())
    }),
];

const BEFORE: &[&str] = &[
    "Here is the translation:\n\n",
    "Translation: ",
    "Sure! Here's the translated text:\n",
    "Translated text: ",
    "다음은 번역문입니다:\n\n",
    "번역: ",
    "영어를 한국어로 번역한 결과는 다음과 같습니다.\n",
    "번역 결과: ",
];
const AFTER: &[&str] = &[
    "\n\nLet me know if you need any changes.",
    "\n\nNote: the tone of the original was kept.",
    "\n\n(Note: names were transliterated.)",
    "\n\nI hope this helps!",
    "\n\n도움이 되셨기를 바랍니다.",
    "\n\n(참고: 고유 명사는 소리 나는 대로 옮겼습니다.)",
    "\n\n다른 도움이 필요하시면 말씀해 주세요.",
];
