//! Wording of orders to a language model, in English and Korean.
//!
//! An order counts where it is given, not where it is reported: `he told them to ignore …` and
//! `무시하라고 했다` are news. Knows sentences; knows nothing of hidden text.

use std::sync::LazyLock;

use regex::{Regex, RegexSet};

use super::requests;

/// Parts of the patterns, by the name that stands in braces there.
#[rustfmt::skip]
const PARTS: &[(&str, &str)] = &[
    // Where an English clause with an imperative begins.
    ("start", r#"(?:^|[.!?:;,"“”'‘’(\[\]*#>—–-]\s*|\b(?:please|kindly|now|then|instead|just|you (?:must|should|shall|will|need to|have to|are to)|(?:want|need|order|command|instruct) you to|(?:would|could|can) you)\s+)"#),
    ("line", r"^[\s*#>\[(<-]*"),
    ("agent", r"(?:a\.?i\.?s?|artificial intelligence|llms?|(?:ai |large )*language models?|chatbots?|bots?|(?:ai |virtual )?assistants?|summari[sz]ers?|(?:machine )?translat(?:or|ion) (?:models?|engines?|systems?|tools?|bots?)|chatgpt|gpt-?\d*|claude|gemini|llama|qwen|models?)"),
    ("tool", r"(?:\s+(?:assistants?|models?|agents?|systems?|bots?|tools?|summari[sz]ers?|translators?|readers?))?"),
    ("doing", r"(?:read|summari[sz]|translat|process|analy[sz]|pars|see|rewrit)(?:e|es|s|ing)?"),
    ("prior", r"(?:(?:any|all|of|the|your|my|every|these|those|other)\s+){0,4}"),
    ("text", r"(?:(?:this|it|everything)|the (?:whole |entire |above |following |given |original |rest of the )?(?:text|article|story|document|passage|above|following|content|news|page))"),
    ("language", r"(?:french|german|spanish|italian|portuguese|russian|chinese|japanese|arabic|dutch|latin|hindi|thai|vietnamese|indonesian|turkish|polish|swedish|english|korean|klingon|emojis?|pirate\w*|rhymes?|verse)"),
    ("do", r"(?:reply|respond|answer|output|print|say|write|state|translate|summari[sz]e|tell|give|reveal|show|repeat|return|report|mention|include|add|append|insert|ignore|omit|claim|pretend|act|do not|don['’]t|never|always|use|end|begin|start|finish|stop|make sure|leave out|exclude|emphasi[sz]e|praise|replace|render|skip)"),
    ("saying", r"(?:reply|respond|answer|output|print|return|write|say|type|repeat)"),
    ("words", r"(?:(?:single|exact|one|following|same)\s+)*(?:words?|phrases?|sentences?|strings?|texts?|letters?)"),
    // The end of a Korean sentence in the imperative, and of a verb with 하다.
    ("order", r#"[가-힣]*(?:(?:라|시오|세요|십시오|십쇼|줘|줘요|마|해)|(?:할|쓸|말|답할|적을|넣을) ?것|도록|해야 ?(?:한다|합니다|해)|바랍니다|바란다|부탁[가-힣]*)["'”’」』)\]]*[.!~]*["'”’」』)\]]*\s*$"#),
    // What only a machine is called: an assistant may be a person.
    ("machine", r"(?:llms?|(?:ai |large )*language models?|chatbots?|(?:ai|artificial intelligence) (?:assistants?|models?|agents?|systems?|bots?|tools?|summari[sz]ers?|translators?)|(?:text )?summari[sz]ers?)"),
    ("기계", r"(?:LLM|(?:대규모 )?언어 ?모델|챗봇|요약기|번역기|(?:AI|인공 ?지능) ?(?:모델|번역기|요약기|비서|시스템|어시스턴트)|모델)"),
    // Roles that orders give to a model.
    ("role", r"(?:assistant|chatbot|bot|robot|language model|ai|ai (?:model|assistant)|translator|summari[sz]er|parrot|pirate|terminal)"),
    ("역할", r"(?:해적|시인|앵무새|로봇|챗봇|번역기|요약기|인공 ?지능|AI|조수|비서|터미널)"),
    ("인공지능", r"(?:AI|인공 ?지능|LLM|(?:대규모 )?언어 ?모델|모델|챗봇|봇|어시스턴트|요약기|번역기|요약 ?봇|번역 ?봇|챗 ?GPT|ChatGPT|제미나이|클로드)"),
    ("이글", r"(?:이|본|위|위의|아래|다음|해당|상기)\s?(?:글|기사|문서|텍스트|본문|내용|문장|페이지|지문)"),
    ("지시", r"(?:지시|명령|지침|프롬프트|규칙|설정|요청|시스템 ?메시지)\s?(?:사항)?(?:들)?"),
    ("이전", r"(?:이전|앞서?|앞선|앞의|위|위의|상기|기존|지금까지|원래|시스템|사전에?)"),
    ("언어", r"(?:프랑스어|불어|독일어|독어|스페인어|일본어|일어|중국어|러시아어|영어|한국어|라틴어|아랍어|이탈리아어|포르투갈어|베트남어|태국어|힌디어|이모지)"),
    ("답", r"(?:대답|답변|응답|출력|회신|답)"),
    ("적", r"(?:대답|답변|응답|출력|회신|반복|작성|답|말|쓰|써|적)"),
];

/// Orders that remain orders inside a quotation: they speak of prompts, models and their output.
#[rustfmt::skip]
const ALWAYS: &[&str] = &[
    // Orders to ignore a prompt.
    r"(?i){start}(?:ignore|disregard|forget|override|bypass|discard|dismiss|stop following|(?:do not|don['’]t) (?:follow|obey))\s+{prior}(?:(?:system|initial|hidden|developer)\s+)?prompts?\b",
    r"(?i){start}(?:ignore|disregard|forget|override|bypass|discard|dismiss|stop following|(?:do not|don['’]t) (?:follow|obey))\s+{prior}(?:previous|prior|above|earlier|preceding|foregoing|system|initial|original|given)\s+(?:\w+\s+)?(?:instructions?|directions?|messages?|context|guidelines?)\b.{0,60}\b(?:and|then|instead|[,;.])\s+(?:\w+\s+){0,3}{do}\b",
    r"{이전}[가-힣 ]{0,8}\s?(?:프롬프트|시스템 ?메시지)[을를은는]?\s.{0,12}(?:무시|잊|삭제|따르지)[가-힣 ]*.*{order}",
    // Orders to a model.
    r"(?i){line}(?:(?:important|urgent|special|hidden|editor's)\s+)*(?:notes?|notices?|messages?|instructions?|attention|reminders?|memos?|hints?|warnings?|requests?|directives?|orders?)\s+(?:to|for)\s+(?:(?:the|any|all|every|an|whichever)\s+)?(?:[a-z]+ (?:and|or) )?{agent}{tool}\s*(?:[:,;—–-]|\b(?:that|which|who|when|if)\b|\b{doing}\b).*\b{do}\b",
    r"(?i){line}(?:attention|dear|hey|hello|hi|ok|okay|to)[,:]?\s+(?:(?:the|any|all|every|whichever|whatever)\s+)?{agent}{tool}\s*(?:[:,;!—–-]|\b(?:that|which|who|when|if)\b|\b{doing}\b).*\b{do}\b",
    r"(?i)\b(?:any|every|the|an?|whichever) {agent}{tool}\s+(?:(?:that|which|who)\s+)?(?:is\s+)?{doing}\s+this\b.{0,60}\b(?:must|should|shall|has to|please)\b",
    r"(?i)(?:^|[\s:*]){agent}{tool}\s+(?:(?:that|which|who)\s+)?(?:are\s+)?{doing}\s+this(?:\s+(?:page|text|article|document|message|story|passage|content))?\s+(?:must|should|shall|have to|please)\b",
    r"(?i)(?:<!--|\[|\(|\{)\s*(?:(?:for|to|note for|instructions? (?:for|to))\s+)?{agent}{tool}\s*[:,].*\b{do}\b",
    r"(?i)\bif you (?:are|['’]re) (?:an?|the) (?:(?:automated|automatic|helpful) )?{agent}(?:\s+(?:assistant|model|system|summari[sz]er|translator|agent|that|which|{doing})\b|\s*[,.:;]).*\b{do}\b",
    r"(?i)\bas an? {agent}{tool},? you (?:must|should|shall|will|are|need)\b",
    r"(?i){start}(?:reveal|print|show|repeat|output|tell me|what (?:is|are)|give me)\s+(?:me\s+)?(?:(?:your|the)\s+(?:full\s+|entire\s+|hidden\s+)?system\s+(?:prompt|instructions)|your\s+(?:\w+\s+)?(?:prompt|instructions))\b",
    r"{이글}[을를]\s?(?:[가-힣]+\s){0,2}(?:요약|번역|처리|분석|학습|읽)(?:하는|할|하고 있는|하게 될|는|을|고 있는)\s?(?:[가-힣]+\s)?{인공지능}(?:에게|께|는|은|라면|이라면|야|아|여)",
    r"^\W*(?:\S+\s)?(?:요약|번역)(?:하는|할|용|을 맡은|을 하는)\s?{인공지능}(?:에게|께|는|은|야|아|여)\b.*{order}",
    r"^\W*(?:모든\s)?{인공지능}\s?(?:요약기|번역기|모델|시스템|비서)?(?:은|는|이|가)\s?(?:반드시|꼭|무조건|항상)\s.*(?:포함|출력|{답}|쓸|써|적|요약|번역|언급|말)[가-힣 ]*{order}",
    r"^\W*[\[(<]\s?{인공지능}\s?(?:지시|명령|안내|알림|메모|용|에게|공지)[가-힣]*\s?[\])>].*{order}",
    r"^\W*{인공지능}\s?(?:요약기|번역기|모델|시스템|비서|어시스턴트|여러분)?(?:에게|께|용|을 위한|를 위한|에 대한|에)\s?(?:보내는\s?)?(?:알림|공지|지시(?:사항)?|메모|전달 ?사항|당부|안내|명령|참고|메시지)?\s?[:：,].*{order}",
    // Orders on the output.
    r"(?i)\byour (?:summary|translation|output)\s+(?:must|should|has to|shall|needs? to)\s+(?:\w+\s+){0,2}(?:say|state|include|mention|contain|begin|start|end|conclude|be|read|claim|not)\b",
    r"(?i){start}(?:begin|start|end|conclude|finish|open|close)\s+(?:your|every|each)\s+(?:summary|translation|answer|response|reply|output)\s+(?:with|by)\b",
    r"(?i){start}(?:include|add|insert|append|mention|put|state|say|write)\s.{1,100}\b(?:in|to|at (?:the|its) (?:very )?(?:end|start|beginning|top|bottom) of)\s+your\s+(?:summary|translation|output|response|reply|answer)\b",
    r"(?i)\bwhen(?:ever)? (?:you )?(?:summari[sz]|translat)(?:e|ing)\s+(?:this|the (?:text|article|story|above|following))\b.{0,30}\b{do}\b",
    r"(?:위|이|앞의)\s?내용[을를은는]?\s?무시하고\s.*(?:{적}|번역|요약)[가-힣 ]*{order}",
    r"{이글}[을를]\s?(?:요약|번역)할\s?때(?:는|에는)?\s.*{order}",
    r"(?:다|라|자|냐)고만?\s?(?:요약|번역|출력|응답)(?:하라|해라|하시오|하세요|하십시오|할 ?것|해 ?줘|해 ?주세요)(?:[.!\s]|$)",
    r"^\W*(?:[가-힣]+\s)?(?:요약|번역)(?:문|본|결과)?(?:에|에는|에서|의\s?[가-힣 ]{1,6}에|\s?(?:끝|앞|처음|마지막|첫머리|말미)[가-힣 ]{0,6}에)\s.*(?:포함|언급|추가|쓰|써|적|넣|강조|밝히|명시|삽입|붙이|붙여)[가-힣 ]*{order}",
];

/// Orders that are somebody's words inside a quotation.
#[rustfmt::skip]
const UNQUOTED: &[&str] = &[
    r"(?i){start}(?:ignore|disregard|forget|override|bypass|discard|dismiss|stop following|(?:do not|don['’]t) (?:follow|obey))\s+{prior}(?:previous|prior|above|earlier|preceding|foregoing|system|initial|given)\s+(?:\w+\s+)?(?:instructions?|directions?|commands?|rules?|messages?|context|guidelines?|text)\b",
    r"(?i){start}(?:ignore|disregard|forget)\s+(?:everything|anything|all)\s+(?:(?:that\s+)?(?:you (?:were|have been|['’]ve been) told|i (?:said|told you))|(?:written\s+)?above|before (?:this|that)|in (?:this|the) (?:article|text))\b",
    r"(?i){start}(?:do not|don['’]t|never|stop|refuse to)\s+(?:\w+ly\s+)?(?:summari[sz]|translat|paraphras)(?:e|ing)\s*(?:{text}\b|anything\b|[.!;]|,? (?:but|instead)\b|$)",
    r"(?i){start}(?:translate|summari[sz]e|rewrite|convert|render|retell)\s+{text}.{0,40}\b(?:in|into|to|as)\s+(?:an?\s+)?{language}\b",
    r"(?i){start}(?:reply|respond|answer)\s+(?:only\s+|just\s+|exclusively\s+|always\s+)?(?:with|using|by saying)\s+(?:only|just|nothing (?:but|except)|exactly|the|an?|one|these|this)\s+(?:the\s+)?(?:{words}\b|[\W]*(?-i:[A-Z]{3,})\b)",
    r#"(?i){start}{saying}\s+(?:only|just|nothing (?:but|except)|exactly|solely)\s+(?:with\s+)?(?:the\s+|this\s+|these\s+)?(?:{words}\b|["“'‘]|(?-i:[A-Z]{3,})\b|the following\b)"#,
    r"(?i){start}(?:reply|respond|answer|output)\s+(?:only\s+|just\s+|always\s+|entirely\s+)?in\s+{language}\b",
    r"(?i){start}(?:do not|don['’]t) (?:output|write|print|add|include|reply with|respond with|answer with) anything (?:else|but|except|other)\b",
    r"(?i){start}(?:only\s+)?answer\s+(?:only\s+)?(?:this|the (?:following|above))\s+question\s*(?:only|instead|and nothing else)?[.!:]*\s*$",
    r"(?i)\bfrom now on,? (?:[a-z]+ )?(?:respond|reply|answer|output|translate)\s+(?:only|in|as|with)\b",
    r"(?i)\byour (?:(?:new|real) (?:task|job|goal|instruction)|task) is (?:now )?to\b.{0,40}\b(?:write|answer|translate|output|reply|respond|ignore|list|tell)\b",
    r"(?i)^\W*the (?:summary|translation) must (?:[a-z]+ )?(?:say|state|claim|mention|begin|end)\b",
    r"(?i){start}in your (?:summary|translation|output|response|answer|reply),? (?:[a-z]+ )?{do}\b",
    r"(?i){start}(?:ignore|disregard|forget|skip)\s+(?:the|this) (?:entire |whole |rest of the )?(?:article|text|passage|document)(?: above| below)?\s*(?:[.!]|\band\b)",
    r#"(?i)^\W*(?:reply|respond|answer|output)\s+(?:with\s+|only\s+|just\s+)*["“‘]["”’]\W*$"#,
    r"(?i)^\W*(?:end of (?:the )?(?:article|text)\W+)?(?:now|instead),?\s+(?:write|compose|tell|generate)\s+(?:me\s+)?an?\s+(?:story|poem|joke|haiku|song|essay|list|limerick|rap)\b",
    r"(?i)\b(?:instead of|rather than) (?:summari[sz]|translat)ing\b.{0,60},\s*{do}\b",
    r"(?i)\bfrom now on,? (?:you (?:are|will|must|should|shall)|always|only)\s+(?:only\s+|always\s+|to\s+)?(?:answer|respond|reply|speak|write|translate|act|output|an? (?:ai|poet|pirate|assistant|chatbot|translator|model))\b",
    r"(?i)^\W*you are (?:now|no longer)\s+(?:an?\s+|the\s+|in\s+)?(?:dan\b|ai\b|assistant|chatbot|language model|translator|translation|summari[sz]er|helpful|unrestricted|unfiltered|developer mode|jailbroken|pirate|poet)",
    r"(?i){start}(?:follow|obey|execute|carry out)\s+(?:only\s+)?(?:these|the following|my)\s+(?:new\s+|secret\s+|hidden\s+)(?:instructions|commands|orders)\b",
    r"(?i){start}(?:decode|decrypt)\s+.{1,60}\band (?:then )?(?:follow|execute|obey|do|reply|output|print)\b",
    r"(?:{이전}(?:에|의|까지의)?|모든|다른)\s?[가-힣 ]{0,10}{지시}[을를은는도]?\s?(?:모두|전부|다|절대|완전히|즉시|전혀)?\s?(?:(?:무시|취소|삭제|폐기|거부)(?:하고|하며|하여|해서|하되|한 ?(?:뒤|후|채|다음))|잊(?:고|은 ?(?:뒤|채))|따르지 ?말고|버리고).*{order}",
    r"(?:{이전}(?:에|의|까지의)?|모든|다른)\s?[가-힣 ]{0,10}(?:지시|지침|프롬프트|대화|시스템 ?메시지)\s?(?:사항)?(?:들)?[을를은는도]?\s?(?:모두|전부|다|절대|완전히|즉시|전혀)?\s?(?:무시|취소|삭제|폐기|잊|따르지)[가-힣 ]*{order}",
    r"(?:위|위의|앞의|이)\s?(?:내용|글|기사|텍스트|본문)[을를은는]?\s?(?:모두|전부|다)?\s?(?:무시(?:하고|하며|한 ?채|하되)|잊고)\s.*(?:{적}|번역|요약).*{order}",
    r"(?:^\W*|(?:{이글}|본문|기사)[을를은는]?\s?)(?:요약|번역)(?:은|을|도|문)?\s?(?:하지|작성하지|만들지|쓰지)\s?(?:말고|말라|마라|마세요|마시오|마십시오|말 ?것|말아)",
    r"(?:기사|본문)(?:\s?내용)?\s?(?:대신|말고)(?:에)?\s.*(?:출력|번역|요약|{답})[가-힣 ]*{order}",
    r"(?:요약|번역)(?:하는)?\s?(?:대신|말고)(?:에)?\s.*(?:{적}|번역|요약)[가-힣 ]*{order}",
    r#"(?:라는|이라는|란)\s?(?:단어|말|문장|문구|글자|한마디)\s?(?:만을|만|로만|하나만|외에는|이외에는)\s?.{0,15}{적}[가-힣 ]*{order}"#,
    r#"["'”’]\s?(?:(?:이라|라)?고)?만\s?{적}[가-힣 ]*{order}"#,
    r"모든\s?(?:대답|답변|응답|출력)[을은]\s.*(?:하라|해라|하시오|하세요|하십시오|할 ?것|해 ?줘)[.!]*\s*$",
    r"{언어}로만?\s?(?:번역|대답|답변|응답|출력|요약|답)[가-힣 ]*{order}",
    r"(?:요약|번역|답변)(?:문|본)?[을를은]\s.*{언어}로만?\s?(?:작성|써|쓰)[가-힣 ]*{order}",
    r"프롬프트[를은]?\s?(?:모두\s)?(?:공개|출력|보여|말)[가-힣 ]*{order}",
    r"^\W*(?:요약|번역)할\s?때(?:는|에는)?\s.*(?:빼|제외|포함|언급|강조|무시|넣)[가-힣 ]*{order}",
    r"(?:이|위|다음|아래)\s?(?:질문|물음)에만\s?(?:대답|답변|응답|답)[가-힣 ]*{order}",
    r"(?:지금|이제)부터\s.*(?:너|당신|모든\s?(?:답|대답|응답)).*(?:{답}|번역|요약|행동|연기|역할)[가-힣 ]*{order}",
    r"^\W*(?:너|당신)(?:는|은)\s?(?:이제|지금)(?:부터)?\s?(?:더 이상\s?)?.{0,20}(?:AI|인공지능|챗봇|언어 ?모델|번역가|번역기|요약기|어시스턴트|비서|시인|해적)(?:이다|이야|야|입니다|가 아니|이 아니)",
    r"^\W*(?:(?:너|네|당신)(?:는|은|가|이)\s)?{인공지능}(?:라면|이라면)\s.*(?:{적}|무시|요약|번역|문장|글|기사).*{order}",
    r"(?:시스템\s?프롬프트|너의\s?(?:지시|프롬프트)|당신의\s?(?:지시|프롬프트))[가-힣]*\s.*(?:출력|공개|보여|말)[가-힣 ]*{order}",
];

/// Lines that pretend to be a turn of a chat, part of a template, or a message in JSON.
#[rustfmt::skip]
const TURNS: &[&str] = &[
    r"(?i)<\|?(?:im_start|im_end|system|assistant|user|start_header_id|endoftext|eot_id)\|?>|\[/?INST\]|<</?SYS>>|<(?:start|end)_of_turn>|\[\|(?:system|user|assistant)\|\]",
    r"(?i)^\s*#{1,4}\s*(?:system|instructions?|response|new instructions?)\s*(?:prompt|message)?\s*:",
    r"(?i)^\W*assistant\s*[:>]\s*(?:sure|ok|okay|certainly|here|of course)\b",
    r"(?i)^\W*(?:system|new|hidden|updated|admin|developer)\s+(?:prompt|message|instructions?|override)\s*[\])]?\s*[:：]",
    r#"(?i)["'](?:role|from)["']\s*:\s*["'](?:system|assistant|user|developer|tool|human|gpt)["']"#,
    r"(?i)^\W*[\[(<](?:시스템|system)\s?(?:프롬프트|메시지|지시(?:사항)?|명령|prompt|message|instructions?)[\])>]",
    r"^\W*(?:시스템|새로운|새|숨은|관리자|개발자)\s?(?:프롬프트|메시지|지시(?:사항)?|명령)\s*[\])]?\s*[:：]",
    r"(?i)^\W*(?:system|assistant|ai|chatbot)\s*[\])]?\s*[:：>].*\b(?:you are|from now on|ignore|reply|respond|output|translate|summari[sz]e|disregard)\b",
    r"^\W*(?:시스템|어시스턴트|챗봇|AI)\s*[\])]?\s*[:：>].*(?:당신은|너는|넌|지금부터|이제부터|무시|출력|{답}하|번역|요약).*(?:{order}|(?:이다|입니다|이야)[.!]*\s*$)",
    r"^\W*(?:사용자|유저|개발자|운영자|관리자)\s*[\])]?\s*[:：>].*(?:무시|출력|번역|요약|프롬프트).*{order}",
    r"(?i)^\W*(?:user|human|developer|admin)\s*[\])]?\s*[:：>].{0,40}\b(?:ignore|output|translate|summari[sz]e|disregard)\b",
];

/// Lines with the name of a speaker alone, whose turn is in the next line.
const SPEAKER: &[&str] = &[
    r"(?i)^\W*(?:system|assistant|ai|user|human|developer|admin)\s*[\])]?\s*[:：]\s*$",
    r"^\W*(?:시스템|어시스턴트|챗봇|사용자|유저|개발자|운영자|관리자)\s*[\])]?\s*[:：]\s*$",
];

/// Lines of a user, whose answer is in the next line.
const USER: &[&str] = &[r"(?i)^\W*(?:user|human|사용자|유저)\s*[:：]\s*\S"];

/// The place of an answer alone: the question stands in the sentence before it.
const ON_QUESTION: &[&str] = &[
    r"(?i)\banswer\s+(?:only\s+)?(?:this|the (?:following|above))\s+question\b",
    r"(?:이|위)\s?(?:질문|물음)에만\s",
];

static ALWAYS_SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| set(&[ALWAYS, requests::ALWAYS]));
static UNQUOTED_SET: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| set(&[UNQUOTED, requests::UNQUOTED]));
static TURNS_SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| set(&[TURNS, requests::TURNS]));
static SPEAKER_SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| set(&[SPEAKER]));
static USER_SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| set(&[USER]));
static ON_QUESTION_SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| set(&[ON_QUESTION]));
static QUOTED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"["“][^"“”]*["”]|[‘][^‘’]*[’]|「[^」]*」"#).ok());

