"""A scripted expert of Lift: it looks at the simulator's state and says what to do next, for all environments at once.

It keeps no memory of what it has done: each step it judges by where gripper and object are. So it tries again what went
wrong, and a policy without memory can learn from it. With the gripper that is nearest to the object it

- goes to a point behind the object, as seen along the gripper, and opens;
- moves ahead along the gripper until the object is between the fingers;
- closes, until both fingers push against something;
- lifts; or, told to let go, lowers what it holds to the table and opens.

Postures come from :mod:`.arm_ik`, once an episode and again where the object has moved.

It may be asked several questions about one environment at a time: what if another object were to be lifted?
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
LIFT = 0.16
"""How high the object is lifted [m]: who learns from the expert and falls a little short has still lifted it."""
PUSHING = 0.008
"""Fingers whose target is this far beyond them push against something [m]; when they move they lag by 2 mm."""
MOVED = 0.01
"""An object that is this far from where its postures were meant for needs new ones [m]."""
AHEAD = 0.12
"""How much of the way to the object the gripper is sent ahead of where it is."""
ASTRAY = 0.1
"""A joint this far off the way [rad] holds the gripper up; one twice as far sends it back to the way's beginning."""
GRIPPING = (0.018, 0.020, 0.014)
"""How far ahead, aside and above the point to grip may be when the gripper closes [m]."""
RAMP = 0.004
"""It closes all the way where these are kept by so much [m], and opens all the way where they are missed by as much:
between the two an action is between, for a policy cannot learn to leap."""
_ARM = slice(3, 10)  # the left arm in UPPER_BODY_JOINTS


