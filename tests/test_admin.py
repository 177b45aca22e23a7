"""The back office: every list opens, at a fixed number of queries."""

import pytest
from django.contrib import admin
from django.urls import reverse

from tests import make

REGISTERED = sorted(admin.site._registry, key=lambda model: model._meta.label)


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_opens_the_list_and_the_first_row_of(model, browser, experiment):
    make.candidate(
        experiment, metrics={"acc": 1.0}, params={"lr": "1"}, tags={"a": "b"}
    )
    meta = model._meta

    answer = browser.get(
        reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    )

    assert answer.status_code == 200
    if row := model._default_manager.first():
        page = reverse(
            f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk]
        )
        assert browser.get(page).status_code == 200


@pytest.mark.parametrize("rows", [3, 30])
def test_costs_the_same_for_three_candidates_or_thirty(
    browser, experiment, rows, django_assert_max_num_queries
):
    make.candidates(experiment, rows)
    browser.get("/admin/")  # the local owner is known from here on

    # count, count of the whole, rows
    with django_assert_max_num_queries(3):
        browser.get("/admin/tracker/candidate/")


def test_lets_nobody_change_what_a_script_reported(browser, experiment):
    candidate = make.candidate(experiment, params={"lr": "1"})
    page = reverse("admin:tracker_param_change", args=[candidate.params.get().pk])

    assert browser.post(page, {"value": "2"}).status_code == 403
    assert candidate.params.get().value == "1"
