//! Requests, roles and new tasks: orders that name no earlier instruction, and orders in languages
//! that the article is not in. Patterns in the notation of `wording`.

/// Orders that remain orders inside a quotation.
#[rustfmt::skip]
pub(super) const ALWAYS: &[&str] = &[
    // Notes and polite requests to a model.
    r"(?i){line}(?:(?:important|special|hidden|editor['’]s)\s+)*(?:n\.?\s?b\.?|p\.?\s?s\.?|notes?|notices?|messages?|instructions?|memos?|reminders?)\s+(?:for|to)\s+(?:(?:all|any|the|every)\s+)?{machine}\s*[:;—–-]\s*\w",
    r"(?i)\b(?:could|can|would|will|should) (?:the|any|an|every) {agent}{tool}\s+(?:(?:that|which|who)\s+(?:is\s+)?)?{doing}\s+this\b.{0,40}\b{do}\b",
    r"(?i)\b(?:great|nice|helpful|kind|appreciated?|grateful|glad|thankful)\b.{0,20}\bif (?:the|any|an) {agent}{tool}\s+(?:could|would|can)\b.{0,40}\b{do}\b",
    r"(?i)\b(?:great|nice|helpful|kind|appreciated?|grateful|glad|thankful)\b.{0,20}\bif (?:your|the) (?:summary|translation|output)\b",
    r"(?i){line}(?:whoever|anyone|everyone)\s+(?:who\s+)?(?:is|are)\s+(?:summari[sz]|translat|paraphras)ing\s+this\b.{0,20}[:,]",
    r"(?i)(?:^|[\s(\[*:]){agent}{tool}[,:]\s+(?:please\s+)?(?:if|when) you (?:see|read|are reading|find|process|receive)\s+this\b",
    r"(?i)\b(?:make sure|ensure|see to it)\s+(?:that\s+)?(?:the|your) (?:summary|translation)\s+(?:\w+\s+)?(?:mentions?|says?|includes?|states?|omits?|ends?|begins?|starts?|leaves?)\b",
    r"(?i)\b(?:every|any|each|the|your) (?:summary|translation) of this (?:article|text|story|page|report)\s+(?:must|has to|should|needs? to|shall)\b",
    r"(?-i:\b(?:BEGIN|START|END)(?: OF)?(?: NEW| SYSTEM| SECRET| HIDDEN)? (?:INSTRUCTIONS?|PROMPT)\b)",
    r"(?i)\b(?:disable|turn off|switch off|remove)\s+your\s+(?:content\s+|safety\s+)?(?:filters?|guardrails?|safeguards?|restrictions?)\b",
    r"{이글}[을를]\s?(?:[가-힣]+\s){0,2}(?:요약|번역|정리|처리|분석|읽어?)(?:해|하)?\s?(?:주시는|시는|으시는|주는|실)\s?{인공지능}",
    r"{인공지능}[이가은는]?\s?(?:혹시\s)?{이글}[을를]\s?(?:읽|보|요약|번역|처리|정리)[가-힣 ]{0,8}면[,\s].*{order}",
    r"^\W*(?:요약|번역)(?:하시는|하는|해 ?주시는|하실)\s?(?:분|사람|이)(?:들)?(?:께|에게)\s?[:：,].*{order}",
    r"^\W*{기계}\s?(?:에게\s?)?(?:참고|알림|공지|메모|주의|전달|지시)(?:사항)?\s?[:：]",
    r"{이글}[을를]\s?(?:처리|요약|번역|분석)하는\s?(?:시스템|프로그램|도구)[은는이가]\s.*(?:출력|포함|{답}|써|적|넣)[가-힣 ]*{order}",
    r"^\W*(?:요약|번역)(?:문|본)?\s?(?:결과|내용)?[은는이가]\s?(?:반드시|꼭|항상|무조건)\s.*(?:시작|끝|포함|언급|마치|담)[가-힣 ]*{order}",
    r"^\W*(?:{이글}[을를]\s?)?(?:요약|번역)(?:하실|할|하는)\s?(?:때|경우)(?:는|에는)?,?\s.*{order}",
    // The same orders in other languages.
    r"(?i)\b(?:ignore[rz]?|oublie[rz]?)\s+(?:toutes?\s+|tous\s+)?(?:les|ces|mes|vos|tes)\s+(?:instructions|consignes|ordres|directives)\s+(?:pr[ée]c[ée]dent|ant[ée]rieur|ci-dessus)",
    r"(?i)\b(?:ignor[ae]d?|olvid[ae]d?)\s+(?:todas?\s+|todos?\s+)?(?:las|los|tus|mis)\s+(?:instrucciones|[óo]rdenes|indicaciones)\s+(?:anteriores|previas)",
    r"(?i)\b(?:ignorier(?:e|en sie|t)|vergiss|vergessen sie|missachte)\s+(?:alle\s+|s[äa]mtliche\s+)?(?:die\s+|deine\s+)?(?:vorherigen|bisherigen|vorigen|obigen|fr[üu]heren|vorangegangenen)\s+(?:anweisungen|instruktionen|befehle)",
    r"(?i)\bignora(?:te)?\s+(?:tutte\s+)?le\s+istruzioni\s+precedenti",
    r"(?i)\bignor(?:e|a|em)\s+(?:todas\s+)?as\s+instru[çc][õo]es\s+anteriores",
    r"(?i)(?:игнорируй|забудь)(?:те)?\s+(?:все\s+)?(?:предыдущие|прежние)\s+(?:инструкции|указания|команды)",
    r"(?:忽略|无视|無視|忘记|忘記)(?:之前|以上|先前|前面|上述|所有|你)*的?(?:所有|全部|任何)?(?:指示|指令|提示|命令)",
    r"(?:これまで|以前|上記|今まで|すべて|全て)[のに]?.{0,12}(?:指示|命令|プロンプト)[をは].{0,8}(?:無視|忘れ)",
];

