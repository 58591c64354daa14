"""How often is rendered, by whom, and with what changes of colour, light and mount."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from camera_views import TASK, camera_pose, centroids, object_masks
from isaaclab_tasks.utils import resolve_task_config
from newton.sensors import SensorTiledCamera
from worlds import open_env, step

from humanoid_vla.tasks.mdp.appearance import linear_from_srgb, srgb_from_linear

NUM_ENVS = 32


@pytest.fixture(scope="module")
def world() -> Iterator[Any]:
    with open_env(TASK, num_envs=NUM_ENVS, overrides=["env.events.surroundings=null"]) as env:
        yield env


@pytest.fixture
def env(world: Any) -> Any:
    torch.manual_seed(0)
    world.reset()
    return world


@pytest.fixture
def rendered(env: Any, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The blocks of two worlds that are rendered."""
    blocks: list[int] = []
    sensor = renderer_of(env).newton_sensor
    for tracer in sensor.tracers:
        update = tracer.update

        def counted(*args: Any, _tracer: Any = tracer, _update: Any = update, **kwargs: Any) -> None:
            blocks.append([block.model for block in sensor._blocks].index(_tracer.model))
            _update(*args, **kwargs)

        monkeypatch.setattr(tracer, "update", counted)
    return blocks


def renderer_of(env: Any) -> Any:
    return env.sim.get_or_create_backend(env.scene["head_camera"].cfg.renderer_cfg)


def run_event(env: Any, name: str, env_ids: Any) -> None:
    term = env.event_manager.get_term_cfg(name)
    term.func(env, env_ids, **term.params)


def picture(env: Any) -> torch.Tensor:
    """A new picture of what is there now."""
    camera = env.scene["head_camera"]
    camera.update(0.0, force_recompute=True)
    return camera.data.output["rgb"].torch.clone()


def test_a_step_renders_once(env: Any, rendered: list[int]) -> None:
    step(env)
    assert sorted(rendered) == list(range(16))


def test_a_reset_renders_its_environments_again_and_no_others(env: Any, rendered: list[int]) -> None:
    env.episode_length_buf[[6, 7, 20]] = env.max_episode_length - 1
    step(env)
    assert sorted(rendered) == sorted([*range(16), 3, 10])


def test_two_resets_in_a_row_show_the_second(env: Any) -> None:
    """The frame counters are the same after both."""
    first = env.reset()[0]["camera"]
    second = env.reset()[0]["camera"]
    assert (first != second).any(-1).flatten(1).any(-1).all()
    assert torch.equal(second, picture(env))


def test_blocks_are_newtons_own_pictures(env: Any) -> None:
    step(env, 2.0 * torch.rand(NUM_ENVS, 17) - 1.0)
    ours = picture(env)
    renderer = renderer_of(env)
    blocks = renderer.newton_sensor
    whole = SensorTiledCamera(renderer.backend.model, default_render_config=blocks.default_render_config)
    try:
        renderer.newton_sensor = whole
        renderer.set_light(None)
        theirs = picture(env)
    finally:
        renderer.newton_sensor = blocks
    assert torch.equal(ours, theirs)
    assert ours.float().std() > 10.0


