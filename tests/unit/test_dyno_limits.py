"""What a refusal says about how many dynos there may be."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scalar.core.decision.dyno_limits import learn_limits
from scalar.core.formation import ProcessType
from scalar.core.policy.policy import Policy
from tests.unit.deciding import decided


def asked(current, count):
    """Decide one dyno per job."""
    return {
        name: decided(Policy(boundary=1), count[name], current[name], name=name)
        for name in count
    }


def learn(limit, current, count, *, per_process_type, message="", size="Standard-1X"):
    formation = {name: ProcessType(number, size) for name, number in current.items()}
    return learn_limits(
        limit,
        per_process_type=per_process_type,
        message=message,
        formation=formation,
        decisions=list(asked(current, count).values()),
    )


def test_a_limit_per_process_type_is_the_limit_of_each_that_grows():
    current, count = {"a": 1, "b": 0, "c": 9}, {"a": 20, "b": 30, "c": 0}

    assert learn(10, current, count, per_process_type=True) == {"a": 10, "b": 10}


def test_a_limit_of_all_together_is_shared():
    """100 allowed, 20 run untouched: 80 for two that want 100 each."""
    current, count = {"idle": 20, "a": 0, "b": 0}, {"a": 100, "b": 100}

    assert learn(100, current, count, per_process_type=False) == {"a": 40, "b": 40}


def test_a_small_need_is_met_before_a_large_one_is_cut():
    current, count = {"a": 0, "b": 0}, {"a": 3, "b": 100}

    assert learn(10, current, count, per_process_type=False) == {"a": 3, "b": 7}


def test_dynos_that_are_given_up_make_room():
    current, count = {"a": 0, "b": 8}, {"a": 10, "b": 0}

    assert learn(10, current, count, per_process_type=False) == {"a": 10}


def test_only_the_size_that_the_message_names_is_concerned():
    formation = {
        "slim": ProcessType(1, "Standard-1X"),
        "fat": ProcessType(1, "Performance-L"),
    }
    decisions = list(asked({"slim": 1, "fat": 1}, {"slim": 50, "fat": 50}).values())

    learned = learn_limits(
        10,
        per_process_type=True,
        message="Cannot update to more than 10 Performance size dynos",
        formation=formation,
        decisions=decisions,
    )
    assert learned == {"fat": 10}


names = st.sampled_from(["a", "b", "c", "d"])


@given(
    st.dictionaries(names, st.integers(0, 60), min_size=1),
    st.dictionaries(names, st.integers(0, 10**6)),
    st.integers(0, 100),
)
def test_what_is_learned_keeps_within_the_limit_and_takes_nothing_away(
    current, count, limit
):
    count = {name: number for name, number in count.items() if name in current}
    decisions = asked(current, count)
    learned = learn(limit, current, count, per_process_type=False)

    rising = {name for name, d in decisions.items() if d.is_up}
    assert learned.keys() == rising
    assert all(learned[name] >= current[name] for name in rising)
    after = {name: decisions[name].desired for name in decisions} | learned
    total = sum(after.get(name, current[name]) for name in current)
    assert total <= max(
        limit, sum(min(after.get(n, current[n]), current[n]) for n in current)
    )
