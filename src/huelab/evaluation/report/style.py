"""The report's style sheet: responsive, readable in light, dark and print, no font or file from elsewhere."""

CSS = """
:root { color-scheme: light dark; --paper: #fafaf8; --card: #ffffff; --ink: #1c1e22; --faint: #5e626b; --rule: #dcdee3; --soft: #f0f1f4;
  --accent: #0063a3; --good: #00684b; --bad: #a33f00; --tied: #eef5fb; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #16181c; --card: #1f2227; --ink: #e9eaec; --faint: #a9aeb8;
  --rule: #383c44; --soft: #282c33; --accent: #7cc4f4; --good: #59d0a8; --bad: #ff9d66; --tied: #212b36; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 56px; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1400px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 2rem; margin: 0 0 4px; letter-spacing: -.015em; line-height: 1.2; }
h2 { font-size: 1.4rem; margin: 52px 0 12px; letter-spacing: -.01em; }
h3 { font-size: 1.04rem; margin: 26px 0 8px; }
h4 { font-size: .95rem; margin: 14px 0 4px; }
.panel > h3:first-child { margin-top: 0; }
p { margin: 6px 0 12px; max-width: 84ch; }
p, li, dd, td.text, th.text { overflow-wrap: anywhere; }
a { color: var(--accent); }
.lead { font-size: 1.08rem; color: var(--faint); }
.note, .power { color: var(--faint); font-size: .92rem; margin-top: 10px; }
.power { color: var(--ink); border-left: 3px solid var(--accent); padding-left: 12px; }
nav { position: sticky; top: 0; z-index: 5; background: var(--paper); margin: 18px -20px 0; padding: 10px 20px; display: flex;
  gap: 4px 18px; font-size: .92rem; border-bottom: 1px solid var(--rule); overflow-x: auto; white-space: nowrap; }
nav a, .jump a { text-decoration: none; } nav a:hover, .jump a:hover { text-decoration: underline; }
.jump { display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: .92rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(200px, 100%), 1fr)); gap: 12px; margin: 18px 0; }
.tiles div { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 12px 14px; }
.tiles dt { font-size: .8rem; color: var(--faint); } .tiles dd { font-size: 1.12rem; font-weight: 600; }
.tiles small { display: block; font-weight: 400; font-size: .8rem; color: var(--faint); line-height: 1.4; margin-top: 2px; }
.scroll { overflow-x: auto; border: 1px solid var(--rule); border-radius: 10px; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 8px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); vertical-align: top; }
tbody:last-child tr:last-child > *, tfoot tr:last-child > * { border-bottom: 0; }
thead th { font-weight: 600; color: var(--faint); vertical-align: bottom; }
th.text, td.text { text-align: left; }
td small, th small { color: var(--faint); display: block; font-size: .78rem; font-weight: 400; line-height: 1.45; }
tbody th { font-weight: 600; }
.board .rank { color: var(--faint); padding-right: 2px; }
.board .pinned { position: sticky; left: 0; background: var(--card); z-index: 1; white-space: normal; min-width: 150px; max-width: 270px; }
.board tr.tied > * { background: var(--tied); }
.board tr.floor td, .board tr.floor th { color: var(--faint); font-style: italic; font-weight: 400; }
.board tr.missing td { color: var(--faint); font-size: .85rem; white-space: normal; }
.missing details { margin: 0; } .why { position: sticky; left: 12px; width: min(118ch, 78vw); }
.badge { font-size: .72rem; font-weight: 600; border: 1px solid var(--accent); color: var(--accent); border-radius: 99px; padding: 0 7px;
  white-space: nowrap; margin-left: 2px; }
.badge.best { background: var(--accent); color: var(--card); }
svg.bar { display: block; width: 116px; height: 14px; margin: 3px 0 0 auto; overflow: visible; }
.swatch { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 7px; }
.yes { color: var(--good); font-weight: 600; } .no { color: var(--bad); font-weight: 600; } .unsure { color: var(--faint); }
details { margin: 12px 0; } summary { cursor: pointer; color: var(--accent); font-size: .95rem; padding: 2px 0; }
details > .scroll { margin-top: 8px; }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(360px, 100%), 1fr)); gap: 14px; }
.multiples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(210px, 100%), 1fr)); gap: 12px; }
.panel { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 14px 16px; min-width: 0; }
.panel.small { padding: 10px 12px; } .panel.wide { max-width: 1100px; }
.panelhead { margin: 0 0 4px; font-size: .88rem; line-height: 1.4; }
.panelhead > b { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.panelhead > span { color: var(--faint); font-size: .82rem; }
svg.figure { width: 100%; height: auto; display: block; } .panel.wide { overflow-x: auto; } .panel.wide > svg.figure { min-width: 640px; }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; }
svg text.head { font-weight: 600; font-size: 14px; } svg text.tick { fill: var(--faint); font-size: 11.5px; }
svg text.halo { paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
svg text.value { font-variant-numeric: tabular-nums; font-size: 12.5px; }
svg .grid, svg .axis { stroke: var(--rule); stroke-width: 1; }
svg .floor { stroke: var(--faint); stroke-width: 1.5; stroke-dasharray: 5 4; }
svg .floorline { stroke: var(--faint); stroke-width: 1; } svg .dot { stroke: var(--card); stroke-width: 1.5; }
svg .outline { fill: none; stroke: var(--faint); stroke-width: 1.2; } svg .mark { fill: var(--ink); }
svg .plane { fill: var(--soft); } svg .cross { stroke: var(--faint); stroke-width: .6; opacity: .6; }
svg .contour { fill: none; stroke: var(--ink); stroke-width: 1.2; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 0; margin: 8px 0 0; font-size: .9rem; }
.legend svg { width: 34px; height: 8px; vertical-align: middle; }
figure { margin: 0; } figcaption { font-size: .82rem; line-height: 1.35; overflow-wrap: anywhere; }
.strip { border-top: 1px solid var(--rule); padding: 8px 0 12px; break-inside: avoid; }
.strip .caption { font-size: .82rem; color: var(--faint); margin: 0 0 6px; max-width: none; }
.cells { display: grid; grid-template-columns: repeat(auto-fill, minmax(104px, 128px)); gap: 8px; }
.cells img { width: 100%; height: auto; display: block; border-radius: 4px; }
.cells figcaption { padding: 3px 1px 0; color: var(--faint); display: flex; justify-content: space-between; gap: 6px; }
.cells figcaption span { color: var(--ink); min-width: 0; } .cells figcaption b { color: var(--good); }
.cells figcaption b, .cells figcaption small { white-space: nowrap; font-size: 1em; }
.cells .reference figcaption span { font-weight: 600; }
.cells .best img { outline: 3px solid var(--good); outline-offset: -3px; }
.cells .none div { aspect-ratio: 1; background: var(--soft); border-radius: 4px; display: grid; place-items: center; color: var(--faint); }
.look { font-weight: 600; }
.cases { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(206px, 100%), 1fr)); gap: 12px; }
.cases figure { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 10px; break-inside: avoid; }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 8px; }
.two img { width: 100%; height: auto; display: block; border-radius: 4px; }
.two small, .cases figcaption small { color: var(--faint); display: block; font-size: .8rem; } .cases figcaption { margin-top: 6px; }
.failures th { white-space: normal; max-width: 240px; }
.meter { display: inline-block; min-width: 120px; background: linear-gradient(to left, color-mix(in srgb, var(--bad) 26%, transparent)
  var(--part), var(--soft) var(--part)); border-radius: 4px; padding: 0 8px; }
.meter small { display: inline; margin-left: 6px; }
.settings td { white-space: normal; } .settings td:first-child { white-space: nowrap; }
.chip { display: inline-block; background: var(--soft); border-radius: 6px; padding: 1px 8px; margin: 2px 6px 2px 0; }
.chip i { color: var(--faint); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(340px, 100%), 1fr)); gap: 14px; align-items: start; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 0; font-size: .88rem; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
.document { font-size: .88rem; } .document table { font-size: .82rem; } .document th, .document td { text-align: left; }
code { font: .92em ui-monospace, "DejaVu Sans Mono", monospace; }
footer { margin-top: 56px; color: var(--faint); font-size: .88rem; }
@media (max-width: 640px) { main { padding: 18px 14px 40px; } nav { margin: 14px -14px 0; padding: 10px 14px; } h1 { font-size: 1.6rem; }
  .board .pinned { min-width: 116px; max-width: 132px; } .board .pinned small { display: none; } .board .rank { display: none; }
  .tiles { grid-template-columns: 1fr 1fr; } .cases { grid-template-columns: 1fr 1fr; gap: 8px; } .cases figure { padding: 8px; }
  .multiples { grid-template-columns: 1fr 1fr; gap: 8px; } .panel.small { padding: 8px; }
  .cells { grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); }
  dl:not(.tiles) { grid-template-columns: minmax(0, 110px) 1fr; } }
@media print { html { font-size: 11px; } body { background: #fff; font-size: 1rem; } main { max-width: none; padding: 0; }
  nav, .jump, details:not([open]) { display: none; } .panel, figure, .strip, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; border: 0; } th, td { padding: 4px 5px; } .board .pinned { position: static; min-width: 0; }
  .board td.text { overflow-wrap: normal; } svg.bar { width: 84px; } svg text { font-size: 12px; } }
"""
