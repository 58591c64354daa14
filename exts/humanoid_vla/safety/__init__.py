"""What stands between a policy and the robot: a filter of joint position targets, in torch and in NumPy alone."""
