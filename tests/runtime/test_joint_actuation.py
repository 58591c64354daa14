"""What becomes of targets of joints that the action filter knows, and of those that it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import N, make_bundle, make_joints, with_grippers

from humanoid_vla.runtime.bundle import Bundle
from humanoid_vla.runtime.joint_actuation import JointActuation, make_filter
from humanoid_vla.runtime.mailbox import Mailbox
from humanoid_vla.runtime.sources import JointSource

FINGERS = slice(N, N + 4)


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return replace(make_bundle(tmp_path / "bundle"), joints=with_grippers(make_joints()))


def measured(bundle: Bundle, pos: np.ndarray) -> JointSource:
    source = JointSource(bundle.joints.names, Mailbox(), 1.0, 1.0)
    source.mailbox.put((pos, np.zeros_like(pos)), 0.0)
    source.healthy(0.0)
    return source


def test_fingers_pass_by_the_filter_and_stay_in_their_range(bundle: Bundle) -> None:
    safety, joints = make_filter(bundle, 0.01), bundle.joints
    assert safety.robot.joint_names == joints.names[:N]
    actuation, pos = JointActuation(bundle, safety), joints.default
    actuation.enter(pos, anew=True)
    assert actuation.joint_targets() == pytest.approx(pos)
    asked = np.tile(pos + 0.5, (1, 1))
    asked[0, FINGERS] = 0.02, np.nan, -1.0, 1.0
    sent = actuation.safe(asked, measured(bundle, pos))
    assert sent[FINGERS] == pytest.approx([0.02, joints.default[N], 0.001, 0.049])
    assert 0.0 < (sent - pos)[:N].max() <= 1.2 * 0.01 + 1e-9  # the filter's speed
    assert actuation.joint_targets() == pytest.approx(sent)
    assert safety.command[0] == pytest.approx(sent[:N])


def test_the_task_says_how_careful_the_filter_is(bundle: Bundle) -> None:
    safety = make_filter(
        replace(bundle, filter_settings={"max_speed": 0.5}, keep_out={"box": [[1, 0, 0], [1, 1, 1]]}), 0.01
    )
    assert safety.settings.max_speed == 0.5
    assert len(safety.settings.keep_out) == 1
    with pytest.raises(ValueError, match=r"filter_settings of the bundle: .*'haste'"):
        make_filter(replace(bundle, filter_settings={"haste": 1.0}), 0.01)
