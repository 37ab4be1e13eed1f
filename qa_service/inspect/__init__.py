"""The order of stages, the plan and the score."""
