"""The template of a practice's files, and the documents about them, say what the reader reads."""

import csv
import io
import zipfile

import pytest
from django.core.management import CommandError, call_command

from clinicpay.embedded.paths import PROJECT
from clinicpay.imports.bundle_format import SHEETS, Form
from clinicpay.imports.bundle_words import columns_in_words, template_files
from tests.clinicpay.practice_files import SAMPLE, imported

NAMES = {sheet.name for sheet in SHEETS}


def _template(folder):
    call_command("practice_template", str(folder), stdout=io.StringIO())
    return folder


def test_docs_explain_the_columns_that_are_read():
    assert (PROJECT / "docs" / "import.md").read_text().endswith(f"compares -->\n{columns_in_words()}")


def test_template_is_imported_as_it_is_written(harbor, tmp_path):
    folder = _template(tmp_path / "new" / "practice")

    told = imported(folder, "harbor", "--dry-run")

    assert (told["charges_total"], told["payments_total"], told["allocated_total"]) == ("120.00", "100.00", "100.00")
    assert (told["opening_balances_total"], told["opening_credits_total"]) == ("85.00", "50.00")


def test_template_overwrites_nothing(tmp_path):
    (tmp_path / "events.csv").write_text("mine")
    with pytest.raises(CommandError) as caught:
        call_command("practice_template", str(tmp_path))
    assert (caught.value.returncode, (tmp_path / "events.csv").read_text()) == (2, "mine")
    assert len(list(tmp_path.iterdir())) == 1


def test_sample_has_every_file_and_column():
    assert {file.name for file in SAMPLE.iterdir()} == NAMES
    for sheet in SHEETS:
        with (SAMPLE / sheet.name).open() as file:
            assert next(csv.reader(file)) == sheet.header


def test_every_file_is_explained_in_the_readme():
    assert set(template_files()) == {*NAMES, "README.md"}
    assert all(name in template_files()["README.md"] for name in NAMES)


def test_every_choice_is_named_where_it_is_asked_for():
    asked = [column for sheet in SHEETS for column in sheet.columns if column.form == Form.CHOICE]
    assert all(choice in column.expected for column in asked for choice in column.choices)


def test_admins_and_owners_download_it(worlds, db):
    north, _ = worlds
    answer = north.browser("adam").get(f"/c/{north.slug}/settings/import/template.zip")

    assert answer["Content-Disposition"] == 'attachment; filename="practice-template.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        packed = {name.removeprefix("practice/"): archive.read(name).decode() for name in archive.namelist()}
    assert packed == template_files()


def test_page_explains_every_column(worlds, db):
    north, _ = worlds
    page = north.browser("olga").get(f"/c/{north.slug}/settings/import/").content.decode()

    assert all(name in page for name in NAMES)
    assert all(column.name in page for sheet in SHEETS for column in sheet.columns)
