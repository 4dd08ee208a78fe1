"""Forms of documents and notes."""

from collections.abc import Iterator
from typing import Any

from django import forms

from balances.requests import Once
from clinicpay.ui.forms import ClinicForm, RequestKeyField
from clinicpay.ui.uploads import ACCEPT, MOST, BadFile, Checked, checked, clean_name
from payments.models.files import LONGEST_NOTE
from payments.states import Paper

AT_ONCE = 20
"""Files of one upload."""


class Files(forms.ClearableFileInput):
    """A field for several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files; each is judged by itself, where it is kept."""

    widget = Files

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [one for one in data or [] if one]


class DocumentsForm(ClinicForm):
    """Files to attach, all of one kind: those that are fine are kept, the others named with what is wrong with them."""

    what = forms.ChoiceField(label="What it is", choices=Paper, initial=Paper.OTHER, required=False)
    file = FilesField(label="Files", required=False)
    most = MOST

    def __init__(self, *args: Any, too_large: list[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        self.too_large = too_large
        self.fields["file"].widget.attrs |= {"accept": ACCEPT, "class": "form-control"}

    def clean(self) -> dict[str, Any]:
        """Something was chosen, and not a whole cupboard."""
        cleaned = super().clean() or self.cleaned_data
        files = cleaned.get("file") or []
        if not files and not self.too_large:
            raise forms.ValidationError("Choose a file first.")
        if len(files) > AT_ONCE:
            raise forms.ValidationError(f"Attach at most {AT_ONCE} files at once.")
        return cleaned

    def clean_what(self) -> Paper:
        """What nobody said is Other."""
        return Paper(self.cleaned_data["what"] or Paper.OTHER)

    def judged(self) -> Iterator[tuple[str, Checked | str]]:
        """Each file's name with the file itself, or with what is wrong with it."""
        for name, words in self.too_large:
            yield clean_name(name), words
        for file in self.cleaned_data["file"]:
            try:
                yield clean_name(file.name), checked(file.name, file.read())
            except BadFile as bad:
                yield clean_name(file.name), str(bad)


class RemoveForm(ClinicForm):
    """Why a document goes."""

    reason = forms.CharField(label="Reason", max_length=500)


class NoteForm(ClinicForm):
    """A finance note."""

    text = forms.CharField(
        label="Note", max_length=LONGEST_NOTE, widget=forms.Textarea(attrs={"rows": 2, "maxlength": LONGEST_NOTE})
    )
    request_key = RequestKeyField()

    def once(self, subject: str) -> Once:
        """The one-time key of this note."""
        return Once.of(self.cleaned_data["request_key"], subject=subject, text=self.cleaned_data["text"])
