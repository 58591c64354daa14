"""The USD files against the json they are made from, read with pxr alone."""
# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportGeneralTypeIssues=false
# pyright: reportReturnType=false
# The stubs that come with pxr say that its functions return None.

from __future__ import annotations

import math
from pathlib import Path

import pytest
from mujoco_model import FIGURES, JOINTS
from pxr import Usd, UsdGeom, UsdPhysics

from humanoid_vla.assets import g1, usd_writer
from humanoid_vla.assets.g1_figures import DATA_DIR

FILES = ["g1.usda", "g1_gripper.usda", "g1_upper_body.usda"]
UPPER_BODY_JOINTS = {name for name in JOINTS if not any(word in name for word in ("hip", "knee", "ankle"))}


@pytest.fixture(params=FILES)
def stage(request: pytest.FixtureRequest) -> Usd.Stage:
    return Usd.Stage.Open(str(DATA_DIR / request.param))


def test_writing_again_gives_the_same_bytes(tmp_path: Path) -> None:
    usd_writer.write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (DATA_DIR / name).read_bytes()


def test_masses_sum_to_the_robots() -> None:
    stage = Usd.Stage.Open(str(DATA_DIR / "g1.usda"))
    masses = [
        UsdPhysics.MassAPI(prim).GetMassAttr().Get() for prim in stage.Traverse() if prim.HasAPI(UsdPhysics.MassAPI)
    ]
    assert len(masses) == 30
    assert sum(masses) == pytest.approx(33.341, abs=1e-3)
    assert sum(masses) == pytest.approx(sum(link["mass"] for link in FIGURES["links"]), abs=1e-5)


def test_joints_carry_the_figures_limits(stage: Usd.Stage) -> None:
    hinges = {prim.GetName(): prim for prim in stage.Traverse() if prim.IsA(UsdPhysics.RevoluteJoint)}
    assert set(hinges) == (set(JOINTS) if stage.GetPrimAtPath("/g1/left_knee_link") else UPPER_BODY_JOINTS)
    for name, prim in hinges.items():
        hinge, figure = UsdPhysics.RevoluteJoint(prim), JOINTS[name]
        limits = [math.radians(hinge.GetLowerLimitAttr().Get()), math.radians(hinge.GetUpperLimitAttr().Get())]
        assert limits == pytest.approx(figure["range"], abs=1e-6)
        assert UsdPhysics.DriveAPI(prim, "angular").GetMaxForceAttr().Get() == figure["effort_limit"]
        for attribute in ("newton:velocityLimit", "physxJoint:maxJointVelocity"):
            assert math.radians(prim.GetAttribute(attribute).Get()) == pytest.approx(figure["velocity_limit"])
        for attribute in ("newton:armature", "physxJoint:armature"):
            assert prim.GetAttribute(attribute).Get() == pytest.approx(figure["armature"])


def test_head_camera_and_palms_are_mounted(stage: Usd.Stage) -> None:
    mount = stage.GetPrimAtPath("/g1/torso_link/head_camera_mount")
    matrix = UsdGeom.Xformable(mount).GetLocalTransformation()
    assert list(matrix.ExtractTranslation()) == pytest.approx([0.0576235, 0.01753, 0.42987])
    # Row 0 is where the camera looks: 0.83 rad below the horizon, straight ahead.
    assert list(matrix.GetRow3(0)) == pytest.approx([math.cos(0.8307767), 0.0, -math.sin(0.8307767)], abs=1e-6)
    for side in ("left", "right"):
        assert stage.GetPrimAtPath(f"/g1/{side}_wrist_yaw_link/{side}_palm")


def test_files_name_no_other_file(stage: Usd.Stage) -> None:
    assert not stage.GetRootLayer().GetCompositionAssetDependencies()


def test_a_missing_file_is_named_with_its_remedy() -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no_robot\.usda is missing; .*python -m humanoid_vla\.assets\.usd_writer"
    ):
        g1.usd_path("no_robot.usda")
