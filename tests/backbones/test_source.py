"""Where weights come from: the right file or a message that says which file to put where, before anything trains."""

from __future__ import annotations

import http.server
import json
import pickle
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from huelab import paths
from huelab.backbones import Source, load, resolve
from huelab.backbones.compact import Compact
from huelab.errors import ModelError
from tests.backbones import weights

KEY = "colorizers.fusion"


@pytest.fixture(autouse=True)
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """huggingface_hub's cache in a folder of its own, and a hub that nobody can reach."""
    from huggingface_hub import constants

    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    return cache


def facts(source: Source) -> tuple[str, str, int]:
    return source.name, source.kind, source.classes


def test_a_named_file_is_loaded_and_its_classes_are_counted(project: Path) -> None:
    """Deep Koalarization's network tells 1001 classes apart, timm's 1000: both must load, without being told which."""
    for classes in (1000, 1001):
        net = weights.write(project / "mine.safetensors", classes=classes)
        source = resolve(weights.NAME, "auto", "mine.safetensors", key=KEY)
        assert facts(source) == (weights.NAME, "file", classes)
        assert source.words == f"backbone: {weights.NAME}, weights mine.safetensors (sha256 {source.sha256[:8]}…)"
        for name, value in load(source).net.state_dict().items():
            assert torch.equal(value, net.state_dict()[name]), name


def test_words_and_facts_name_no_folder_of_this_machine(project: Path, tmp_path: Path) -> None:
    """They end in tables and model cards that others read."""
    file = tmp_path / "elsewhere" / "mine.safetensors"
    weights.write(file)
    source = resolve(weights.NAME, "auto", str(file), key=KEY)
    assert str(tmp_path) not in json.dumps(source.facts()) + source.words


def test_weights_in_var_are_found(project: Path) -> None:
    weights.write(paths.backbone_weights(weights.NAME))
    source = resolve(weights.NAME, "auto", "", key=KEY)
    assert facts(source) == (weights.NAME, "file", 1000)
    assert "var/weights/resnet10t.safetensors" in source.words


def test_a_pickled_file_is_refused_and_never_opened(project: Path) -> None:
    """Opening a pickle runs whatever its author wanted."""

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (project / "trapped",)  # type: ignore[return-value]

    (project / "trap.safetensors").write_bytes(pickle.dumps(Trap()))
    torch.save({"fc.bias": torch.zeros(10)}, project / "model.pth")
    for name in ("trap.safetensors", "model.pth"):
        with pytest.raises(ModelError, match="pickled") as caught:
            resolve(weights.NAME, "auto", name, key=KEY)
        assert name in str(caught.value)
        assert "model.safetensors of https://huggingface.co/timm/resnet10t.c3_in1k" in str(caught.value)
    assert not (project / "trapped").exists()


@pytest.mark.parametrize("kept", [0, 5, 2000, -1])
def test_a_truncated_file_is_refused(kept: int, project: Path) -> None:
    """A download that broke off must not become weights of zeros."""
    file = project / "mine.safetensors"
    weights.write(file)
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(ModelError, match=r"mine\.safetensors is not a whole safetensors file"):
        resolve(weights.NAME, "auto", "mine.safetensors", key=KEY)


def test_weights_of_another_architecture_are_refused_with_an_example(project: Path) -> None:
    weights.write(project / "other.safetensors", "resnet18")
    with pytest.raises(ModelError) as caught:
        resolve(weights.NAME, "auto", "other.safetensors", key=KEY)
    message = str(caught.value)
    assert "other.safetensors is not of the architecture resnet10t" in message
    assert "such as " in message
    assert f"{KEY}.weights" in message


def test_missing_weights_stop_the_run_at_once_and_say_what_to_put_where(project: Path) -> None:
    """Found out in the middle of the night, after minutes of retries, this would cost the night."""
    before = time.monotonic()
    with pytest.raises(ModelError) as caught:
        resolve("inception_resnet_v2", "auto", "", key=KEY)
    assert time.monotonic() - before < 10
    message = str(caught.value)
    assert "could not be downloaded" in message
    assert "model.safetensors of https://huggingface.co/timm/inception_resnet_v2.tf_in1k" in message
    assert "var/weights/inception_resnet_v2.safetensors" in message
    assert f"{KEY}.weights" in message
    assert f"{KEY}.pretrained: false" in message
    assert str(project) not in message


