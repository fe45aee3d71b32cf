"""Writes docs/metrics.md from the metric files: python -m huelab.metrics.page > docs/metrics.md

The table says what each file's METRIC says; the sections per metric are the files' docstrings. A test compares the page with this.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

from huelab import metrics
from huelab.metrics.definition import Metric

_HEAD = """# The metrics

Written from the files in `src/huelab/metrics/` by `python -m huelab.metrics.page > docs/metrics.md`. Name the ones you want in
`evaluate.metrics` of params.yaml; where it names none, the defaults below are scored. The rows gray (no colour at all), mean (one colour
for all) and shuffled (another photograph's colours) stand in every table: read a value as its distance from them.

How to read the table: **paired** metrics are one number per picture, averaged; **set** metrics are no mean of pictures (their interval
comes from resampling photographs all the same). **Cost** on one core for 256×256 pixels: cheap under about 1 ms, moderate under 5, costly
more. A metric that **needs weights** downloads nothing: where they are missing, tables say "not computed" and which file to put where.
Where a metric is undefined for a picture (no edges, too small, identical pictures at a PSNR), it is NaN or infinite there, and the
picture is left out of that metric's value, named and counted.
"""

_COMPARE = """## Which to cite for what

| Question | Metric | Beside it |
|---|---|---|
| How far are the colours from the truth? | `ciede2000`, the sort metric by default: perceptual, of the picture one sees | `mae_ab` |
| Does it look like the photograph? | `lpips_alex` where its weights are; else `flip` | `ciede2000` |
| Is the set as a whole like photographs? | `fid_same` or `fid_other`, with the number of pictures | `delta_colorfulness` |
| Is it too pale, too vivid? | `chroma_ratio` | `colorfulness` beside that of the photographs |
| Are rare colours dared? | `auc_ab_rebalanced`, `gamut_coverage` | `auc_ab` |
| Are the hues right, wherever they are? | `hue_distance` | `chroma_ratio` |
| Does colour bleed over edges? | `cdr` | pictures |
| Are objects still recognized? | `vgg_accuracy` | |
| Zhang 2016 | `auc_ab`, `auc_ab_rebalanced`, `vgg_accuracy` | |
| Larsson 2016, Deshpande | `rmse_ab`, `psnr_rgb` | |
| Nazeri 2018 | `eps2`, `eps5`, `mse_nazeri` | |
| DDColor, CT2, BigColor, ColorFormer | `fid_same`, `colorfulness_abs`, `delta_colorfulness_abs`, `psnr_rgb` | |
| ColTran, Palette | `fid_other` | |
| Wallner; pix2pix | `mse_ab128`; `mse_ab110`, `mae_ab` over 110 | |

A figure from a paper compares with one from here only for the same pictures, size and crop; the gray row tells how far the photographs
themselves differ. The interval, not the digits, tells which of two models is better.

## What the floors score

On 300 ImageNet photographs (middle square, 256×256; the mean colour and the prior from 150 others). The same rows stand in every
leaderboard, of its own photographs: read a model's value against them.

| Metric | gray | mean | shuffled |
|---|---:|---:|---:|
| `mse_ab128` | 0.0176 | 0.0152 | 0.0277 |
| `mae_ab` | 10.79 | 10.55 | 14.84 |
| `rmse_ab` | 0.484 | 0.533 | 0.684 |
| `psnr_rgb` (7 gray photographs left out of gray's) | 22.01 | 22.23 | 19.19 |
| `psnr_ab` | 27.35 | 25.88 | 22.79 |
| `ssim` | 0.917 | 0.908 | 0.823 |
| `ms_ssim` | 0.930 | 0.930 | 0.859 |
| `ciede2000` | 11.03 | 11.88 | 15.83 |
| `flip` | 0.229 | 0.233 | 0.290 |
| `colorfulness` (photographs: 43.8) | 0.1 | 11.0 | 38.9 |
| `colorfulness_abs` (photographs: 40.1) | 0.1 | 11.0 | 35.7 |
| `chroma_ratio` | 0.00 | 0.56 | 0.84 |
| `hue_distance` | 53.6 | 53.4 | 57.3 |
| `gamut_coverage` | 0.075 | 0.117 | 0.509 |
| `auc_ab` | 88.7 | 88.7 | 84.5 |
| `auc_ab_rebalanced` | 65.5 | 65.6 | 63.0 |
| `eps2` | 0.278 | 0.154 | 0.137 |
| `eps5` | 0.544 | 0.512 | 0.364 |
| `cdr` (57 photographs) | 0.600 | 0.601 | 0.525 |

## Traps

- **L is copied, so SSIM says little.** A colourization has its photograph's lightness. Gray reaches an SSIM of 0.92, and published
  colorizers lie between 0.90 and 0.94. The same holds for `ms_ssim`.
- **PSNR rewards caution.** Gray scores 22 to 23 dB, above several published systems whose pictures people prefer. One vivid wrong guess
  costs more than no guess.
- **One mean colour beats gray in MSE and looks worse.** A single brownish tint has `mse_ab128` 0.0152 to gray's 0.0176, but `ciede2000`
  11.9 to 11.0 and half of gray's `eps2`. A model that only beats gray in MSE has learnt the average.
- **AuC begins high.** Gray has 89 % of `auc_ab`, Zhang et al.'s best network 91.6 %. `auc_ab_rebalanced` is pooled over the pixels of the
  set: a mean of pictures would read some 12 points higher for gray.
- **Two colourfulnesses.** Hasler and Süsstrunk's opponents are signed (`colorfulness`); the code of DDColor, CT2 and ColorMNet takes
  their absolute values (`colorfulness_abs`), about 8 % lower. Both have no direction: shuffled colours are as colourful as photographs.
- **Two FID protocols.** `fid_same` compares with the very photographs that were colourized (DDColor's way), `fid_other` with other ones
  (ColTran's). As a rule the first is lower; both fall as the number of pictures grows, so only equal numbers compare.
- **No pairwise metric for samplers.** Where several colours are right, a good sample may be far from the truth: judge a model that
  samples by FID, `gamut_coverage` and people.
- **Units.** MSE and MAE of ab come in CIE units, over 110, over 127 or over 128, with or without L, and papers do not always say. MSE:
  ab/128 times 1.354 is ab/110, and two thirds of that is Nazeri's.
- **Palettes are not pictures.** `hue_distance`, `gamut_coverage`, `chroma_ratio` and both colourfulnesses do not ask where a colour is;
  shuffled colours do well in them. Use them to say what kind of error a model makes, never to rank models alone.
- **Gray photographs.** Where the truth has no colour, ratios and edges of colour are undefined (`chroma_ratio`, `cdr`), and gray is
  perfect (PSNR infinite): such pictures are left out of those metrics, and counted.
- **Small pictures.** `ms_ssim` needs 161 pixels, `cdr` says little below 128; LPIPS has no value below 31 (VGG: 16); FID and VGG enlarge
  what is smaller than their input.

## A new metric

One file `src/huelab/metrics/NAME.py` that exports `METRIC`, its name in `_NAMES` of `src/huelab/metrics/__init__.py` (the order of
tables), and a test file. A paired metric is a function of a `Pair` (photograph and rendered picture, Lab and ab, planes made once and
shared); a set metric names the columns whose means it needs and how its value follows from them. Return NaN where it is undefined, never
raise. Say the unit and variant as a reviewer would want to read them under a table, and test against the reference implementation, on
photographs and on gray, one-coloured, tiny and identical pictures. If it takes more than about 5 ms, add it to `_ON_REQUEST`.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_HEAD, *_table(), "", _COMPARE, "## What each file says\n", *_sections()]).rstrip() + "\n"


def _table() -> Iterator[str]:
    yield "| Metric | Title | Unit and variant | Better | Kind | Weights | Cost | Default | Source |"
    yield "|---|---|---|---|---|---|---|---|---|"
    defaults = metrics.default_names()
    for name in metrics.names():
        metric = metrics.metric(name)
        cells = [
            f"`{name}`",
            metric.title,
            metric.unit,
            metric.better if metric.better != "none" else "neither",
            metric.kind,
            "needed" if metric.needs_weights else "",
            metric.cost,
            "yes" if name in defaults else "on request",
            metric.citation,
        ]
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _sections() -> Iterator[str]:
    for name in metrics.names():
        metric: Metric = metrics.metric(name)
        text = inspect.cleandoc(importlib.import_module(f"huelab.metrics.{name}").__doc__ or "")
        summary, _, rest = text.partition("\n\n")
        what = summary.partition(": ")[2].strip()
        yield f"### {name}: {metric.title}\n"
        yield what[:1].upper() + what[1:]
        yield ""
        if rest:
            yield f"{rest}\n"


if __name__ == "__main__":
    print(page(), end="")
