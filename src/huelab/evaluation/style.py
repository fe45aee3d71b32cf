"""The report's style sheet: responsive, readable in light and dark, no font or file from elsewhere."""

CSS = """
:root { color-scheme: light dark; --paper: #fbfbfa; --card: #ffffff; --ink: #1c1e22; --faint: #5e626b; --rule: #dcdee3; --accent: #0072B2;
  --good: #00684b; --bad: #a33f00; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181c; --card: #1f2227; --ink: #e9eaec; --faint: #a4a9b3; --rule: #383c44;
  --accent: #7cc4f4; --good: #59d0a8; --bad: #ff9d66; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1400px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 1.9rem; margin: 0 0 4px; letter-spacing: -.01em; }
h2 { font-size: 1.3rem; margin: 44px 0 10px; }
h3 { font-size: 1.02rem; margin: 0 0 6px; }
p { margin: 6px 0 12px; max-width: 78ch; }
p, li { overflow-wrap: anywhere; }
.lead, .note { color: var(--faint); }
.lead { font-size: 1.06rem; }
nav { margin: 14px 0 6px; display: flex; flex-wrap: wrap; gap: 6px 18px; font-size: .93rem; }
a { color: var(--accent); }
.scroll { overflow-x: auto; border: 1px solid var(--rule); border-radius: 10px; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 8px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
tr:last-child td { border-bottom: 0; }
th { font-weight: 600; color: var(--faint); vertical-align: bottom; }
th.text, td.text { text-align: left; }
td.best small { font-weight: 400; }
td small { color: var(--faint); display: block; font-size: .78rem; }
tr.floor td { color: var(--faint); font-style: italic; }
td.best { font-weight: 700; }
.swatch { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px; }
.yes { color: var(--good); font-weight: 600; } .no { color: var(--bad); font-weight: 600; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(350px, 100%), 1fr)); gap: 14px; }
.panel { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 14px 16px; min-width: 0; }
svg.figure { width: 100%; height: auto; display: block; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
svg text.head { font-weight: 600; font-size: 14px; } svg text.tick { fill: var(--faint); font-size: 11.5px; }
svg text.value { font-variant-numeric: tabular-nums; font-size: 12.5px; }
svg .grid { stroke: var(--rule); stroke-width: 1; } svg .floor { stroke: var(--faint); stroke-width: 1.5; stroke-dasharray: 5 4; }
svg .dot { stroke: var(--card); stroke-width: 1.5; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 0; margin: 8px 0 0; font-size: .9rem; }
.legend svg { width: 34px; height: 8px; vertical-align: middle; }
.sheet th, .sheet td { text-align: center; padding: 4px 4px 2px; border: 0; vertical-align: top; }
.sheet td { font-size: .8rem; color: var(--faint); }
.sheet img { width: 128px; height: auto; display: block; margin: 0 auto; border-radius: 3px; }
.sheet td.caption { text-align: left; padding: 10px 8px 2px; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(330px, 100%), 1fr)); gap: 14px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 0; font-size: .88rem; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
code { font: .92em ui-monospace, "DejaVu Sans Mono", monospace; }
footer { margin-top: 48px; color: var(--faint); font-size: .88rem; }
"""
