//! Test pages modeled on Korean agencies, portals, papers and offices. The town of Haemin and its
//! paper are invented; nesting and names are those of real pages.

use super::read;
use crate::document::{BlockKind, Document};

const TITLE: &str = "해민시, 두 번째 방파제 쌓는다";
const BODY: [&str; 4] = [
    "(해민=바람통신) 문지애 기자 = 해민시는 옛 항구에 두 번째 방파제를 쌓기로 했다고 7일 밝혔다.",
    "공사에는 2년 동안 4억1천200만원이 든다. 착공은 3월이다.",
    "시의회는 찬성 14표, 반대 5표로 계획을 승인했다. 지금의 방파제는 1987년에 완공됐다.",
    "한서진 항만국장은 \"태풍이 오기 전에 공사를 마치겠다\"고 말했다.",
];
const CAPTION: &str = "해민 옛 항구에 묶인 어선들";

const MENU: &str = r#"<ul><li><a href="/">홈</a></li><li><a href="/p">정치</a></li><li><a href="/e">경제</a></li><li><a href="/s">사회</a></li><li><a href="/w">국제</a></li></ul>"#;
const IMPRINT: &str = r#"<p>제호 : 해민일보 | 등록번호 : 해민 가00012 | 등록일 : 2001년 3월 2일 | 발행인 : 노민아 | 편집인 : 한서진 | 청소년보호책임자 : 오재민</p><p>주소 : 해민시 항구로 12 해민빌딩 3층 | 대표전화 : 000-000-0000 | 사업자등록번호 : 000-00-00000</p><p>해민일보의 모든 콘텐츠는 저작권법의 보호를 받으며, 무단 전재와 복사, 배포 등을 금합니다. 해민일보는 인터넷신문윤리강령을 준수합니다.</p>"#;
const RELATED: &str = r#"<h4>관련 기사</h4><ul><li><a href="/a">소미섬 배편 또 결항, 주민들 불편 호소</a></li><li><a href="/b">새 항구에 시장이 열렸다, 상인 200명 입주</a></li><li><a href="/c">태풍 단비가 지나간 자리</a></li></ul>"#;
const COMMENTS: &str = r#"<h3>댓글 3</h3><ul><li><b>갈매기</b><p>방파제보다 배를 옮기는 것이 먼저라고 생각합니다. 시의회는 왜 서두르는지 모르겠네요.</p></li><li><b>등대지기</b><p>1987년 방파제도 그때는 다들 반대했습니다. 태풍이 오기 전에 끝내기만 하면 됩니다.</p></li><li><b>어부</b><p>우리 배는 어디로 가라는 말입니까? 공사 동안 댈 곳부터 마련해 주십시오, 국장님.</p></li></ul>"#;

/// A page layout and its content.
struct Shape {
    name: &'static str,
    /// HTML with placeholders `@TITLE`, `@BODY` and others.
    page: &'static str,
    /// Markup before and after each paragraph.
    paragraph: (&'static str, &'static str),
    /// True if the layout has a photo caption.
    caption: bool,
}