/// Orders that are somebody's words inside a quotation.
#[rustfmt::skip]
pub(super) const UNQUOTED: &[&str] = &[
    // Other ways to call a task off.
    r"(?i){start}(?:ignore|disregard|forget|discard)\s+{prior}(?:instructions?|directions?|prompts?|guidelines?)\s+(?:(?:given|written)\s+)?(?:above|before|so far|until now|you (?:were|have been) given)\b",
    r"(?i){start}(?:stop|abort|cancel|quit)\s+(?:this|the|your)\s+(?:current\s+)?(?:task|summary|translation)\b",
    r"(?i){start}{saying}\s+only\s*:\s*\w",
    r"(?i){start}answer\s+(?:only\s+)?(?:this|the (?:following|above))\s+question\s+only\b",
    r"(?i){line}(?:{machine}|assistant)[,:]\s+(?:please\s+|now\s+)?(?:stop|ignore|disregard|forget|say|write|print|output|reply|respond|add|include|leave out|omit)\b",
    r"(?i)(?:{line}|[.!?]\s+)(?:your\s+)?(?:new|real|actual|updated) (?:task|instructions?|assignment|goal|prompt)\s*:\s*(?:please\s+)?(?:{do}|list|compose|explain|describe|count)\b",
    r"(?i){line}(?:task|instructions?|prompt)\s*:\s*(?:please\s+)?(?:translate|summari[sz]e|write|list|answer|reply|respond|output|print|ignore)\b",
    r"(?i)\b(?:this is|i am|i['’]m) your (?:developer|creator|administrator|admin|programmer|operator)\b",
    r"(?:위|이|현재|지금)\s?(?:작업|과제|요약|번역)[을를은는]?\s?(?:중단하|중지하|멈추|그만두|그만하)고\s.*(?:출력|{답}|쓰|써|적|번역|작성)[가-힣 ]*(?:것|라|시오|세요|줘)",
    r"(?:새|새로운|진짜|실제|다음)\s?(?:과제|임무|지시(?:사항)?|명령)\s?[:：]\s.*{order}",
    r"(?:진짜|실제|새로운|새|너의|당신의)\s?(?:과제|임무|작업)[은는]\s.*(?:단어|문장|출력|번역|요약)[가-힣]*\s.*(?:것이다|것입니다|거야|것|{order})[.!]*\s*$",
    r"(?:나는|난|저는)\s?(?:너의|네|당신의)\s?(?:개발자|제작자|관리자|운영자|주인)(?:다|이다|야|입니다)",
    r"(?:지금|이제)부터(?:는)?\s.*(?:로만|으로만)\s?(?:{답}|말)[가-힣 ]*{order}",
    r"^\W*(?:어시스턴트|챗봇|번역기|요약기)\s?[,，!]\s?.*(?:요약|번역|출력|{답}|써|작성|말)[가-힣 ]*.*{order}",
    r"^\W*{인공지능}(?:야|아|님|씨)[,!]?\s.*(?:글|기사|문서|요약|번역|출력).*{order}",
    // Roles to play.
    r"(?i)\blet['’]?s (?:play|do)\b.{0,30}\b(?:game|role)\w*\b.{0,20}[:,.]\s*you\s+(?:are|play|be|act)\b",
    r"(?i){start}(?:imagine|pretend|assume)\s+(?:that\s+)?you(?:\s+are|['’]re|\s+were)\s+(?:an?\s+)(?:[a-z]+\s+){0,2}{role}\b",
    r"(?i){start}(?:pretend to be|act as|act like|behave like|role-?play as|take on the role of)\s+(?:an?|the|my)\s.{1,40}\b(?:and|who|that)\b.{0,30}\b(?:write|print|output|reply|answer|respond|say|summari[sz]e|translate)\b",
    r"(?i)^\W*you are an? (?:[a-z]+ ){0,2}{role}\s+(?:that|who|which|and)\s",
    r"(?i){start}(?:write|produce|give)\s+(?:me\s+)?(?:the|your|a|this)\s+(?:summary|translation)\s+(?:as|like|in the (?:style|voice) of)\b",
    r"(?:역할극|역할 ?놀이|롤플레이).*(?:너는|당신은|넌)\s",
    r"(?:^|[.!?:,]\s*)(?:너는|당신은|넌)\s?(?:이제\s?)?{역할}(?:이다|입니다|이야|야|다|이고|이며|로서)(?:[.!,\s]|$)",
    r"(?:말투|어투|문체)로\s?(?:[가-힣]+\s)?(?:요약|번역)[가-힣]*\s?.*{order}",
    r"(?:처럼|인 척)\s?(?:행동|연기|말|답)(?:하고|하며|해서|하여)\s.*(?:출력|{답}|요약|번역|써)[가-힣 ]*{order}",
];

/// Lines that pretend to be a turn of a chat or a message to a model.
#[rustfmt::skip]
pub(super) const TURNS: &[&str] = &[
    r"(?i)^\W*(?:user|human)\s*[\])]?\s*:.{0,40}\b(?:tell me|write (?:me )?an?|sing|give me an?|stop here)\b",
    r"^\s*#{1,4}\s*(?:시스템|지시(?:사항)?|명령|응답|새 지시)\s?(?:프롬프트|메시지)?\s*[:：]",
    r"^\W*[\[(<](?:새|새로운|숨은|추가|관리자)\s?(?:지시(?:사항)?|명령|프롬프트|과제)[\])>]",
    r"^\W*</?(?:사용자|시스템|어시스턴트|지시|지시사항|명령|프롬프트)>",
    r#"["'](?:instructions?|prompt|system_prompt|명령|지시|지시사항|프롬프트)["']\s*:\s*["']"#,
    r"^\W*(?:사용자|유저)\s*[\])]?\s*[:：>].*[가-힣] ?(?:줘|줘요|주세요|해라)[.!]*\s*$",
    r"(?i)^\W*(?:user|human|사용자|유저)\s*[:：].*\s(?:assistant|chatbot|어시스턴트|챗봇)\s*[:：]",
];
