"""What the repository promises its readers: versions, commands and file sizes that are true."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
MAX_LINES = 300

# In pieces, so that this file passes its own test.
REGISTRY_HOSTS = [
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("pypi", "nvidia", "com"),
        ("download", "pytorch", "org"),
        ("anaconda", "org"),
        ("npmjs", "org"),
        ("docker", "io"),
        ("nvcr", "io"),
        ("ghcr", "io"),
        ("proxy", "golang", "org"),
    )
]
INDEX_ADDRESS = r"index[-_]url['\"]?\s*[=:]?\s*['\"]?" + "http"
MACHINE_PATH = r"(?<![\w./-])/(?:" + "|".join(("work", "home", "root", "Users", "mnt", "media")) + r")/\w"
FORBIDDEN = re.compile("|".join([*map(re.escape, REGISTRY_HOSTS), INDEX_ADDRESS, MACHINE_PATH]))


def read(name: str) -> str:
    return (REPOSITORY / name).read_text(encoding="utf-8")


def find_forbidden(text: str) -> list[str]:
    """Lines that name a package registry or a path of somebody's machine, each with its number."""
    return [f"{number}: {line}" for number, line in enumerate(text.splitlines(), 1) if FORBIDDEN.search(line)]


def repository_files() -> list[Path]:
    """Files that are in git, or would be with the next ``git add``."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git clone")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout
    return [path for name in names.split("\0") if name and (path := REPOSITORY / name).is_file()]


def make_targets_named_in(text: str) -> set[str]:
    """Targets of the commands ``make ...`` in code, be it a block's line or between backticks."""
    return set(re.findall(r"(?:^|`)make ([a-z][\w-]*)", text, re.MULTILINE))


def test_the_changelog_begins_with_the_version_of_the_extension() -> None:
    versions = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert versions[0] == tomllib.loads(read("extension.toml"))["package"]["version"]


@pytest.mark.parametrize("command", ["make train", "make test"])
def test_the_readme_shows_the_commands_on_lines_of_their_own(command: str) -> None:
    assert command in read("README.md").splitlines()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/architecture.md", "docs/benchmarks.md"])
def test_every_make_target_of_a_page_exists(page: str) -> None:
    existing = set(re.findall(r"^([a-z][\w-]*):(?!=)", read("Makefile"), re.MULTILINE))
    assert make_targets_named_in(read(page)) <= existing


def test_a_make_target_is_found_in_code_only() -> None:
    assert make_targets_named_in("run `make check`, which will make sure:\n\nmake test\n") == {"check", "test"}


@pytest.mark.parametrize("folder", ["exts", "scripts"])
def test_no_file_is_too_long(folder: str) -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in (REPOSITORY / folder).rglob("*.py")}
    assert lengths, f"no Python file in {folder}"
    too_long = [
        f"{path.relative_to(REPOSITORY)}: {lines} lines" for path, lines in lengths.items() if lines > MAX_LINES
    ]
    assert not too_long, f"split these files, each must be under {MAX_LINES} lines: {', '.join(too_long)}"


def test_no_file_names_a_registry_or_a_machine_path() -> None:
    found = []
    for path in repository_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # an image
            continue
        found += [f"{path.relative_to(REPOSITORY)}:{line}" for line in find_forbidden(text)]
    assert not found


@pytest.mark.parametrize(
    "line",
    [
        f"see https://{REGISTRY_HOSTS[0]}/project/torch",
        f"--index-url={'http'}s://mirror.example/simple",
        f"--extra-index-url {'http'}://10.0.0.1/simple",
        f"PYTHON=/{'home'}/me/bin/python",
        f"cd /{'work'}/main",
    ],
)
def test_a_forbidden_line_is_found(line: str) -> None:
    assert find_forbidden(f"fine\n{line}\nfine") == [f"2: {line}"]


@pytest.mark.parametrize("line", ["uv pip compile --no-emit-index-url", "/path/to/python3.12", "docs/work/home.md"])
def test_a_harmless_line_is_not(line: str) -> None:
    assert not find_forbidden(line)


def test_every_test_module_has_a_name_of_its_own() -> None:
    """Pytest imports them by their bare names: of two with one name it finds only the first."""
    names = [path.name for path in (REPOSITORY / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
