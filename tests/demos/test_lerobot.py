"""Demonstrations as LeRobot's dataset and back; the layout is read with pyarrow alone."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from demo_files import open_file
from lerobot_files import (
    DATA,
    ENV_ARGS,
    EPISODES,
    GROUPS,
    LENGTHS,
    SENTENCES,
    TASK,
    VIDEO,
    convert,
    edit_json,
    goal,
    make_episode,
    replace_column,
)
from PIL import Image

from humanoid_vla.demos.lerobot import control_rate, feature_name, group_name
from humanoid_vla.demos.lerobot_reader import read_lerobot
from humanoid_vla.demos.lerobot_stats import combine_stats, episode_stats
from humanoid_vla.demos.reader import DemoFile
from humanoid_vla.demos.video import VideoReader, VideoWriter


def test_the_files_of_a_dataset(dataset: Path) -> None:
    files = {str(path.relative_to(dataset)) for path in dataset.rglob("*") if path.is_file()}
    meta = {"meta/info.json", "meta/stats.json", "meta/tasks.parquet", "meta/humanoid_vla.json"}
    assert files == meta | {DATA, EPISODES, VIDEO}
    assert {path.name for path in dataset.parent.iterdir()} == {"demos.hdf5", "dataset"}


def test_info_names_each_feature_with_type_and_shape(dataset: Path) -> None:
    info = json.loads((dataset / "meta/info.json").read_text())
    assert info["codebase_version"] == "v3.0"
    assert info["fps"] == 30
    assert [info[f"total_{name}"] for name in ("episodes", "frames", "tasks")] == [3, 15, 2]
    features = {name: (of["dtype"], of["shape"]) for name, of in info["features"].items()}
    assert features == {
        "observation.state": ("float32", [4]),
        "observation.environment_state": ("float32", [6]),
        "observation.scene": ("float32", [2]),
        "observation.goal": ("float32", [1]),
        "observation.images.camera": ("video", [12, 18, 3]),
        "action": ("float32", [3]),
        "next.reward": ("float32", [1]),
        "next.done": ("bool", [1]),
        "next.truncated": ("bool", [1]),
        "timestamp": ("float32", [1]),
        **{name: ("int64", [1]) for name in ("frame_index", "episode_index", "index", "task_index")},
    }


def test_steps_are_rows(dataset: Path) -> None:
    table = pq.read_table(dataset / DATA).to_pydict()
    assert table["index"] == list(range(15))
    assert table["episode_index"] == [0] * 5 + [1] * 3 + [2] * 7
    assert table["frame_index"] == [0, 1, 2, 3, 4, 0, 1, 2, 0, 1, 2, 3, 4, 5, 6]
    assert table["task_index"] == [0] * 5 + [1] * 3 + [0] * 7
    assert table["timestamp"][7] == pytest.approx(2 / 30)
    assert [step for step, done in enumerate(table["next.done"]) if done] == [4, 7, 14]
    assert [step for step, cut in enumerate(table["next.truncated"]) if cut] == [4]
    episode = make_episode(1, 3)
    assert np.array_equal(table["action"][5:8], episode["actions"])
    assert np.array_equal(table["observation.state"][5:8], episode["obs"]["proprio"])
    assert np.array_equal(table["observation.goal"][5:8], episode["obs"]["goal"][:, 0])
    assert pq.ParquetFile(dataset / DATA).num_row_groups == 3


def test_tasks_and_episodes(dataset: Path) -> None:
    tasks = pq.read_table(dataset / "meta/tasks.parquet")
    assert tasks.to_pydict() == {"task_index": [0, 1], "task": ["touch the ball", "grab the cone"]}
    assert json.loads(tasks.schema.metadata[b"pandas"])["index_columns"] == ["task"]
    rows = pq.read_table(dataset / EPISODES).to_pylist()
    assert [row["tasks"] for row in rows] == [[sentence] for sentence in SENTENCES]
    assert [row["length"] for row in rows] == LENGTHS
    assert [(row["dataset_from_index"], row["dataset_to_index"]) for row in rows] == [(0, 5), (5, 8), (8, 15)]
    begins = [row["videos/observation.images.camera/from_timestamp"] for row in rows]
    assert begins == pytest.approx([0, 5 / 30, 8 / 30])
    assert rows[0]["stats/action/count"] == [5]


def test_pictures_stay_as_they_are(dataset: Path) -> None:
    video = VideoReader(dataset / VIDEO)
    for number, start in ((2, 8), (0, 0), (1, 5)):  # forwards, and backwards
        images = video.read(start, LENGTHS[number])
        assert np.array_equal(images, make_episode(number, LENGTHS[number])["obs"]["camera"])
    with pytest.raises(ValueError, match="has 15 pictures, but 16 are needed"):
        video.read(10, 6)
    video.close()


def test_statistics_of_an_episode() -> None:
    stats = episode_stats(np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]]))
    assert stats["mean"].tolist() == [2.0, 1.0]
    assert stats["std"] == pytest.approx([np.sqrt(8 / 3), 0.0])  # of the population
    assert (stats["min"].tolist(), stats["max"].tolist(), stats["count"].tolist()) == ([0, 1], [4, 1], [3])
    assert stats["q10"] == pytest.approx([0.4, 1.0])
    red = np.zeros((3, 2, 2, 3), np.uint8)
    red[..., 0] = 51
    stats = episode_stats(red)
    assert stats["mean"] == pytest.approx(np.array([0.2, 0, 0]).reshape(3, 1, 1))
    assert stats["count"].tolist() == [3]


def test_statistics_of_two_episodes_are_those_of_both_in_one() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(9, 2))
    parts = [episode_stats(values[:2]), episode_stats(values[2:])]
    together, whole = combine_stats(parts), episode_stats(values)
    for name in ("min", "max", "mean", "std", "count"):
        assert together[name] == pytest.approx(whole[name])
    assert together["q50"] == pytest.approx((2 * parts[0]["q50"] + 7 * parts[1]["q50"]) / 9)


def test_there_and_back(dataset: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    out = dataset.parent / "back.hdf5"
    convert(monkeypatch, "--dataset", dataset, "--out", out)
    assert "3 episodes of VLA-Reach-Camera-G1, 15 steps" in capsys.readouterr().out
    assert {path.name for path in dataset.parent.iterdir()} == {"demos.hdf5", "dataset", "back.hdf5"}
    DemoFile(out, TASK)
    with open_file(dataset.parent / "demos.hdf5") as before, open_file(out) as after:
        assert json.loads(after["data"].attrs["env_args"]) == ENV_ARGS
        for number, length in enumerate(LENGTHS):
            one, other = before[f"data/demo_{number}"], after[f"data/demo_{number}"]
            assert dict(one.attrs) == dict(other.attrs)
            assert json.loads(other.attrs["goal"]) == goal(number)
            for path in ("actions", "rewards", "dones", "terminated", *(f"obs/{group}" for group in GROUPS)):
                assert np.array_equal(one[path], other[path]), path
                assert one[path].dtype == other[path].dtype
            for group in GROUPS:
                now, then = one[f"next_obs/{group}"][:], other[f"next_obs/{group}"][:]
                assert np.array_equal(now[:-1], then[:-1])
                assert np.array_equal(then[-1], one[f"obs/{group}"][length - 1])


def test_the_command_line_writes_what_the_function_does(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = dataset.parent / "some"
    convert(
        monkeypatch, "--dataset", dataset.parent / "demos.hdf5", "--out", out, "--obs_groups", "proprio", "--fps", 15
    )
    info = json.loads((out / "meta/info.json").read_text())
    assert info["fps"] == 15
    assert [name for name in info["features"] if name.startswith("observation")] == ["observation.state"]
    assert info["video_path"] is None


def test_a_group_has_one_feature_and_a_feature_one_group() -> None:
    names = {group: feature_name(group, group == "camera") for group in GROUPS}
    assert len(set(names.values())) == len(GROUPS)
    assert {group: group_name(feature) for group, feature in names.items()} == {group: group for group in GROUPS}
    assert group_name("observation.image") == "image"


def test_the_control_rate() -> None:
    assert control_rate(ENV_ARGS) == 30
    assert control_rate({}) is None
    with pytest.raises(ValueError, match=r"33\.333 Hz"):
        control_rate({"sim_args": {"dt": 0.005, "decimation": 6}})


def as_from_others(dataset: Path) -> None:
    """Without what is ours: attributes, rewards, ends; an action is in degrees."""
    (dataset / "meta/humanoid_vla.json").unlink()
    table = pq.read_table(dataset / DATA).drop(["next.reward", "next.done", "next.truncated"])
    actions = np.array(table["action"].to_pylist(), np.float32) * [90.0, 1.0, 0.0] + [10.0, 0.0, 0.0]
    pq.write_table(table, dataset / DATA)
    replace_column(dataset / DATA, "action", actions.tolist())
    episodes = pq.read_table(dataset / EPISODES).drop(["demo_attributes"])
    pq.write_table(episodes, dataset / EPISODES)
    for key in ("next.reward", "next.done", "next.truncated"):
        edit_json(dataset / "meta/info.json", lambda info, key=key: info["features"].pop(key))
    ranges = {"min": actions.min(0).tolist(), "max": actions.max(0).tolist()}
    edit_json(dataset / "meta/stats.json", lambda stats: stats["action"].update(ranges))


def test_a_dataset_of_others(dataset: Path) -> None:
    as_from_others(dataset)
    out = dataset.parent / "others.hdf5"
    with pytest.raises(ValueError, match=r"an action of episode 0 is .*give --scale_actions"):
        read_lerobot(dataset, out)
    read_lerobot(dataset, out, scale_actions=True)
    with open_file(out) as file:
        env_args = json.loads(file["data"].attrs["env_args"])
        assert (env_args["env_name"], control_rate(env_args)) == ("dataset", 30)
        low, high = (np.array(env_args[f"action_{end}"]) for end in ("low", "high"))
        scaled = file["data/demo_1/actions"][:]
        angles = make_episode(1, 3)["actions"][:, 0] * 90.0 + 10.0
        assert (scaled[:, 0] + 1) / 2 * (high[0] - low[0]) + low[0] == pytest.approx(angles, rel=1e-5)
        assert scaled[:, 2].tolist() == [0.0] * 3
        assert json.loads(file["data/demo_1"].attrs["goal"]) == {"instruction": "grab the cone"}
        assert file["data/demo_1/rewards"][:].tolist() == [0.0] * 3
        assert file["data/demo_1/terminated"][:].tolist() == file["data/demo_1/dones"][:].tolist() == [0, 0, 1]


def test_a_dataset_of_several_files(dataset: Path) -> None:
    """Its last episode is in files of its own."""
    table = pq.read_table(dataset / DATA)
    pq.write_table(table.slice(0, 8), dataset / DATA)
    pq.write_table(table.slice(8), dataset / DATA.replace("file-000", "file-001"))
    images = make_episode(2, 7)["obs"]["camera"]
    video = VideoWriter(dataset / VIDEO.replace("file-000", "file-001"), 12, 18, 30)
    video.add(images)
    video.close()
    place = "videos/observation.images.camera"
    replace_column(dataset / EPISODES, "data/file_index", [0, 0, 1])
    replace_column(dataset / EPISODES, f"{place}/file_index", [0, 0, 1])
    replace_column(dataset / EPISODES, f"{place}/from_timestamp", [0.0, 5 / 30, 0.0])
    read_lerobot(dataset, dataset.parent / "out.hdf5")
    with open_file(dataset.parent / "out.hdf5") as file:
        assert np.array_equal(file["data/demo_1/obs/camera"], make_episode(1, 3)["obs"]["camera"])
        assert np.array_equal(file["data/demo_2/obs/camera"], images)
        assert np.array_equal(file["data/demo_2/actions"], make_episode(2, 7)["actions"])


def test_a_dataset_with_pictures_instead_of_videos(dataset: Path) -> None:
    images = np.concatenate([make_episode(n, length)["obs"]["camera"] for n, length in enumerate(LENGTHS)])
    cells = []
    for image in images:
        png = io.BytesIO()
        Image.fromarray(image).save(png, "PNG")
        cells.append({"bytes": png.getvalue(), "path": "frame.png"})
    name = "observation.images.camera"
    pq.write_table(pq.read_table(dataset / DATA).append_column(name, [cells]), dataset / DATA)
    edit_json(dataset / "meta/info.json", lambda info: info["features"][name].update(dtype="image"))
    read_lerobot(dataset, dataset.parent / "out.hdf5", ["camera"])
    assert DemoFile(dataset.parent / "out.hdf5").obs_shapes == {"camera": (12, 18, 3)}
    with open_file(dataset.parent / "out.hdf5") as file:
        assert np.array_equal(file["data/demo_1/obs/camera"], images[5:8])
