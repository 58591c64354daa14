"""What the window lists, checked without Kit."""

import sys
from pathlib import Path

import pytest

from humanoid_vla.kit.tasks_list import TaskRow, docs_page, load_task_rows, task_rows


def test_rows_are_ours_sorted_and_unique() -> None:
    rows = task_rows(["VLA-Walk-G1", "Isaac-Cartpole", "VLA-Reach-G1", "VLA-Walk-G1", "CartPole-v1"])
    assert [row.task_id for row in rows] == ["VLA-Reach-G1", "VLA-Walk-G1"]


def test_a_row_carries_the_commands() -> None:
    assert task_rows(["VLA-Reach-G1"]) == [
        TaskRow("VLA-Reach-G1", "isaaclab train --task VLA-Reach-G1", "isaaclab play --task VLA-Reach-G1")
    ]


def test_no_tasks_no_rows() -> None:
    assert task_rows([]) == []


def test_the_registered_tasks_are_listed() -> None:
    rows, notice = load_task_rows()
    assert notice == ""
    assert "VLA-Reach-G1" in [row.task_id for row in rows]


def test_without_gymnasium_the_notice_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gymnasium", None)  # makes its import fail
    rows, notice = load_task_rows()
    assert rows == []
    assert "gymnasium" in notice


def test_the_documentation_is_found_in_a_clone(repository: Path) -> None:
    assert docs_page() == repository / "docs" / "tasks.md"
