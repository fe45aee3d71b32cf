"""Stage backbones: finds the weights of every classifier that a colorizer asks for. Run: python -m pipelines.backbones

It stands before training, so that a file that is missing is told before hours are spent.
"""

from __future__ import annotations

from pipelines import stage


def main() -> None:
    """Writes work/backbones/NAME.txt per entry of `models:`; a colorizer trains anew when its file changes, so no other does."""
    from huelab import models, params, paths

    settings = params.load()
    lines: dict[str, list[str]] = {}
    for name in settings.models:
        lines[name] = []
        for choice in models.classifiers(name, settings.colorizer(name)):
            from huelab import backbones

            source = backbones.resolve(choice.backbone, choice.pretrained, choice.weights, key=choice.key)
            lines[name].append(f"{choice.use} {source.words} {source.sha256}\n")
    folder = paths.backbones()
    folder.mkdir(parents=True, exist_ok=True)
    for name, found in lines.items():
        (folder / f"{name}.txt").write_text("".join(found) or "none\n", encoding="utf-8")
    asked = [f"{name}: {line.split(' ', 1)[1].strip()}" for name, found in lines.items() for line in found]
    print("backbones: " + ("; ".join(asked) or "no colorizer looks through a classifier"))


if __name__ == "__main__":
    stage.main(main)