def test_random_weights_are_not_offered_for_a_perceptual_loss(project: Path) -> None:
    with pytest.raises(ModelError) as caught:
        resolve("vgg16_bn", True, "", key="colorizers.plain.perceptual")
    assert "pretrained: false" not in str(caught.value)


def test_pretrained_true_takes_timms_own_from_its_cache_and_nothing_else(project: Path, hub: Path) -> None:
    """Someone who asks for the published weights must not get the file that lies about in var/."""
    weights.write(paths.backbone_weights(weights.NAME), seed=7)
    repository = hub / "models--timm--resnet10t.c3_in1k"
    net = weights.write(repository / "snapshots" / "abc" / "model.safetensors", seed=2)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    source = resolve(weights.NAME, True, "", key=KEY)
    assert facts(source) == (weights.NAME, "timm", 1000)
    assert "timm's weights c3_in1k" in source.words
    assert torch.equal(load(source).net.state_dict()["fc.weight"], net.state_dict()["fc.weight"])


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """A server that answers as the hub does for one file."""
    file = tmp_path / "served.safetensors"
    weights.write(file, seed=3)
    content = file.read_bytes()

    class Hub(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            known = self.path == "/timm/resnet10t.c3_in1k/resolve/main/model.safetensors"
            self.send_response(200 if known else 404)
            self.send_header("ETag", '"0123"')
            self.send_header("X-Repo-Commit", "c" * 40)
            self.send_header("Content-Length", str(len(content) if known else 0))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_weights_are_downloaded_where_there_is_a_network(
    project: Path, served: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", served)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", served + "/{repo_id}/resolve/{revision}/{filename}")
    first = resolve(weights.NAME, "auto", "", key=KEY)
    assert first.kind == "timm"
    assert "downloading model.safetensors of timm/resnet10t.c3_in1k" in capsys.readouterr().out
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    assert resolve(weights.NAME, "auto", "", key=KEY) == first, "a second run needs no network"


def test_random_weights_are_called_random_and_are_the_same_every_time(project: Path) -> None:
    source = resolve(weights.NAME, False, "", key=KEY)
    assert (source.words, source.sha256, source.classes) == ("backbone: random", "", 1000)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = load(source), load(source)
    assert torch.equal(torch.get_rng_state(), before), "a backbone must not shift the colorizer's own initialisation"
    assert torch.equal(first.net.state_dict()["fc.weight"], second.net.state_dict()["fc.weight"])


@pytest.mark.parametrize(
    ("backbone", "pretrained", "file", "said"),
    [
        ("resnet10", "auto", "", "did you mean"),
        ("resnet10t", False, "mine.safetensors", "leave pretrained at auto"),
        ("resnet10t", "auto", "absent.safetensors", "absent.safetensors, which is not a file"),
        ("self", False, "", "takes no other weights"),
        ("self", "auto", "", "set pretrain.steps"),
    ],
)
def test_what_cannot_be_is_refused_by_key(backbone: str, pretrained: bool, file: str, said: str, project: Path) -> None:
    with pytest.raises(ModelError, match=KEY) as caught:
        resolve(backbone, pretrained, file, key=KEY)
    assert said in str(caught.value)


def own(folder: Path, **card: object) -> None:
    import safetensors.torch

    folder.mkdir(parents=True)
    safetensors.torch.save_file(Compact(2, width=0.25).state_dict(), folder / "weights.safetensors")
    (folder / "card.json").write_text(json.dumps({"classes": ["cats", "dogs"], "width": 0.25, "side": 32, **card}))


def test_self_is_what_the_stage_pretrain_left(project: Path) -> None:
    own(paths.pretrain())
    source = resolve("self", "auto", "", key=KEY)
    assert facts(source) == ("self", "self", 2)
    assert source.words == "backbone: self (2 classes: cats, dogs)"
    assert load(source).logits(torch.full((1, 1, 40, 30), 50.0)).shape == (1, 2)


def test_self_that_was_not_trained_says_how_to_train_it(project: Path) -> None:
    paths.pretrain().mkdir(parents=True)
    (paths.pretrain() / "card.json").write_text('{"off": true}')
    with pytest.raises(ModelError, match=r"set pretrain\.steps .* in params\.yaml and run `dvc repro pretrain`"):
        resolve("self", "auto", "", key=KEY)
