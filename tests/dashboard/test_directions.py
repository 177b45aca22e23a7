"""Which way a metric gets better, guessed from its name."""

import pytest

from dashboard.directions import Used, direction, primary


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("val/acc", "max"), ("valAcc", "max"), ("acc_top5", "max"), ("map50", "max"),
        ("best_cv_score", "max"), ("accel", "none"), ("bitmap", "none"),
        ("val/loss", "min"), ("RMSE", "min"), ("latency_ms", "min"),
        ("cv_std_score", "none"), ("rank_test_score", "none"), ("loss_variance", "none"),
        ("lr", "none"), ("", "none"),
    ],
)  # fmt: skip
def test_guesses_the_direction_of(key, expected):
    assert direction(key) == expected


def test_takes_a_grid_search_by_its_score_and_not_by_its_spread():
    keys = ["cv_std_score", "rank_test_score", "cv_mean_score", "fit_time"]

    assert primary(Used(key, 21) for key in keys) == "cv_mean_score"
