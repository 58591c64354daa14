"""``ros2 run humanoid_vla_ros node``: the node of the package humanoid_vla."""

import sys


def run() -> int:
    """Run it; the process's exit code."""
    try:
        from humanoid_vla.runtime.ros2_node import main
    except ImportError as error:
        print(
            f"error: {error.name} is not installed for {sys.executable}: run 'pip install --no-deps .' in the clone of "
            "humanoid_vla, and 'pip install numpy onnxruntime'",
            file=sys.stderr,
        )
        return 2
    return main()
