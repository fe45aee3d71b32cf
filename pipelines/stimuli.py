"""Stage stimuli: pictures for a survey, into work/stimuli. Run: python -m pipelines.stimuli"""

from __future__ import annotations

from pipelines import stage


def main() -> None:
    """Renders the chosen test pictures, real and by every model, and prints one line."""
    from huelab import models, params, paths
    from huelab.data.photographs import read_table, usable
    from huelab.data.store import Store
    from huelab.models.saved import Saved
    from huelab.stimuli.making import make

    settings = params.load()
    names = settings.survey.models or [name for name in settings.models if name not in models.FLOORS]
    saved = [one for name in names if not (one := Saved.open(paths.model(name))).one_picture]
    made = make(
        settings.survey,
        Store.open(paths.store()),
        usable(read_table(paths.photo_table())),
        saved,
        data=paths.data(),
        out=paths.stimuli(),
        max_pixels=settings.inspect.max_pixels,
        device=settings.train.device,
    )
    if not made.main:
        print("stimuli: off (survey.photographs is 0)")
        return
    print(
        f"stimuli: {made.main} photographs and {made.practice} for practice, real and by {', '.join(made.models) or 'no model'}; "
        f"largest lightness error {made.largest_lightness_error:.2f}."
    )


if __name__ == "__main__":
    stage.main(main)
