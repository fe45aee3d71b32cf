"""The look of inspection.html: light and dark, narrow and wide."""

STYLE = """
:root{--ink:#1d2430;--soft:#5b6675;--line:#dfe4ea;--paper:#fff;--ground:#f5f7f9;--bar:#0072b2}
@media(prefers-color-scheme:dark){:root{--ink:#e7ecf2;--soft:#a0acba;--line:#343d49;--paper:#1c222b;--ground:#12161c;--bar:#56b4e9}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}
h1{font-size:26px;margin:0 0 4px}
h2{font-size:18px;margin:34px 0 10px}
p{margin:4px 0}
.soft{color:var(--soft)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:12px;margin:18px 0}
.tile,.card{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.tile b{display:block;font-size:25px;font-variant-numeric:tabular-nums}
.stop,.go{border-radius:10px;padding:12px 16px;margin:16px 0;border-left:6px solid}
.stop{border-color:#d55e00;background:color-mix(in srgb,#d55e00 12%,var(--paper))}
.go{border-color:#009e73;background:color-mix(in srgb,#009e73 12%,var(--paper))}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr));gap:14px}
.card h3{margin:0 0 8px;font-size:15px}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
td,th{padding:6px 10px 6px 0;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
th{border-top:0;color:var(--soft);font-weight:600}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.badge{display:inline-block;min-width:66px;text-align:center;padding:0 8px;border-radius:99px;color:#fff;font-size:13px;
  font-weight:600}
.ok{background:#00795a}
.bad{background:#b94a00}
.warn{background:#8a6000}
.row{display:grid;grid-template-columns:minmax(80px,38%) 1fr auto;gap:8px;align-items:center;margin:4px 0}
.row span:first-child{overflow-wrap:anywhere}
.row i{display:block;height:12px;border-radius:3px;min-width:2px}
.thumbs{display:grid;grid-template-columns:repeat(auto-fill,minmax(126px,1fr));gap:12px}
figure{margin:0;font-size:12px;overflow-wrap:anywhere}
figure img,figure .none{width:100%;height:112px;object-fit:contain;background:var(--ground);border:1px solid var(--line);
  border-radius:8px;display:grid;place-items:center}
svg{width:100%;height:auto;display:block}
svg text{fill:var(--soft);font:8px system-ui,sans-serif}
svg rect{fill:var(--bar)}
"""