/// The set of some tables of patterns; `None` if one does not compile, which a test rules out.
fn set(tables: &[&[&str]]) -> Option<RegexSet> {
    let patterns = tables.iter().flat_map(|table| table.iter());
    RegexSet::new(patterns.map(|pattern| filled(pattern))).ok()
}

/// A pattern with its parts filled in. Borders and letters of words are those of ASCII: with those
/// of Unicode, the fast automaton gives up at the first Korean letter.
fn filled(pattern: &str) -> String {
    PARTS
        .iter()
        .fold(pattern.to_string(), |filled, (name, part)| {
            filled.replace(&format!("{{{name}}}"), part)
        })
        .replace(r"\b", r"(?-u:\b)")
        .replace(r"\w", "[A-Za-z]")
}

fn matches(set: &LazyLock<Option<RegexSet>>, text: &str) -> bool {
    set.as_ref().is_some_and(|set| set.is_match(text))
}

/// True if a sentence is, or contains, an order to a model.
pub(super) fn is_order(sentence: &str) -> bool {
    let sentence = sentence.trim();
    matches(&ALWAYS_SET, sentence) || matches(&UNQUOTED_SET, &without_quotations(sentence))
}

/// True if a line pretends to be a turn of a chat.
pub(super) fn is_turn(line: &str) -> bool {
    matches(&TURNS_SET, line)
}

