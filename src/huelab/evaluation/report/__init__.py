"""The report: one self-contained HTML page that works offline. `page.write` makes it; each other module is one section or one plot."""
