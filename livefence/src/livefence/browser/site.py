"""What Run needs -> files of the site."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from livefence import cache, figures, judge, names, value
from livefence.browser import parts, runner, state
from livefence.browser.lean import PACKING, UNUSED, lean, solid
from livefence.settings import Settings

FOLDER = "assets/livefence"
OFFLINE = "livefence-offline.js"  # at the root: it answers for what lies below it
SHARED = (figures, judge, names, value)  # of the build, and of Run
HERE = Path(__file__).parent
MADE_OF = ("pyproject.toml", "README", "LICENSE")  # a wheel, beside its packages
SCRIPT = re.compile(rb"<script(?P<attributes>[^>]*)>(?P<code>.*?)</script>", re.DOTALL)
BLOCK = re.compile(r"^[ \t]*/\*(?:(?!\*/).)*\*/[ \t]*$", re.DOTALL | re.MULTILINE)
INERT = re.compile(rb"\bsrc=|\btype=[\"']?application/(?:ld\+)?json")
POLICY = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'{hashes}; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "connect-src 'self' blob:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-src 'none'"
)


def has_parts(settings: Settings) -> bool:
    """Has `python -m livefence.browser` brought what Run needs? Raises a `PartsError`
    where something is there that is not what was brought."""
    folder = settings.parts_folder
    return bool(folder and parts.found(folder, settings.browser_packages))


def files(settings: Settings) -> dict[str, Path | bytes]:
    """The files by their address in the site."""
    folder = settings.parts_folder
    record = folder and parts.found(folder, settings.browser_packages)
    if not (folder and record):
        raise parts.PartsError("Run needs parts; python -m livefence.browser")
    packages, sizes, sums = {}, {}, {}
    found: dict[str, Path | bytes] = {}
    shelf = folder / "packed"
    known = list(_wheels(settings, folder, record))
    for name, entry, wheel in known:
        content = packed(wheel, shelf)
        file = f"{name}-{entry['version']}-{parts.sha256(content)[:8]}.tar.xz"
        packages[name] = {key: entry[key] for key in ("depends", "imports")}
        packages[name]["file_name"] = file
        found[file] = content
        sizes[file], sums[file] = 2 * [len(content)], parts.sha256(content)
    _tidy(shelf, [wheel for _, _, wheel in known])
    runtime = _runtime_folder()
    for part in parts.RUNTIME:
        found[f"{runtime}/{part}"] = folder / part
        sizes[f"{runtime}/{part}"] = record["sizes"][part]
        sums[f"{runtime}/{part}"] = parts.SUMS[part]
    kept = sorted(f"{FOLDER}/{name}" for name in found)  # until they are others
    found["runner.zip"] = zipped = runner_zip()
    sizes["runner.zip"], sums["runner.zip"] = parts.sizes(zipped), parts.sha256(zipped)
    found[parts.EDITOR] = folder / parts.EDITOR
    for asset in sorted((HERE / "assets").iterdir()):
        found[asset.name] = asset
        if asset.suffix == ".js" and asset.name != "worker.js":  # read by every page
            found[asset.name] = brief(asset.read_text(encoding="utf-8"))
    style = settings.style_file
    own = set(packages) - set(record["lock"]["packages"])
    found["browser.json"] = _json(
        {
            "runtime": runtime,
            "info": record["lock"]["info"],
            "sizes": sizes,
            "sums": sums,
            "packages": packages,
            "modules": sorted({*settings.browser_packages, *own}),
            "style": style.read_text(encoding="utf-8") if style else "",
            "colors": settings.colors,
        }
    )
    placed = {f"{FOLDER}/{name}": content for name, content in found.items()}
    script = (HERE / OFFLINE).read_text(encoding="utf-8")
    placed[OFFLINE] = script.replace("KEPT_FOR_RUN", json.dumps(kept)).encode()
    return placed


def _wheels(
    settings: Settings, folder: Path, record: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any], bytes]]:
    """All that blocks can import: its name, what is known of it, and its wheel."""
    known = record["lock"]["packages"]
    for name, entry in known.items():
        yield name, entry, (folder / entry["file_name"]).read_bytes()
    for file, wheel in wheels(settings, folder):
        entry = lock_entry(file, wheel, known)
        yield entry["name"], entry, wheel


def brief(script: str) -> bytes:
    """The script without lines of comments, and without indentation."""
    lines = map(str.strip, BLOCK.sub("", script).splitlines())
    code = (line for line in lines if line and not line.startswith("//"))
    return "".join(f"{line}\n" for line in code).encode()


def _runtime_folder() -> str:
    """Where Python itself lies in the site: another version lies elsewhere, so that no
    reader's browser mixes the two."""
    digests = "".join(parts.SUMS[name] for name in parts.RUNTIME)
    return f"python-{parts.sha256(digests.encode())[:8]}"


