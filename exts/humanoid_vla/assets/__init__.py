"""The robot and the objects: figures, the USD files made from them, and their Isaac Lab configurations."""
