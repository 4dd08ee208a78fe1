"""Migrations that don't render models anew know the same as those that do."""

from django.db import models
from django.db.migrations import AddConstraint, AddIndex
from django.db.migrations.state import ModelState, ProjectState

from clinicpay.clinics.db.quick_states import quick_states


def _state() -> ProjectState:
    state = ProjectState()
    state.add_model(
        ModelState("places", "Place", [("id", models.AutoField(primary_key=True)), ("beds", models.IntegerField())])
    )
    assert state.apps  # rendered, as the executor does before the first migration
    for operation in (
        AddConstraint("place", models.CheckConstraint(name="place_has_beds", condition=models.Q(beds__gt=0))),
        AddIndex("place", models.Index(fields=["beds"], name="place_by_beds")),
    ):
        operation.state_forwards("places", state)
    return state


def _facts(state: ProjectState) -> list[object]:
    meta = state.apps.get_model("places", "place")._meta
    kept = state.models["places", "place"].options
    return [*meta.constraints, *meta.indexes, *kept["constraints"], *kept["indexes"]]


def test_constraints_and_indexes_are_known_as_if_rendered():
    slow = _state()
    with quick_states():
        quick = _state()

    assert len(_facts(quick)) == 4
    assert _facts(quick) == _facts(slow)


def test_models_are_not_rendered_anew():
    state = ProjectState()
    state.add_model(ModelState("places", "Place", [("id", models.AutoField(primary_key=True))]))
    before = state.apps.get_model("places", "place")

    with quick_states():
        AddIndex("place", models.Index(fields=["id"], name="place_by_id")).state_forwards("places", state)

    assert state.apps.get_model("places", "place") is before


def _state_of_two() -> ProjectState:
    state = ProjectState()
    state.add_model(ModelState("places", "Place", [("id", models.AutoField(primary_key=True))]))
    assert state.apps
    place = models.ForeignKey("places.Place", models.CASCADE, related_name="beds")
    state.add_model(ModelState("places", "Bed", [("id", models.AutoField(primary_key=True)), ("place", place)]))
    return state


def _relations(state: ProjectState) -> list[tuple[str, str]]:
    place, bed = (state.apps.get_model("places", name) for name in ("place", "bed"))
    assert bed._meta.get_field("place").remote_field.model is place
    found = [(one.name, one.related_model.__name__, one.related_model) for one in place._meta.related_objects]
    assert [model for *_, model in found] == [bed]
    return [(name, model) for name, model, _ in found]


def test_new_model_is_known_to_those_it_refers_to_as_if_all_were_rendered():
    slow = _relations(_state_of_two())
    with quick_states():
        quick = _relations(_state_of_two())

    assert quick == slow == [("beds", "Bed")]
