"""Language-conditioned humanoid tasks, agents and deployment for Isaac Lab."""