class ScriptedExpert:
    """Acts in an environment of the Lift family.

    Args:
        env: The environment, in RSL-RL's wrapper or without.
        questions: About each environment, for :meth:`act`.
    """

    def __init__(self, env: Any, questions: int = 1) -> None:
        self._env: Any = env.unwrapped
        self._goal = self._env.command_manager.get_term("goal")
        self._arms = self._env.action_manager.get_term("joint_pos")
        self._fingers = self._env.action_manager.get_term("gripper")
        robot = self._env.scene["robot"]
        ids = robot.find_joints(UPPER_BODY_JOINTS, preserve_order=True)[0]
        self._ids: list[int] = ids
        self._rows = torch.arange(self._env.num_envs, device=self._env.device).repeat_interleave(questions)
        self._default = robot.data.default_joint_pos.torch[self._rows][:, ids]
        self._scale = self._arms._scale
        self._mirror = joints(UPPER_BODY_JOINTS)
        seed = dict(zip(UPPER_BODY_JOINTS, self._default[0].tolist(), strict=True))
        limits = robot.data.soft_joint_pos_limits.torch[0, ids][_ARM]
        self._ik = ArmIK(seed, limits, float(robot.cfg.init_state.pos[2]), str(self._env.device))
        num = len(self._rows)
        self._postures = torch.zeros(4, num, limits.shape[0], device=self._env.device)
        self._meant_for = torch.full((num, 3), torch.inf, device=self._env.device)
        self._told = torch.full((num, 3), -1, dtype=torch.long, device=self._env.device)
        self.holding = torch.zeros(num, dtype=torch.bool, device=self._env.device)
        """Whether the gripper that was asked about held the object, shape (num_envs * questions,)."""

    def reset(self, dones: torch.Tensor | None = None) -> None:
        """Nothing to do: new episodes are seen by where things are."""

    def __call__(self, obs: Any = None) -> torch.Tensor:
        """Actions for the present state, shape (num_envs, 19); the observations are not read."""
        return self.act(self._goal.object_index, self._goal.hand_index, self._goal.releasing)

    def act(self, objects: torch.Tensor, hands: torch.Tensor, releasing: torch.Tensor) -> torch.Tensor:
        """What to do to lift an object with a hand, or to put it down, shape (num_envs * questions, 19).

        Args:
            objects: The objects' numbers, all questions about one environment beside each other,
                (num_envs * questions,).
            hands: 0 for the left hand, 1 for the right one.
            releasing: Whether the object is to be put down.
        """
        goal, env, rows = self._goal, self._env, self._rows
        side = 1.0 - 2.0 * hands.unsqueeze(1)  # 1 left, -1 right
        flip = torch.cat((torch.ones_like(side), side, torch.ones_like(side)), dim=1)
        # All that follows is about the left hand: what the right one does is thought of in the mirror.
        target = object_positions(env, goal.objects)[rows, objects] * flip
        grip = grip_centres(env, goal.hands)[rows, hands] * flip
        height = goal._rest_heights[objects].neg() + target[:, 2]
        openings = finger_openings(env, goal.fingers).view(-1, 2, 2)[rows, hands]
        lead = openings - self._fingers.processed_actions.view(-1, 2, 2)[rows, hands]
        # What the robot holds from the beginning is put down below where it is, anything else where it stood.
        from_above = releasing & goal.releasing[rows]
        self._renew(torch.stack((releasing.long(), objects, hands), dim=1), target, grip, height, from_above)

        pushing = lead.mean(dim=1) > PUSHING
        offset = self._in_gripper(target - grip, hands, side)
        near = (offset.abs() < 0.03).all(dim=1)
        there = ((offset.new_tensor(GRIPPING) - offset.abs()).amin(dim=1) / RAMP).clamp(-1.0, 1.0)
        self.holding = pushing & near
        behind, at, lifted, lowered = self._postures
        posture = torch.where(self.holding.unsqueeze(1), lifted, self._approach(behind, at, hands))
        down = torch.where(from_above.unsqueeze(1), lowered, at)
        posture = torch.where(releasing.unsqueeze(1), down, posture)
        close = torch.where(self.holding, 1.0, there)
        close = torch.where(releasing, ((height - 0.009) / 0.001).clamp(-1.0, 1.0), close)
        return self._actions(posture, hands, close)

    def _approach(self, behind: torch.Tensor, at: torch.Tensor, hands: torch.Tensor) -> torch.Tensor:
        """The next point of the straight way of joints from ``behind`` to ``at``, or its beginning; (rows, 7) each.

        Asked for its end at once, joints with little to do would be there first, and the gripper would go astray.
        """
        pos = self._env.scene["robot"].data.joint_pos.torch[self._rows][:, self._ids]
        pos = torch.where((hands == 0).unsqueeze(1), pos, self._mirror(pos))[:, _ARM]
        way = at - behind
        along = ((pos - behind) * way).sum(dim=1, keepdim=True) / way.square().sum(dim=1, keepdim=True)
        along = along.clamp(0.0, 1.0)
        astray = (pos - behind - along * way).abs().amax(dim=1, keepdim=True) / ASTRAY
        return behind + (along + AHEAD).clamp_max(1.0) * (2.0 - astray).clamp(0.0, 1.0) * way

    def _in_gripper(self, offset: torch.Tensor, hands: torch.Tensor, side: torch.Tensor) -> torch.Tensor:
        """Where the point to grip is, as seen from the grip centre: ahead, aside, above [m], (rows, 3)."""
        data = self._env.scene["robot"].data
        quat = data.body_link_quat_w.torch[:, self._goal.hands.body_ids][self._rows, hands]
        offset = offset.clone()
        offset[:, 2] += HOLDING_DEPTH
        offset[:, 1:2] *= side  # back into the world
        return quat_apply_inverse(quat, offset)

    def _renew(
        self,
        told: torch.Tensor,
        target: torch.Tensor,
        grip: torch.Tensor,
        height: torch.Tensor,
        from_above: torch.Tensor,
    ) -> None:
        """Find the postures of episodes that are new, and where an object moved that nobody holds."""
        new = (self._env.episode_length_buf[self._rows] == 0) | (told != self._told).any(dim=1)
        on_table = (height < MOVED) & ~from_above
        new |= on_table & ((target - self._meant_for)[:, :2].norm(dim=1) > MOVED)
        if not new.any():
            return
        self._told[new], self._meant_for[new] = told[new], target[new]
        grasp = target[new].clone()
        # what hangs in a gripper is thought of as on the table
        grasp[:, 2] += HOLDING_DEPTH - torch.where(height[new] < MOVED, 0.0, height[new])
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

    def _actions(self, posture: torch.Tensor, hands: torch.Tensor, close: torch.Tensor) -> torch.Tensor:
        """Of the left arm's joint positions (rows, 7) and its gripper's action, (rows,), or of the right one's."""
        wanted = self._default.clone()
        wanted[:, _ARM] = posture
        wanted = torch.where((hands == 0).unsqueeze(1), wanted, self._mirror(wanted))
        # Gravity bends the joints away from their targets by torque over stiffness.
        data = self._env.scene["robot"].data
        bend = data.gravity_compensation_forces.torch / data.joint_stiffness.torch
        wanted = wanted + bend[self._rows][:, self._ids]
        grippers = torch.zeros(len(hands), 2, device=hands.device)
        grippers.scatter_(1, hands.unsqueeze(1), close.unsqueeze(1))
        return torch.cat(((wanted - self._default) / self._scale, grippers), dim=1).clamp(-1.0, 1.0)
