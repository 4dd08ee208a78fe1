"""The vendored files are the ones that the manifest names, and nobody's registry is in the lock."""

import json
import subprocess
import sys
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def run_check(root):
    command = [sys.executable, root / "assets/vendor.py", "--check"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_vendored_files_match_their_manifest():
    check = run_check(ROOT)

    assert (check.returncode, check.stderr) == (0, "")


def test_changed_file_is_found(tmp_path):
    copied = tmp_path / "main"
    (copied / "assets").mkdir(parents=True)
    (copied / "assets/vendor.py").write_text((ROOT / "assets/vendor.py").read_text())
    for folder in ("static/vendor", "tests/ui/vendor"):
        (copied / folder).mkdir(parents=True)
        (copied / folder / "manifest.json").write_text('{"a.js": {"sha256": "0"}}')
        (copied / folder / "a.js").write_text("changed")

    check = run_check(copied)

    assert check.returncode == 1
    assert "differs from its manifest: static/vendor/a.js" in check.stderr


def test_lock_names_no_registry():
    lock = json.loads((ROOT / "assets/package-lock.json").read_text())

    assert not [name for name, package in lock["packages"].items() if "resolved" in package]
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_every_vendored_package_brings_its_licence():
    vendor = ROOT / "static/vendor"
    folders = [path for path in vendor.iterdir() if path.is_dir()]

    assert folders
    for folder in folders:
        assert {path.name for path in folder.iterdir()} & {"LICENSE", "NOTICE"}, folder.name


def test_shipped_files_have_no_source_map():
    for path in (ROOT / "static/vendor").rglob("*.[jc]s*"):
        if path.suffix in {".js", ".css"}:
            assert b"sourceMappingURL" not in path.read_bytes()[-300:], path.name