/// True if a line has nothing but the name of a speaker.
pub(super) fn is_speaker(line: &str) -> bool {
    matches(&SPEAKER_SET, line)
}

/// True if a line is what a user says in a chat.
pub(super) fn is_user(line: &str) -> bool {
    matches(&USER_SET, line)
}

/// True if an order is on the question before it.
pub(super) fn is_on_question(sentence: &str) -> bool {
    matches(&ON_QUESTION_SET, sentence)
}

/// A sentence whose quotations are emptied, unless it is one quotation as a whole.
fn without_quotations(sentence: &str) -> String {
    let Some(quoted) = QUOTED.as_ref() else { return sentence.to_string() };
    let outside = quoted.replace_all(sentence, "");
    if !outside.contains(char::is_alphanumeric) {
        return sentence.to_string();
    }
    quoted
        .replace_all(sentence, |found: &regex::Captures<'_>| {
            let mut marks = found[0].chars();
            let open = marks.next().unwrap_or('"');
            format!("{open}{}", marks.next_back().unwrap_or(open))
        })
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        let requests = [requests::ALWAYS, requests::UNQUOTED, requests::TURNS];
        let tables = [ALWAYS, UNQUOTED, TURNS, SPEAKER, USER, ON_QUESTION];
        for pattern in tables.iter().chain(&requests).flat_map(|table| table.iter()) {
            let filled = filled(pattern);
            assert!(Regex::new(&filled).is_ok(), "{filled}: {:?}", Regex::new(&filled));
        }
        assert!(ALWAYS_SET.is_some() && UNQUOTED_SET.is_some() && QUOTED.is_some());
    }
}
