"""The look of the HTML export: light, dark, narrow, wide and on paper."""

STYLE = """
:root{color-scheme:light dark;--page:#f6f6f4;--card:#fff;--ink:#1c1c1e;--soft:#65656b;
--mine:#2563c9;--mine-ink:#fff;--theirs:#e6e6ea;--line:#dcdce0;--link:#1d56b3}
@media(prefers-color-scheme:dark){:root{--page:#131315;--card:#1d1d20;--ink:#ececee;--soft:#a0a0a8;
--mine:#2f6fd6;--theirs:#2e2e33;--line:#36363c;--link:#8ab4f8}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:46rem;padding:1.5rem 1rem 4rem;background:var(--page);color:var(--ink);
font:16px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
header{margin-bottom:1rem}h1{font-size:1.6rem;margin:0;overflow-wrap:anywhere}
header p{margin:.2rem 0;color:var(--soft)}
h2{font-size:.8rem;font-weight:600;color:var(--soft);text-align:center;margin:2rem 0 .8rem}
a{color:var(--link)}nav>*{flex:1}nav>:nth-child(2){text-align:center}nav>:last-child{text-align:right}
nav{display:flex;justify-content:space-between;gap:1rem;padding:.6rem 0;
border-block:1px solid var(--line);font-size:.95rem}
.list{list-style:none;margin:0;padding:0;background:var(--card);border:1px solid var(--line);
border-radius:14px;overflow:hidden}.list li+li{border-top:1px solid var(--line)}
.list a{display:flex;justify-content:space-between;gap:1rem;padding:.8rem 1rem;color:var(--ink);
text-decoration:none}.list a:hover,.list a:focus-visible{background:var(--theirs)}
.list span{font-weight:600;overflow-wrap:anywhere}.list small{color:var(--soft);text-align:right}
article{display:flex;flex-direction:column;align-items:flex-start;margin:.45rem 0}
article.mine{align-items:flex-end}.who{font-size:.75rem;color:var(--soft);margin:0 .7rem .1rem}
.bubble{max-width:min(80%,34rem);padding:.5rem .8rem;border-radius:18px;background:var(--theirs);
overflow-wrap:anywhere}.mine .bubble{background:var(--mine);color:var(--mine-ink)}
.mine .bubble a{color:inherit}.bubble p{margin:0;white-space:pre-wrap}.bubble p+p{margin-top:.35rem}
.bubble img,.bubble video{display:block;max-width:100%;max-height:24rem;
border-radius:12px;margin:.2rem 0}
.bubble audio{max-width:100%}del{opacity:.75}
.reactions{margin:-.35rem .6rem 0;font-size:.85rem;background:var(--card);
border:1px solid var(--line);border-radius:12px;padding:0 .4rem}.reactions span{margin:0 .1rem}
article footer{font-size:.72rem;color:var(--soft);margin:.1rem .7rem 0}
.event{text-align:center;font-size:.85rem;color:var(--soft)}
@media print{body{max-width:none;background:#fff;color:#000}nav{display:none}
.bubble,.mine .bubble{background:none;color:#000;border:1px solid #999}article{break-inside:avoid}
.bubble img{max-height:12rem}}
"""
