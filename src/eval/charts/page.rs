//! The page around charts: its head, and the style of everything on it.

use crate::document::escape;

/// Text has a contrast of at least 4.5:1, marks of 3:1, in light and dark.
const STYLE: &str = "
:root{color-scheme:light dark;--paper:#fff;--ink:#1a1a1a;--quiet:#595959;--edge:#d8d8d8;--zero:#8a8a8a;--doubt:#8a3b00;--good:#1d6b3a;--bad:#a3262a;
--s0:#2f6fb0;--s1:#c05f12;--s2:#2d8259;--s3:#8650ab;--s4:#a93a52;--s5:#5f6b76}
@media(prefers-color-scheme:dark){:root{--paper:#16181c;--ink:#ececec;--quiet:#b0b0b0;--edge:#3a3d43;--zero:#8b9098;--doubt:#ffc069;--good:#7fd6a0;--bad:#ff9c94;
--s0:#6fa8e5;--s1:#ee9d54;--s2:#63bd91;--s3:#be90e0;--s4:#ea8198;--s5:#a9b4be}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:1.5rem 2rem 4rem;line-height:1.6;background:var(--paper);color:var(--ink);word-break:keep-all;overflow-wrap:anywhere;
font-family:'Apple SD Gothic Neo','Malgun Gothic','Noto Sans CJK KR','Noto Sans KR','Nanum Gothic',system-ui,sans-serif}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.2rem;margin:2.5rem 0 .5rem}h3{font-size:1rem;margin:0}.chart+h3{margin-top:1rem}
a{color:inherit}p{margin:.25rem 0 .75rem}.quiet{color:var(--quiet);font-size:.9rem}.verdict{font-size:1.1rem;margin:.75rem 0}
.scroll{overflow-x:auto;overflow-wrap:normal}.scroll td:first-child{min-width:9rem}
table{border-collapse:collapse;width:100%;margin:.75rem 0;font-size:.95rem}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--edge);vertical-align:top}
th{font-size:.85rem;color:var(--quiet);font-weight:600}
.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}th.n{white-space:normal}
svg{display:block;width:100%;overflow:visible}.legend svg{display:inline-block;width:12px;overflow:hidden}
svg text{font:12px system-ui,sans-serif;color:var(--quiet);fill:currentColor}.grid{stroke:var(--edge)}.zero{stroke:var(--zero)}
.s0{fill:var(--s0);stroke:var(--s0)}.s1{fill:var(--s1);stroke:var(--s1)}.s2{fill:var(--s2);stroke:var(--s2)}
.s3{fill:var(--s3);stroke:var(--s3)}.s4{fill:var(--s4);stroke:var(--s4)}.s5{fill:var(--s5);stroke:var(--s5)}
rect{stroke:none!important}line.s0,line.s1,line.s2,line.s3,line.s4,line.s5{stroke-width:2}.faint{fill-opacity:.55}
.legend{list-style:none;padding:0;margin:.5rem 0;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;font-size:.9rem}
.row{display:grid;grid-template-columns:minmax(6rem,13rem) 1fr minmax(5rem,11rem);column-gap:.9rem;padding:.2rem 0;align-items:center}
.label{text-align:right;font-size:.9rem;line-height:1.3}
.values{font-size:.85rem;font-variant-numeric:tabular-nums;color:var(--quiet);white-space:nowrap}.values span{display:block;line-height:18px}
.ends p{margin:0;display:flex;justify-content:space-between;font-size:.85rem;color:var(--quiet)}
figure{margin:1rem 0}figcaption{font-size:.9rem;color:var(--quiet);padding-bottom:.25rem}.end{text-align:right}
.squares{display:flex;flex-wrap:wrap;gap:0 2rem}.squares figure{flex:1 1 20rem;max-width:29rem}
.line{border-top:1px solid var(--edge);padding:.9rem 0;break-inside:avoid}.line:target{outline:2px solid var(--s0);outline-offset:6px}
.line dl{display:grid;grid-template-columns:minmax(5rem,11rem) 1fr;gap:.35rem .9rem;margin:.4rem 0 0}
dt{color:var(--quiet);font-size:.9rem}dt b{display:block;color:var(--ink);font-weight:600}dd{margin:0;unicode-bidi:isolate}
.doubts{margin:.2rem 0 0;padding:0;list-style:none;color:var(--doubt);font-size:.85rem}
.good{color:var(--good)}.bad{color:var(--bad)}
@media(max-width:40rem){body{padding:1rem 1rem 3rem}.row{grid-template-columns:1fr}.row>span:empty{display:none}.label{text-align:left;font-weight:600}.row:not(.axis,.ends){padding:.4rem 0}
.values{white-space:normal}.line dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
@media print{:root{color-scheme:light;--paper:#fff;--ink:#000;--quiet:#444;--edge:#ccc;--zero:#777;--doubt:#8a3b00;--good:#1d6b3a;--bad:#a3262a;
--s0:#2f6fb0;--s1:#c05f12;--s2:#2d8259;--s3:#8650ab;--s4:#a93a52;--s5:#5f6b76}
body{max-width:none;padding:0;font-size:10pt}rect,circle,svg{print-color-adjust:exact;-webkit-print-color-adjust:exact}.row,figure,tr{break-inside:avoid}h2,h3{break-after:avoid}}
";

/// Content security policy: load nothing, run nothing; styles are inline.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// A page in English with a title and a body of HTML.
pub fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{body}</body>\n</html>\n"
    )
}

/// Text in an attribute between double quotes.
pub fn attribute(text: &str) -> String {
    escape(text).replace('"', "&quot;")
}
