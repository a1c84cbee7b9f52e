"""The glossary names modules that exist, and modules are named by words of the glossary."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.recipes import ROOT

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
FOLDERS = ("app/tuning", "app/engine/batching", "app/worker")
# Their modules bear the name of a kind that a client can ask for, such as a sampler or a framework.
REGISTRIES = ("app/tuning/samplers", "app/tuning/exports")
# Words that need no definition. A metaphor does not belong here: define the term in the glossary instead.
PLAIN_ENGLISH = {
    "all",
    "and",
    "assemble",
    "base",
    "data",
    "end",
    "explanation",
    "fastai",
    "file",
    "formatting",
    "formulas",
    "functions",
    "jax",
    "keras",
    "line",
    "main",
    "measurement",
    "optimizer",
    "other",
    "per",
    "protocols",
    "rules",
    "schedules",
    "source",
    "statistics",
    "table",
    "tree",
    "wording",
}


def rows() -> list[tuple[str, str]]:
    """Return the terms of the glossary, each with its path."""
    cells = [line.strip("| ").split(" | ") for line in GLOSSARY.splitlines() if line.startswith("| ")]
    return [(row[0], row[-1]) for row in cells if row[0] not in ("Term", "---")]


def stem(word: str) -> str:
    """Return a word in lower case without the ending of a plural or of a verb's noun."""
    return re.sub(r"(?<=\w{3})(ings?|es|s|e)$", "", word.lower())


def modules() -> Iterator[str]:
    """Yield the modules and packages of the folders, without the modules that a registry collects."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            named = path.parent if path.stem == "__init__" else path
            if str(path.parent.relative_to(ROOT)) not in REGISTRIES or path.stem in ("__init__", "base"):
                yield str(named.relative_to(ROOT).with_suffix(""))


STEMS = {stem(word) for term, _ in rows() for word in re.findall(r"\w+", term)} | set(
    map(stem, PLAIN_ENGLISH)
)


@pytest.mark.parametrize("term", [term for term, _ in rows()])
def test_the_module_of_a_term_exists(term: str) -> None:
    path = re.search(r"`(app/\S+\.py)`", dict(rows())[term])
    assert path, f"{term} names no module"
    assert (ROOT / path[1]).exists()


def test_every_path_in_the_glossary_exists() -> None:
    assert [path for path in re.findall(r"`(app/[^`]+)`", GLOSSARY) if not (ROOT / path).exists()] == []


def test_a_term_is_defined_once() -> None:
    terms = [term for term, _ in rows()]
    assert len(terms) > 80
    assert sorted(terms) == sorted(set(terms))


@pytest.mark.parametrize("module", list(modules()))
def test_a_module_is_named_by_words_of_the_glossary(module: str) -> None:
    name = module.rpartition("/")[2]
    unknown = [word for word in name.split("_") if stem(word) not in STEMS]
    assert unknown == [], f"{module}: define the term in docs/glossary.md, or take a name that needs none"
