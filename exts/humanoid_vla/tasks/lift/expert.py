"""A scripted expert of Lift: it looks at the simulator's state and says what to do next, for all environments at once.

It keeps no memory of what it has done: each step it judges by where gripper and object are. So it tries again what went
wrong, and a policy without memory can learn from it. With the gripper that is nearest to the object it

- goes to a point behind the object, as seen along the gripper, and opens;
- moves ahead along the gripper until the object is between the fingers;
- closes, until both fingers push against something;
- lifts; or, told to let go, lowers what it holds to the table and opens.

Postures come from :mod:`.arm_ik`, once an episode and again where the object has moved.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from isaaclab.utils.math import quat_apply_inverse

from humanoid_vla.assets.g1 import UPPER_BODY_JOINTS
from humanoid_vla.tasks.lift.arm_ik import ArmIK
from humanoid_vla.tasks.lift.postures import HOLDING_DEPTH
from humanoid_vla.tasks.mdp.grip import finger_openings, grip_centres
from humanoid_vla.tasks.mdp.symmetry import joints
from humanoid_vla.tasks.mdp.touch import object_positions

PITCH, LIFTED_PITCH = math.radians(35.0), math.radians(12.0)
"""How far the gripper points down when it grasps, and when it has lifted [rad]: high up, the wrist bends less."""
ORIGIN = (-0.10, 0.22)
"""The left gripper points away from here, seen from above [m]: the elbow then stays clear of the torso."""
APPROACH = 0.09
"""How far behind the object the gripper gets ready [m]."""
LIFT = 0.135
"""How high the object is lifted [m]."""
PUSHING = 0.008
"""Fingers whose target is this far beyond them push against something [m]; when they move they lag by 2 mm."""
MOVED = 0.01
"""An object that is this far from where its postures were meant for needs new ones [m]."""
AHEAD = 0.12
"""How much of the way to the object the gripper is sent ahead of where it is."""
ASTRAY = 0.1
"""A joint this far off the way [rad] sends the gripper back to the way's beginning."""
_ARM = slice(3, 10)  # the left arm in UPPER_BODY_JOINTS


