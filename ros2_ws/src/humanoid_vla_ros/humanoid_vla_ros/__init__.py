"""The name under which ROS 2 finds the node."""
