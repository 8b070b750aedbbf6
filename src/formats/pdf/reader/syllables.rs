//! At which syllables Korean words begin and end: grades of how often a space is beside a syllable,
//! counted over Korean sentences of news. A syllable in no list is of grade 0.

/// Syllables by how often a space follows them: grade, syllables.
#[rustfmt::skip]
const AT_END: &[(f32, &str)] = &[
    (-3.0, "니하사있습으것했보되입유었비합거발않모영많연레함알최말언없받따특능디추남았피필증였같베노집테손확됩졌움좋평"),
    (-2.0, "들위정동공세경문르마오명관용방신프바개람생조작내포항호파건예또불태현키결루처버매올출향열군까네심표독배변페초메복투목설절찰폭곳북텔돌워견활뉴탈착렌병겨풍눈창충캐왔쉽떨밝취커쇼얼쓰참숙높블넘빠황폴잠검염씨얻탐렸뜻"),
    (-1.0, "스리다아시대자라적일전부제상주여구성소원화행미러요물분계치려식선통체학무차종타크교반법양번점산달실력각코회속형험금격랜강브쪽류토접광케족즈민름새편승품준외너객허판권임감랑망침순청살별환패론십플애머령떠악골협글웹혹클규잡끝책낮팔측"),
    (1.0, "이에가수도인해나만야면진년운터두록후월난날늘럽천탄볼갈친릴픽킬억례느"),
    (2.0, "로고서과된더데던져몇째럼긴런잘께넷"),
    (3.0, "는의을은한를게할와른히며든및될떤큰첫"),
];

/// Syllables by how often a space is before them.
#[rustfmt::skip]
const AT_START: &[(f32, &str)] = &[
    (-3.0, "는에니을은로를리습으었와르며람려른록력든래았까린류져였란즈름랑립럽졌련째럼"),
    (-2.0, "다의들라게트드면용러터히키험격랜티급족워림론쟁택량떤션료령츠께륙넷념렸례"),
    (-1.0, "하고서한스도어해적했과되할입성화야진치된간식크각루능던난쪽업늘민너찰텔본움울객탄탈술런십릴픽핑락킹"),
    (1.0, "사아시대전일제주정공구여동비합거세오마관미신통생선무학종작차단두호건파카결약실산코출직증광심복근목초표존날될투절편노테승베감판온침몇년외순막살렌별환패풍머갈친창플월애잡철클협글줄황엔팔규블폴뜻숙느"),
    (2.0, "수보위유경중방발바더조영내후연항개받달언저올강추열접변왕독곳새손확허돌길볼활평떠캐충책취커쓰"),
    (3.0, "있것그않모때없많말예최번불알따필매남및또특같현배등폭좋북쉽채큰밝뉴잘첫걸눈높넘빠낮웹검끝얻섬떨"),
];

/// How often a space follows a syllable: from -3, seldom, to 3.
pub fn ends_words(syllable: char) -> f32 {
    grade(AT_END, syllable)
}

/// How often a space is before a syllable: from -3, seldom, to 3.
pub fn begins_words(syllable: char) -> f32 {
    grade(AT_START, syllable)
}

fn grade(table: &[(f32, &str)], syllable: char) -> f32 {
    table
        .iter()
        .find(|(_, syllables)| syllables.contains(syllable))
        .map_or(0.0, |(grade, _)| *grade)
}