#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    Shape {
        name: "an agency with an article element",
        page: r#"<div class="container"><header class="header-wrap"><nav>@MENU</nav></header><main id="container"><div class="content90"><header class="title-article01"><h1 class="tit">@TITLE</h1><p class="update-time">송고시간 2026-01-07 10:30</p><div class="btn-share"><button>공유</button><button>댓글</button></div></header><div class="scroller01"><article class="story-news article"><div class="comp-box photo-group"><figure class="image-zone"><img src="a.jpg"><figcaption class="txt-desc">@CAPTION</figcaption></figure></div>@BODY<p class="txt-copyright adrs">제보는 카카오톡 haemin</p><p class="txt-copyright">&lt;저작권자(c) 바람통신, 무단 전재-재배포 금지&gt;</p></article><div class="keyword-zone"><a href="/k">#방파제</a><a href="/k2">#해민</a></div><section class="related-zone">@RELATED</section><div class="comment-zone" id="comment">@COMMENTS</div></div></div></main><aside class="aside-bnr05"><strong>많이 본 뉴스</strong>@RELATED</aside><footer class="footer">@IMPRINT</footer></div>"#,
        paragraph: ("<p>", "</p>"),
        caption: true,
    },
    Shape {
        name: "an agency with line breaks in an unnamed article",
        page: r#"<div id="wrap"><div class="gnb">@MENU</div><div id="content"><div class="articleView"><div class="view"><div class="titleArea"><h1 class="tit title_area">@TITLE</h1><div class="infoLine"><span>등록 2026.01.07 10:30:00</span></div></div><div class="viewer" itemprop="articleBody"><article><div class="thumCont"><table><tr><td><img src="a.jpg"></td></tr><tr><td class="photo_caption">@CAPTION</td></tr></table></div>@BODY◎바람통신 moon@example.com</article></div></div></div><div class="right">@RELATED</div></div><div class="bottom">@IMPRINT</div></div>"#,
        paragraph: ("", "<br/><br/>"),
        caption: true,
    },
    Shape {
        name: "an agency's site that a program draws",
        page: r#"<div id="__next"><div class="css-1x"><div class="css-2y">@MENU</div><div class="css-3z"><h2 class="css-4a">@TITLE</h2><div class="css-5b"><span>2026.01.07 오전 10:30</span></div><div id="articleBodyContent" class="css-6c">@BODY</div><div class="css-7d"><p>moon@example.com</p></div><div class="css-8e">@RELATED</div></div><div class="css-9f">@IMPRINT</div></div></div>"#,
        paragraph: ("<p class=\"css-p1\">", "</p>"),
        caption: false,
    },
    Shape {
        name: "a portal with the text in one element",
        page: r#"<div class="u_skip"><a href="\#ct">본문 바로가기</a></div><header id="header">@MENU</header><div id="ct_wrap"><div class="media_end_head"><h2 id="title_area" class="media_end_head_headline"><span>@TITLE</span></h2><div class="media_end_head_info"><span>입력 2026.01.07. 오전 10:30</span></div></div><div id="contents" class="newsct_body"><div id="newsct_article" class="newsct_article _article_body"><article id="dic_area" class="go_trans _article_content"><span class="end_photo_org"><div class="nbd_im_w"><img src="a.jpg"><em class="img_desc">@CAPTION</em></div></span>@BODY</article></div><div class="byline"><p class="byline_p"><span class="byline_s">문지애 기자 moon@example.com</span></p></div><div class="copyright"><p class="c_text">Copyright ⓒ 바람통신. All rights reserved. 무단 전재 및 재배포 금지.</p></div><div class="categorize">이 기사는 언론사에서 사회 섹션으로 분류했습니다.</div></div><div class="media_end_linked_more">@RELATED</div><div class="media_journalistcard"><p>해민의 항구와 바다를 오래 취재해 온 기자입니다. 제보를 기다립니다.</p></div><div class="u_cbox" id="cbox_module">@COMMENTS</div></div><div class="footer">@IMPRINT</div>"#,
        paragraph: ("", "<br><br>"),
        caption: true,
    },
    Shape {
        name: "a portal with sections and marks of its own",
        page: r#"<div id="kakaoWrap"><div id="kakaoHead"><div class="inner_gnb">@MENU</div></div><main id="kakaoContent" class="doc-main"><div class="head_view"><h3 class="tit_view" data-translation="true">@TITLE</h3><div class="info_view"><span class="txt_info">문지애</span><span class="txt_info">입력 2026. 1. 7. 10:30</span></div></div><div class="news_view"><div class="article_view" data-translation-body="true"><section dmcf-sid="x1"><figure class="figure_frm origin_fig"><p class="link_figure"><img src="a.jpg"></p><figcaption class="txt_caption default_figure">@CAPTION</figcaption></figure>@BODY<p dmcf-ptype="general">moon@example.com</p></section></div></div><div class="foot_view"><p>Copyright © 바람통신. 무단전재 및 재배포 금지.</p></div><div class="alex-area comment_view">@COMMENTS</div><aside>@RELATED</aside></main><div id="kakaoFoot"><div class="inner_foot">@IMPRINT</div></div></div>"#,
        paragraph: ("<p dmcf-pid=\"a\" dmcf-ptype=\"general\">", "</p>"),
        caption: true,
    },
    Shape {
        name: "a broadcaster",
        page: r#"<div id="wrapper"><div class="top-menu">@MENU</div><div id="contents"><div class="view-headline view-box"><h4 class="headline-title">@TITLE</h4><div class="dates"><em class="input-date">입력 2026.01.07 (10:30)</em></div><div class="sns-buttons"><button>공유하기</button><button>글씨 크게보기</button></div></div><div class="view-article-wrapper"><div class="detail-body font-size" id="cont_newstext">@BODY</div><div class="view-copyright"><p>■ 제보하기 카카오톡 haemin</p></div></div><div class="box-reporter"><strong>문지애 기자</strong><p>해민의 항구와 바다에서 일어나는 일을 쉽고 빠르게 전하겠습니다.</p></div><div class="hot-issue"><p>이 기사가 좋으셨다면</p></div><div class="box-comment">@COMMENTS</div></div><div class="sub-contents">@RELATED</div><footer id="footer">@IMPRINT</footer></div>"#,
        paragraph: ("", "<br /><br />"),
        caption: false,
    },
    Shape {
        name: "a large paper's system",
        page: r#"<div id="fusion-app" class="fusion-app"><div class="header-wrapper"><nav>@MENU</nav></div><section class="layout--main"><div class="article-header"><h1 class="article-header__headline"><span>@TITLE</span></h1><div class="article-byline"><a href="/moon">문지애 기자</a></div><div class="dateBox">입력 2026.01.07. 10:30</div></div><article class="layout__article-main"><section class="article-body" itemprop="articleBody"><figure class="article-body__content-image"><img src="a.jpg"><figcaption>@CAPTION</figcaption></figure>@BODY</section><div class="article-tags"><a>방파제</a></div></article><div class="story-feed">@RELATED</div><div id="comment">@COMMENTS</div></section><div class="footer"><div class="footer__text">@IMPRINT</div></div></div>"#,
        paragraph: ("<p class=\"article-body__content article-body__content-text | text--black\">", "</p>"),
        caption: true,
    },
    Shape {
        name: "a paper with a subtitle before its text",
        page: r#"<div class="BaseHeader_wrap__x">@MENU</div><section class="ArticleDetailView_wrap__y"><div class="ArticleDetailView_header__z"><h3 class="ArticleDetailView_title__9">@TITLE</h3><div class="ArticleDetailView_reporterList__8"><a href="/m">문지애 기자</a></div></div><div class="ArticleDetailContent_container__7"><div class="article-text" data-x><div class="imageContainer"><img src="a.jpg"><p class="caption">@CAPTION</p></div>@BODY<p class="text"><a href="mailto:moon@example.com">moon@example.com</a></p></div></div><div class="ArticleDetailReporter_wrap__6"><p>문지애 기자의 다른 기사를 더 볼 수 있습니다. 항구의 하루를 전합니다.</p></div><div class="ArticleRelated_wrap__5">@RELATED</div></section><div class="BaseFooter_footer__4"><div>@IMPRINT</div></div>"#,
        paragraph: ("<p class=\"text\">", "</p>"),
        caption: true,
    },
    Shape {
        name: "an office's press release",
        page: r#"<div id="skip_nav"><a href="\#container">본문 바로가기</a></div><div class="gnb_wrap">@MENU</div><div id="container"><section class="area_contents"><div class="article_head"><h1>@TITLE</h1><div class="info"><span>2026.01.07</span><span>해민시</span></div></div><div class="article_body"><div class="article_content"><div class="view_cont">@BODY</div></div><div class="file_down"><a href="/f.hwpx">260107 방파제.hwpx</a><a href="/f.pdf">260107 방파제.pdf</a></div></div><div class="article_footer"><p>"이 자료는 해민시의 보도자료를 전재하여 제공함을 알려드립니다."</p></div><div class="related_news">@RELATED</div></section></div><div id="footer">@IMPRINT</div>"#,
        paragraph: ("<p style=\"line-height:180%\"><span style=\"font-size:14pt\">", "</span></p>"),
        caption: false,
    },
    Shape {
        name: "a small local paper",
        page: r#"<div id="user-wrap"><header id="user-header">@MENU</header><section id="section-view"><header class="article-view-header"><h3 class="heading">@TITLE</h3><ul class="infomation"><li><i></i> 문지애 기자</li><li>승인 2026.01.07 10:30</li><li>댓글 3</li></ul></header><div class="article-view"><article id="article-view-content-div" class="article-veiw-body view-page" itemprop="articleBody"><div style="text-align:center"><figure class="photo-layout"><img src="a.jpg"><figcaption>@CAPTION</figcaption></figure></div>@BODY<div class="view-copyright">저작권자 © 해민일보 무단전재 및 재배포 금지</div></article><article class="writer"><strong class="name">문지애 기자</strong><a href="mailto:moon@example.com">moon@example.com</a><a>다른기사 보기</a></article></div><div class="reply-wrap" id="replyWrite">@COMMENTS<p>댓글을 남기실 때는 예절을 지켜 주시기 바랍니다. 욕설은 지워질 수 있습니다.</p></div><div class="auto-article">@RELATED</div></section><footer id="user-footer">@IMPRINT</footer></div>"#,
        paragraph: ("<p>", "</p>"),
        caption: true,
    },
    Shape {
        name: "a paper of unnamed elements only",
        page: r#"<div><div><a href="/">해민일보</a>@MENU</div><div><div><h1>@TITLE</h1><div><span>2026.01.07 10:30</span></div><div>@BODY</div></div><div>@RELATED</div></div><div>@IMPRINT</div></div>"#,
        paragraph: ("<p>", "</p>"),
        caption: false,
    },
    Shape {
        name: "an old page of tables",
        page: r#"<table width="900"><tr><td>@MENU</td></tr></table><table width="900"><tr><td width="600"><table><tr><td><font size="5"><b>@TITLE</b></font></td></tr><tr><td><font size="3">@BODY</font></td></tr></table></td><td width="300">@RELATED</td></tr></table><table width="900"><tr><td><font size="2">@IMPRINT</font></td></tr></table>"#,
        paragraph: ("", "<br>\r\n<br>"),
        caption: false,
    },
];

