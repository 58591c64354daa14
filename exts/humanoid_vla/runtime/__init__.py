"""From a bundle to a robot that moves: engines, observations, a control loop; without torch and without Isaac Lab."""
