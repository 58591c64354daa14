"""Terms that the tasks share: small functions of the environment and their parameters.

Isaac Lab's own terms are used where they exist (``isaaclab.envs.mdp``); these are the ones it does not have.
"""
