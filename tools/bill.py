"""The bills of materials of the two wheels: what is in each, and what it needs.

    python -m tools.bill   # writes them again

Each is CycloneDX 1.6, and a wheel carries its own under `.dist-info/sboms/` (PEP 770).
Neither holds code of others; mixnotes holds data sets, each with its source.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PROJECTS = {"mixnotes": ROOT, "livefence": ROOT / "livefence"}
BILLS = {
    "mixnotes": ROOT / "tools/mixnotes.cdx.json",
    "livefence": ROOT / "livefence/livefence.cdx.json",
}


def bill(name: str) -> dict[str, Any]:
    """What the wheel of a project holds and needs."""
    project = tomllib.loads((PROJECTS[name] / "pyproject.toml").read_text("utf-8"))
    said = project["project"]
    version = _version(PROJECTS[name] / project["tool"]["hatch"]["version"]["path"])
    own = f"pkg:pypi/{name}@{version}"
    libraries = [_library(each) for each in sorted(said["dependencies"])]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": own,
                "name": name,
                "version": version,
                "purl": own,
                "licenses": [{"license": {"id": said["license"]}}],
            }
        },
        "components": libraries + (_data_sets() if name == "mixnotes" else []),
        "dependencies": [
            {"ref": own, "dependsOn": [each["bom-ref"] for each in libraries]}
        ],
    }


def _version(module: Path) -> str:
    text = module.read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    assert found, f"{module} must say its __version__"
    return found[1]


def _library(requirement: str) -> dict[str, Any]:
    """What the wheel needs and does not hold; the versions that will do, in words."""
    name, versions = re.fullmatch(r"([\w.-]+)(.*)", requirement).groups()  # type: ignore[union-attr]
    purl = f"pkg:pypi/{name.lower()}"
    found = {"type": "library", "bom-ref": purl, "name": name, "purl": purl}
    return found | {
        "scope": "required",
        "description": f"any version {versions}".strip(),
    }


def _data_sets() -> list[dict[str, Any]]:
    """The files of `mixnotes.datasets`."""
    from mixnotes import datasets

    found = []
    for file in sorted(Path(datasets.__file__).parent.glob("csv/*.csv")):
        sheet = getattr(datasets, file.stem)().sheet
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        words = f"{sheet.what}. Source: {sheet.source}. Terms: {sheet.terms}."
        found.append(
            {
                "type": "data",
                "bom-ref": f"mixnotes/datasets/csv/{file.name}",
                "name": file.name,
                "description": words,
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
        )
    return found


def text(name: str) -> str:
    """As it is written."""
    return json.dumps(bill(name), indent=1, ensure_ascii=False) + "\n"


def main() -> None:
    """Write both."""
    for name, file in BILLS.items():
        file.write_text(text(name), encoding="utf-8")


if __name__ == "__main__":
    main()
