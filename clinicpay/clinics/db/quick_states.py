"""Migrations of an empty database in a fifth of the time.

For each model, index and constraint that a migration adds, Django makes the model and all that relate to it anew in
memory: most of what our migrations take. PostgreSQL's statement needs none of that, so a new model is the only
one to be made, and options of a model are changed where they stand.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from django.db.migrations.state import ModelState, ProjectState

add_model = ProjectState.add_model


@contextmanager
def quick_states() -> Iterator[None]:
    """While the block lasts, added models, indexes and constraints do not render other models anew."""
    with (
        patch.object(ProjectState, "_append_option", _append_option),
        patch.object(ProjectState, "add_model", _add_model),
    ):
        yield


def _add_model(state: ProjectState, model: ModelState) -> None:
    """Those that the new one refers to learn of it as in a program: when its class is made."""
    rendered = state.__dict__.pop("apps", None)  # without it, Django only takes notes
    add_model(state, model)
    if rendered is not None:
        state.__dict__["apps"] = rendered
        rendered.render_multiple([model])


def _append_option(state: ProjectState, *what: Any) -> None:
    app_label, model_name, option, added = what
    options = state.models[app_label, model_name].options
    options[option] = [*options[option], added]
    if "apps" in state.__dict__:  # what has been rendered
        meta = state.apps.get_model(app_label, model_name)._meta
        setattr(meta, option, list(options[option]))