fn page(shape: &Shape, body: &[&str]) -> String {
    let paragraphs: String = body
        .iter()
        .map(|text| format!("{}{text}{}", shape.paragraph.0, shape.paragraph.1))
        .collect();
    let page = [
        ("@MENU", MENU),
        ("@IMPRINT", IMPRINT),
        ("@RELATED", RELATED),
        ("@COMMENTS", COMMENTS),
        ("@CAPTION", CAPTION),
        ("@TITLE", TITLE),
        ("@BODY", &paragraphs),
    ]
    .into_iter()
    .fold(shape.page.replace("\\#", "#"), |page, (mark, text)| page.replace(mark, text));
    format!(
        "<!doctype html><html lang=\"ko\"><head><meta charset=\"utf-8\"><title>{TITLE} - 해민일보</title><meta property=\"og:title\" content=\"{TITLE}\"></head><body>{page}</body></html>"
    )
}

fn content(document: &Document) -> Vec<&str> {
    document.content().map(|block| document.block_text(block)).collect()
}

#[test]
fn every_layout_yields_the_headline_and_the_whole_article_only() {
    let mut wrong = Vec::new();
    for shape in SHAPES {
        let html = page(shape, &BODY);
        let document = read(html.clone()).unwrap().document;
        let expected: Vec<&str> = [TITLE].into_iter().chain(BODY).collect();
        let found = content(&document);
        if found != expected || document.title() != Some(TITLE) {
            wrong.push(format!("{}: {found:#?}", shape.name));
        }
        if shape.caption && !document.boilerplate().any(|known| known == ("photo caption", CAPTION))
        {
            wrong.push(format!(
                "{}: its caption is {:?}",
                shape.name,
                document.boilerplate().collect::<Vec<_>>()
            ));
        }
        assert_eq!(document.rejoin(|_, _| None), html, "{}", shape.name);
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), SHAPES.len(), wrong.join("\n"));
}