def test_what_fails_in_a_thread_is_heard_of(env: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken tracer")

    tracers = renderer_of(env).newton_sensor.tracers
    for tracer in tracers[1:]:
        monkeypatch.setattr(tracer, "update", fail)
    # The first tracer gives way until another has taken a block.
    update = tracers[0].update
    monkeypatch.setattr(tracers[0], "update", lambda *args, **kwargs: (time.sleep(0.05), update(*args, **kwargs)))
    if len(tracers) > 1:
        with pytest.raises(RuntimeError, match="broken tracer"):
            picture(env)


def test_srgb() -> None:
    """IEC 61966-2-1: ((0.5 + 0.055) / 1.055)^2.4 = 0.21404, 0.02 / 12.92 = 0.001548."""
    srgb, linear = torch.tensor([0.5, 0.02, 1.0]), torch.tensor([0.21404, 0.001548, 1.0])
    torch.testing.assert_close(linear_from_srgb(srgb), linear, atol=1e-5, rtol=0.0)
    torch.testing.assert_close(srgb_from_linear(linear), srgb, atol=1e-4, rtol=0.0)
    assert srgb_from_linear(torch.tensor(1.5)) == srgb_from_linear(torch.tensor(1.0))


def test_colors_change_in_the_environments_that_are_reset(env: Any) -> None:
    before = picture(env)
    run_event(env, "colors", torch.tensor([3, 9]))
    changed = (picture(env) != before).any(-1).flatten(1).any(-1)
    assert changed.nonzero().flatten().tolist() == [3, 9]


def test_colors_keep_their_names_and_are_not_clipped(env: Any) -> None:
    before = centroids(object_masks(picture(env)))[1]
    brightness = []
    for _ in range(5):
        run_event(env, "colors", slice(None))
        rgb = picture(env)
        assert torch.equal(centroids(object_masks(rgb))[1], before)  # all pixels of an object have its colour's name
        assert (rgb == 255).all(-1).float().mean() < 0.001
        brightness.append(rgb.float().mean((1, 2, 3)))
    assert torch.stack(brightness).std(dim=0).min() > 1.0


def test_light_turns_for_all(env: Any) -> None:
    before = picture(env)
    renderer_of(env).set_light((0.0, 0.0, -1.0))
    noon = picture(env)
    assert (noon != before).any(-1).flatten(1).any(-1).all()
    renderer_of(env).set_light(None)
    assert torch.equal(picture(env), before)


def test_the_mount_moves_by_a_centimetre_and_two_degrees(env: Any) -> None:
    camera = env.scene["head_camera"]
    for _ in range(3):
        run_event(env, "camera_pose", slice(None))
        assert (picture(env).float().mean((1, 2, 3)) > 40).all()  # from within the head, everything is black
    origin, axes = camera_pose(env)
    shift = (camera.data.pos_w.torch - origin).abs()
    assert 0.002 < shift.max() < 0.01 * 3**0.5 + 1e-5
    x, y, z, w = camera.data.quat_w_world.torch.unbind(-1)
    ahead = torch.stack([1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w)], -1)
    angle = torch.rad2deg((ahead * axes[:, 0]).sum(-1).clamp(max=1.0).acos())
    assert 0.5 < angle.max() < 2.0 * 2**0.5 + 0.05  # about two of its axes
    assert angle.std() > 0.1


def test_renderers_are_presets() -> None:
    def types(*overrides: str, play: bool = False) -> list[str]:
        cfg: Any = resolve_task_config(TASK, None, overrides=list(overrides), play_mode=play)[0]
        events = (cfg.events.colors, cfg.events.surroundings, cfg.events.camera_pose)
        return [type(thing).__name__ for thing in (cfg.scene.head_camera.renderer_cfg, *events)]

    event = "EventTermCfg"
    assert types() == ["BlockRendererCfg", event, event, event]
    assert types("renderer=newton_renderer") == ["BlockRendererCfg", event, event, event]
    assert types("renderer=ovrtx") == ["OVRTXRendererCfg", "NoneType", "NoneType", event]
    assert types("renderer=isaacsim_rtx") == ["IsaacRtxRendererCfg", "NoneType", "NoneType", event]
    assert types("env.events.colors=null") == ["BlockRendererCfg", "NoneType", event, event]
    assert types(play=True) == ["BlockRendererCfg", "NoneType", "NoneType", "NoneType"]


def test_only_camera_tasks_have_the_camera() -> None:
    plain: Any = resolve_task_config("VLA-Reach-G1", None, overrides=[])[0]
    assert not hasattr(plain.scene, "head_camera")
    assert not hasattr(plain.observations, "camera")