def packed(wheel: bytes, shelf: Path) -> bytes:
    """The wheel as a page gets it, packed anew only where it has changed: that takes
    some ten seconds for all of them."""
    place = shelf / _label(wheel)
    content = cache.read(place)
    if content is None:
        content = solid(wheel)
        cache.keep(place, content)
    return content


def _label(wheel: bytes) -> str:
    how = repr([UNUSED, PACKING]).encode()
    return f"{parts.sha256(wheel + how)[:16]}.tar.xz"


def _tidy(shelf: Path, wheels: list[bytes]) -> None:
    """What was packed of older wheels goes."""
    used = {_label(wheel) for wheel in wheels}
    for file in shelf.glob("*.tar.xz"):
        if file.name not in used:
            with contextlib.suppress(OSError):
                file.unlink()


def _own(packages: dict[str, Any], record: dict[str, Any]) -> list[str]:
    return [name for name in packages if name not in record["lock"]["packages"]]


def wheels(settings: Settings, folder: Path) -> Iterator[tuple[str, bytes]]:
    """The wheel of each project, built anew only where what it is made of changed."""
    for number, project in enumerate(settings.wheels):
        root = (settings.root / project).resolve()
        digest = hashlib.sha256(cache.surroundings(settings).encode())
        digest.update(os.environ.get("SOURCE_DATE_EPOCH", "").encode())
        digest.update("\0".join(settings.wheels_without).encode())
        for file in sorted(root.glob("*")):
            if file.is_file() and file.name.startswith(MADE_OF):
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
        shelf = folder / "wheels" / str(number)
        place = shelf / digest.hexdigest()[:16]
        kept = [(f.name, cache.read(f)) for f in sorted(place.glob("*.whl"))]
        whole = [(name, content) for name, content in kept if content is not None]
        if not whole:
            whole = [_built(project, root, settings.wheels_without)]
            shutil.rmtree(shelf, ignore_errors=True)  # those of older sources
            cache.keep(place / whole[0][0], whole[0][1])
        yield whole[0]


def _built(project: str, root: Path, without: list[str]) -> tuple[str, bytes]:
    """The name of a project's wheel, and the wheel, lean."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation"]
        run = subprocess.run(
            [*command, "--outdir", place, str(root)], capture_output=True, text=True
        )
        if run.returncode:
            raise parts.PartsError(
                f"no wheel of {project}: {(run.stdout + run.stderr).strip()[-500:]}"
            )
        (wheel,) = Path(place).glob("*.whl")
        return wheel.name, lean(wheel.read_bytes(), without)


def lock_entry(file: str, wheel: bytes, known: dict[str, Any]) -> dict[str, Any]:
    """The wheel as Pyodide's lock file lists one; what it needs that is known."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        names = archive.namelist()
        (says,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        metadata = HeaderParser().parsestr(archive.read(says).decode())
    tops = {name.partition("/")[0].removesuffix(".py") for name in names}
    needed = []
    for line in metadata.get_all("Requires-Dist") or []:
        name = re.split(r"[^\w.-]", line.strip(), maxsplit=1)[0].lower()
        if "extra ==" not in line and name in known:
            needed.append(name)
    return {
        "name": metadata["Name"],
        "version": metadata["Version"],
        "file_name": file,
        "install_dir": "site",
        "sha256": parts.sha256(wheel),
        "package_type": "package",
        "imports": sorted(top for top in tops if not top.endswith(".dist-info")),
        "depends": needed,
        "unvendored_tests": False,
    }


def runner_zip() -> bytes:
    """The Python side of the runner, the same bytes each time."""
    stream = io.BytesIO()
    sources = {
        "livefence/__init__.py": b"",
        **{f"livefence/{Path(m.__file__).name}": _source(m) for m in SHARED},
        "livefence/browser/__init__.py": b"",
        "livefence/browser/runner.py": Path(runner.__file__).read_bytes(),
        "livefence/browser/state.py": Path(state.__file__).read_bytes(),
    }
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sources.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


def _source(module: Any) -> bytes:
    return Path(module.__file__).read_bytes()


def protect(site: Path) -> None:
    """Give every page the policy: scripts of our own host, and the theme's inline
    ones by their hashes; the same on all pages, since instant navigation mixes them."""
    pages = {page: page.read_bytes() for page in sorted(site.rglob("*.html"))}
    hashes = set()
    for content in pages.values():
        for script in SCRIPT.finditer(content):
            if not INERT.search(script["attributes"]):
                digest = hashlib.sha256(script["code"]).digest()
                hashes.add(f" 'sha256-{b64encode(digest).decode()}'")
    policy = POLICY.format(hashes="".join(sorted(hashes)))
    tag = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'.encode()
    for page, content in pages.items():
        head = re.search(rb"<head[^>]*>", content)
        if head:
            page.write_bytes(content[: head.end()] + tag + content[head.end() :])


def _json(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
