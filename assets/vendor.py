"""Copy the browser assets that we ship from node_modules into the repository.

    python assets/vendor.py           after `npm ci`: rebuild the copies and the manifest
    python assets/vendor.py --check   compare the copies with the manifest (no node, no network)

The copies are committed, so that neither running nor testing needs node. Each keeps its
licence beside it, and `static/vendor/manifest.json` names its package, version and hash.
"""

import argparse
import hashlib
import json
import re
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
MODULES = HERE / "node_modules"
VENDOR = ROOT / "static" / "vendor"
TESTS = ROOT / "tests" / "ui" / "vendor"

SHIPPED = {
    "@tabler/core": ["dist/css/tabler.min.css", "dist/js/tabler.min.js"],
    "htmx.org": ["dist/htmx.min.js", "LICENSE"],
    "tom-select": [
        "dist/js/tom-select.base.min.js",
        "dist/css/tom-select.bootstrap5.min.css",
        "LICENSE",
    ],
    "@fontsource-variable/inter": [
        "files/inter-latin-wght-normal.woff2",
        "files/inter-latin-ext-wght-normal.woff2",
        "LICENSE",
    ],
}
FOR_TESTS = {"axe-core": ["axe.min.js", "LICENSE", "LICENSE-3RD-PARTY.txt"]}

# Packages that name their licence but leave its text out of the archive, or sit inside a bundle.
NOTICES = {
    "@tabler/core": (
        "tabler.min.css and tabler.min.js: @tabler/core {version}, MIT License.\n"
        "Copyright 2018-2026 The Tabler Authors, Copyright 2018-2026 codecalm.net Pawel Kuna.\n"
        "They contain Bootstrap (MIT, Copyright 2011-2026 The Bootstrap Authors)\n"
        "and Popper (MIT, Copyright 2019 Federico Zivolo).\n\n"
    ),
    "tom-select": (
        "tom-select {version}: Apache License 2.0. Contains @orchidjs/sifter and\n"
        "@orchidjs/unicode-variants (Apache License 2.0).\n\n"
    ),
}
SOURCE_MAP = re.compile(rb"(/\*# sourceMappingURL=[^*]*\*/|//# sourceMappingURL=\S*)\s*$")
SYMBOL = (
    '<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor"'
    ' stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">{drawing}</symbol>'
)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def package_facts(package: str) -> dict[str, str]:
    """Name, version and licence of an installed package, as the manifest states them."""
    facts = json.loads((MODULES / package / "package.json").read_text())
    return {"package": package, "version": facts["version"], "license": facts["license"]}


def copy_files(out: Path, packages: dict[str, list[str]]) -> dict[str, dict[str, str]]:
    """Copy the listed files of each package and return their manifest rows."""
    rows = {}
    for package, files in packages.items():
        folder = out / package.strip("@").replace("/", "-")
        folder.mkdir(parents=True, exist_ok=True)
        for name in files:
            target = folder / Path(name).name
            data = (MODULES / package / name).read_bytes()
            # A source map that we do not ship would be a 404 (and break hashed static files).
            target.write_bytes(SOURCE_MAP.sub(b"", data) if target.suffix in {".js", ".css"} else data)
            rows[target.relative_to(out).as_posix()] = package_facts(package) | {"sha256": digest(target)}
        if package in NOTICES:
            rows |= write_notice(out, folder, package)
    return rows


def write_notice(out: Path, folder: Path, package: str) -> dict[str, dict[str, str]]:
    facts = package_facts(package)
    text = NOTICES[package].format(**facts)
    if facts["license"] == "MIT":
        text += (HERE / "MIT.txt").read_text()
    target = folder / "NOTICE"
    target.write_text(text)
    return {target.relative_to(out).as_posix(): facts | {"sha256": digest(target)}}


def build_sprite(out: Path) -> dict[str, dict[str, str]]:
    """One SVG file with a symbol for each name in icons.txt."""
    folder = out / "icons"
    folder.mkdir(parents=True, exist_ok=True)
    symbols = []
    for name in (HERE / "icons.txt").read_text().split():
        drawing = (MODULES / f"@tabler/icons/icons/outline/{name}.svg").read_text()
        found = re.search(r"<svg[^>]*>(.*)</svg>", drawing, re.S)
        if found is None:
            raise SystemExit(f"no drawing in icon {name}")
        symbols.append(SYMBOL.format(name=name, drawing=re.sub(r">\s+<", "><", found[1].strip())))
    lines = ['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""]
    (folder / "sprite.svg").write_text("\n".join(lines))
    shutil.copy(MODULES / "@tabler/icons/LICENSE", folder / "LICENSE")
    facts = package_facts("@tabler/icons")
    return {f"icons/{n}": facts | {"sha256": digest(folder / n)} for n in ("LICENSE", "sprite.svg")}


def write_manifest(out: Path, rows: dict[str, dict[str, str]]) -> None:
    (out / "manifest.json").write_text(json.dumps(rows, indent=1, sort_keys=True) + "\n")


def build() -> None:
    for out in (VENDOR, TESTS):
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
    write_manifest(VENDOR, copy_files(VENDOR, SHIPPED) | build_sprite(VENDOR))
    write_manifest(TESTS, copy_files(TESTS, FOR_TESTS))


def differences(out: Path) -> list[str]:
    """Files that are missing, extra or changed against the manifest of their folder."""
    rows = json.loads((out / "manifest.json").read_text())
    present = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    present.discard("manifest.json")
    changed = {n for n in present & set(rows) if digest(out / n) != rows[n]["sha256"]}
    return sorted((present ^ set(rows)) | changed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only compare with the manifests")
    if not parser.parse_args().check:
        build()
    found = [f"{out.relative_to(ROOT)}/{n}" for out in (VENDOR, TESTS) for n in differences(out)]
    for name in found:
        print(f"differs from its manifest: {name}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