class ScriptedExpert:
    """Acts in an environment of the Lift family.

    Args:
        env: The environment, in RSL-RL's wrapper or without.
    """

    def __init__(self, env: Any) -> None:
        self._env: Any = env.unwrapped
        self._goal = self._env.command_manager.get_term("goal")
        self._arms = self._env.action_manager.get_term("joint_pos")
        self._fingers = self._env.action_manager.get_term("gripper")
        robot = self._env.scene["robot"]
        ids = robot.find_joints(UPPER_BODY_JOINTS, preserve_order=True)[0]
        self._ids: list[int] = ids
        self._default = robot.data.default_joint_pos.torch[:, ids]
        self._scale = self._arms._scale
        self._mirror = joints(UPPER_BODY_JOINTS)
        seed = dict(zip(UPPER_BODY_JOINTS, self._default[0].tolist(), strict=True))
        limits = robot.data.soft_joint_pos_limits.torch[0, ids][_ARM]
        self._ik = ArmIK(seed, limits, float(robot.cfg.init_state.pos[2]), str(self._env.device))
        num = self._env.num_envs
        self._postures = torch.zeros(4, num, limits.shape[0], device=self._env.device)
        self._meant_for = torch.full((num, 3), torch.inf, device=self._env.device)
        self._told = torch.full((num, 3), -1, dtype=torch.long, device=self._env.device)

    def reset(self, dones: torch.Tensor | None = None) -> None:
        """Nothing to do: new episodes are seen by where things are."""

    def __call__(self, obs: Any = None) -> torch.Tensor:
        """Actions for the present state, shape (num_envs, 19); the observations are not read."""
        goal, env = self._goal, self._env
        envs = torch.arange(env.num_envs, device=env.device)
        side = 1.0 - 2.0 * goal.hand_index.unsqueeze(1)  # 1 left, -1 right
        flip = torch.cat((torch.ones_like(side), side, torch.ones_like(side)), dim=1)
        # All that follows is about the left hand: what the right one does is thought of in the mirror.
        target = object_positions(env, goal.objects)[envs, goal.object_index] * flip
        grip = grip_centres(env, goal.hands)[envs, goal.hand_index] * flip
        height = goal._rest_heights[goal.object_index].neg() + target[:, 2]
        openings = finger_openings(env, goal.fingers).view(-1, 2, 2)[envs, goal.hand_index]
        lead = openings - self._fingers.processed_actions.view(-1, 2, 2)[envs, goal.hand_index]
        self._renew(target, grip, height)

        pushing = lead.mean(dim=1) > PUSHING
        ahead, aside, above = self._in_gripper(target - grip, side)
        near = (ahead.abs() < 0.03) & (aside.abs() < 0.03) & (above.abs() < 0.03)
        there = (ahead.abs() < 0.012) & (aside.abs() < 0.02) & (above.abs() < 0.01)
        holding = pushing & near
        behind, at, lifted, lowered = self._postures
        posture = torch.where(holding.unsqueeze(1), lifted, self._approach(behind, at))
        posture = torch.where(goal.releasing.unsqueeze(1), lowered, posture)
        close = torch.where(goal.releasing, height > 0.009, holding | there)
        return self._actions(posture, close)

    def _approach(self, behind: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
        """The next point of the straight way of joints from ``behind`` to ``at``, or its beginning; (num_envs, 7) each.

        Asked for its end at once, joints with little to do would be there first, and the gripper would go astray.
        """
        pos = self._env.scene["robot"].data.joint_pos.torch[:, self._ids]
        pos = torch.where((self._goal.hand_index == 0).unsqueeze(1), pos, self._mirror(pos))[:, _ARM]
        way = at - behind
        along = ((pos - behind) * way).sum(dim=1, keepdim=True) / way.square().sum(dim=1, keepdim=True)
        along = along.clamp(0.0, 1.0)
        on_way = (pos - behind - along * way).abs().amax(dim=1, keepdim=True) < ASTRAY
        return torch.where(on_way, behind + (along + AHEAD).clamp_max(1.0) * way, behind)

    def _in_gripper(self, offset: torch.Tensor, side: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Where the point to grip is, as seen from the grip centre [m]: ahead, aside, above, (num_envs,) each."""
        goal = self._goal
        envs = torch.arange(len(offset), device=offset.device)
        data = self._env.scene["robot"].data
        quat = data.body_link_quat_w.torch[:, goal.hands.body_ids][envs, goal.hand_index]
        offset = offset.clone()
        offset[:, 2] += HOLDING_DEPTH
        offset[:, 1:2] *= side  # back into the world
        ahead, aside, above = quat_apply_inverse(quat, offset).unbind(-1)
        return ahead, aside, above

    def _renew(self, target: torch.Tensor, grip: torch.Tensor, height: torch.Tensor) -> None:
        """Find the postures of episodes that are new, and where an object moved that nobody holds."""
        goal = self._goal
        told = torch.stack((goal.goal_index, goal.object_index, goal.hand_index), dim=1)
        new = (self._env.episode_length_buf == 0) | (told != self._told).any(dim=1)
        on_table = (height < MOVED) & ~goal.releasing
        new |= on_table & ((target - self._meant_for)[:, :2].norm(dim=1) > MOVED)
        if not new.any():
            return
        self._told[new], self._meant_for[new] = told[new], target[new]
        grasp = target[new].clone()
        grasp[:, 2] += HOLDING_DEPTH
        behind, above, lowered = grasp.clone(), grasp.clone(), grip[new].clone()
        yaw = torch.atan2(grasp[:, 1] - ORIGIN[1], grasp[:, 0] - ORIGIN[0])
        behind[:, 0] -= APPROACH * math.cos(PITCH) * yaw.cos()
        behind[:, 1] -= APPROACH * math.cos(PITCH) * yaw.sin()
        behind[:, 2] += APPROACH * math.sin(PITCH)
        above[:, 2] += LIFT
        lowered[:, 2] -= height[new] + 0.006
        pitches = torch.full((len(grasp), 4), PITCH, device=grasp.device)
        pitches[:, 2] = LIFTED_PITCH
        points = torch.stack((behind, grasp, above, lowered), dim=1)  # (n, 4, 3)
        found = self._ik.solve(points.flatten(0, 1), pitches.flatten(), yaw.repeat_interleave(4)).view(
            len(grasp), 4, -1
        )
        self._postures[:, new] = found.transpose(0, 1)

    def _actions(self, posture: torch.Tensor, close: torch.Tensor) -> torch.Tensor:
        """Of the left arm's joint positions (num_envs, 7) and whether its gripper closes, or of the right one's."""
        hand = self._goal.hand_index
        wanted = self._default.clone()
        wanted[:, _ARM] = posture
        wanted = torch.where((hand == 0).unsqueeze(1), wanted, self._mirror(wanted))
        # Gravity bends the joints away from their targets by torque over stiffness.
        data = self._env.scene["robot"].data
        wanted = wanted + (data.gravity_compensation_forces.torch / data.joint_stiffness.torch)[:, self._ids]
        grippers = torch.zeros(len(hand), 2, device=hand.device)
        grippers.scatter_(1, hand.unsqueeze(1), 2.0 * close.float().unsqueeze(1) - 1.0)
        return torch.cat(((wanted - self._default) / self._scale, grippers), dim=1).clamp(-1.0, 1.0)