#[test]
fn a_one_sentence_flash_is_read_in_every_layout_with_a_named_body() {
    let flash = "(해민=바람통신) 7일 오전 10시 30분께 해민 앞바다에서 규모 4.1의 지진이 났다.";
    let mut wrong = Vec::new();
    for shape in SHAPES {
        let document = read(page(shape, &[flash])).unwrap().document;
        if content(&document) != [TITLE, flash] {
            wrong.push(format!("{}: {:#?}", shape.name, content(&document)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), SHAPES.len(), wrong.join("\n"));
}

#[test]
fn a_picture_story_is_its_caption() {
    let html = "<title>[포토] 항구의 아침 - 해민일보</title><div id=top><a href=/>홈</a></div><article><h1>[포토] 항구의 아침</h1><div itemprop=articleBody><figure><img src=a><figcaption>7일 오전 해민시 옛 항구에서 어민들이 그물을 손질하고 있다.</figcaption></figure></div></article><div>등록번호 가00012 | 발행인 노민아 | 편집인 한서진</div>";
    let document = read(html.to_string()).unwrap().document;
    assert_eq!(
        content(&document),
        ["[포토] 항구의 아침", "7일 오전 해민시 옛 항구에서 어민들이 그물을 손질하고 있다."]
    );
    assert!(
        document.blocks().iter().all(|block| block.kind != BlockKind::boilerplate("photo caption"))
    );
}

#[test]
fn an_article_in_sections_is_read_completely() {
    let sections: String = BODY
        .iter()
        .map(|text| format!("<section class=article-body><p>{text}</p></section>"))
        .collect();
    let html = format!(
        "<title>{TITLE}</title><div>{MENU}</div><div><h1>{TITLE}</h1><div>{sections}</div></div><div>{RELATED}</div><div>{COMMENTS}</div>"
    );
    let document = read(html).unwrap().document;
    assert_eq!(content(&document), [TITLE].into_iter().chain(BODY).collect::<Vec<_>>());
}
