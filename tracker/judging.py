"""How a project judges its metrics: what people confirmed where there was only a guess.

An experiment may judge some of them otherwise.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from tracker.errors import Invalid
from tracker.models import Experiment, MetricRules, Project
from tracker.transactions import atomically

DIRECTIONS = ("max", "min", "none")
AGGREGATES = ("last", "max", "min", "mean", "first")
DIGITS = 4  # significant ones, where nobody said otherwise
MAX_DIGITS = 10
MAX_UNIT_CHARS = 20
# They come along with every page of the project.
MAX_RULES = 500


class Rule(NamedTuple):
    direction: str
    unit: str = ""
    digits: int = DIGITS
    aggregate: str = ""  # what a column shows first; as the direction says where empty


def rules_of(project: Project) -> dict[str, Any]:
    kept = MetricRules.objects.filter(project=project).first()
    return kept.rules if kept else {}


def rules_in(experiment: Experiment) -> dict[str, Any]:
    """The project's rules, with the experiment's own over them."""
    return rules_of(experiment.project) | (experiment.metric_rules or {})


@atomically
def confirm_in(
    experiment: Experiment, rules: Mapping[str, Rule], *, forget: Iterable[str] = ()
) -> None:
    """Keep these rules for this experiment alone; what it forgets is the project's again."""
    for key, rule in rules.items():
        check(key, rule)
    kept = Experiment.objects.select_for_update(no_key=True).get(pk=experiment.pk)
    own = {k: v for k, v in (kept.metric_rules or {}).items() if k not in set(forget)}
    own |= {key: rule._asdict() for key, rule in rules.items()}
    if len(own) > MAX_RULES:
        raise Invalid(f"An experiment keeps rules for {MAX_RULES} metrics at most.")
    kept.metric_rules = experiment.metric_rules = own or None
    kept.save(update_fields=["metric_rules"])


@atomically
def confirm(
    project: Project, rules: Mapping[str, Rule], *, forget: Iterable[str] = ()
) -> None:
    """Keep these rules, beside those for metrics that are not named. Raises Invalid."""
    for key, rule in rules.items():
        check(key, rule)
    MetricRules.objects.get_or_create(project=project)
    kept = MetricRules.objects.select_for_update(no_key=True).get(project=project)
    for key in forget:
        kept.rules.pop(key, None)
    kept.rules |= {key: rule._asdict() for key, rule in rules.items()}
    if len(kept.rules) > MAX_RULES:
        raise Invalid(f"A project keeps rules for {MAX_RULES} metrics at most.")
    kept.save(update_fields=["rules"])


def check(key: str, rule: Rule) -> None:
    if not key or len(key) > 250 or "\0" in key:
        raise Invalid("This is no metric's name.")
    if rule.direction not in DIRECTIONS:
        raise Invalid(
            "A metric is better when it is higher, when it is lower, or neither."
        )
    if rule.aggregate and rule.aggregate not in AGGREGATES:
        raise Invalid(f"A column shows one of {', '.join(AGGREGATES)}.")
    if len(rule.unit) > MAX_UNIT_CHARS or "\0" in rule.unit:
        raise Invalid(f"A unit has at most {MAX_UNIT_CHARS} characters.")
    if not 1 <= rule.digits <= MAX_DIGITS:
        raise Invalid(f"Metrics are shown with 1 to {MAX_DIGITS} digits.")
