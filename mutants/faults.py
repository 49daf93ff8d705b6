"""The list of deliberate faults, each a replacement of one piece of code.

To add one: name the fault as a person would report it, copy the code that it breaks,
write the broken code, and name the tests that should notice it first.
"""

from __future__ import annotations

from dataclasses import dataclass

DECISION = "scalar/core/decision"
EVALUATE = "scalar/service/evaluate"
#: Tests that most faults of a folder are noticed by; all unit tests follow.
DECIDING = "tests/unit/test_decision.py tests/unit/test_stages.py"
EVALUATING = "tests/unit/test_poll_and_scale.py"
SIMULATION = "tests/unit/test_simulation.py"
SCENARIOS = "tests/unit/scenarios"
IDENTITY = "tests/unit/test_identity.py"
CIPHER = "tests/unit/test_secret_cipher.py"


@dataclass(frozen=True, slots=True)
class Fault:
    """One deliberate fault.

    Attributes:
        name: What goes wrong, in a few words.
        file: Where, from the root of the checkout.
        code: The right code; it stands in the file exactly once.
        broken: The wrong code.
        tests: Paths of the tests to run first, separated by spaces.
    """

    name: str
    file: str
    code: str
    broken: str
    tests: str


FAULTS: tuple[Fault, ...] = (
    Fault(
        "count / boundary is rounded down",
        f"{DECISION}/boundary.py",
        "return ceil(Fraction(count) / boundary)",
        "return int(Fraction(count) / boundary)",
        "tests/unit/test_boundary.py",
    ),
    Fault(
        "with boundary 0 the last dyno stays",
        f"{DECISION}/boundary.py",
        "return 1 if count > 0 else 0",
        "return 1",
        "tests/unit/test_boundary.py",
    ),
    Fault(
        "an unknown count is decided on as a known one",
        f"{DECISION}/decide.py",
        "if unknown is None:",
        "if unknown is None or True:",
        DECIDING,
    ),
    Fault(
        "a process type that the answer leaves out counts as 0",
        f"{DECISION}/decide.py",
        "reported = {**dict.fromkeys(expected, missing), **readings}",
        "reported = {**dict.fromkeys(expected, Reading(0)), **readings}",
        DECIDING,
    ),
    Fault(
        "the release phase is scaled",
        f"{DECISION}/decide.py",
        "if name in facts.rules.never_scaled:",
        "if name in ():",
        DECIDING,
    ),
    Fault(
        "a dry run is carried out",
        f"{DECISION}/decision.py",
        "return self.changes and not self.dry_run",
        "return self.changes",
        f"{EVALUATING} {SCENARIOS}",
    ),
    Fault(
        "max is ignored",
        f"{DECISION}/bounds.py",
        "if most is not None and quantity > most:",
        "if most is not None and quantity > most + 1:",
        DECIDING,
    ),
    Fault(
        "a schedule's max is ignored",
        f"{DECISION}/bounds.py",
        "most = window.max_dynos",
        "most = policy.max_dynos",
        DECIDING,
    ),
    Fault(
        "a learned limit removes dynos",
        f"{DECISION}/bounds.py",
        "min(quantity, max(most, current)),",
        "min(quantity, most),",
        DECIDING,
    ),
    Fault(
        "the last web dyno is removed",
        f"{DECISION}/bounds.py",
        "floor = min(observed.quantity, 1) if stays else 0",
        "floor = 0",
        DECIDING,
    ),
    Fault(
        "an empty window lets a scale down through at once",
        f"{DECISION}/damp.py",
        "now = Slice(observed.at, observed.at, observed.quantity, observed.quantity)",
        "now = Slice(observed.at, observed.at, 0, 0)",
        DECIDING,
    ),
    Fault(
        "a lost memory shortens a cooldown",
        f"{DECISION}/damp.py",
        "changes = (past.scaled_up_at, past.scaled_down_at, observed.since)",
        "changes = (past.scaled_up_at, past.scaled_down_at)",
        f"{DECIDING} {SCENARIOS}",
    ),
    Fault(
        "a step may add one dyno too many",
        f"{DECISION}/damp.py",
        "most = observed.quantity + policy.max_step_up",
        "most = observed.quantity + policy.max_step_up + 1",
        DECIDING,
    ),
    Fault(
        "as many dynos stay as are busy, not those that are",
        f"{DECISION}/protect.py",
        "highest = max((n for n in busy if n <= observed.quantity), default=0)",
        "highest = len(busy)",
        f"{DECIDING} tests/unit/test_beyond_the_count.py",
    ),
    Fault(
        "a pause of one direction stops the other",
        f"{DECISION}/protect.py",
        "end = policy.pause_up if up else policy.pause_down",
        "end = policy.pause_up or policy.pause_down",
        f"{DECIDING} {SCENARIOS}",
    ),
    Fault(
        "an unknown release counts as long ago",
        f"{DECISION}/protect.py",
        "if observed.released_at is None:",
        "if observed.released_at is None and not policy.release_grace:",
        f"{DECIDING} {SCENARIOS}",
    ),
    Fault(
        "our own change counts as a manual one",
        f"{DECISION}/formation_changes.py",
        "if name in before and name not in ours and",
        "if name in before and",
        f"{EVALUATING} {SCENARIOS}",
    ),
    Fault(
        "a failed poll is a count of 0",
        f"{EVALUATE}/observe.py",
        "return dict.fromkeys(named, Reading(Unknown(why.reason, why.detail)))",
        "return dict.fromkeys(named, Reading(0))",
        f"{EVALUATING} {SCENARIOS}",
    ),
    Fault(
        "a failed poll does not hold the app",
        f"{EVALUATE}/observe.py",
        "if unknown and not _falls_back(ctx, memory, readings):",
        "if unknown and not memory.reported:",
        EVALUATING,
    ),
    Fault(
        "the formation is never read again",
        f"{EVALUATE}/platform_calls.py",
        "return not 0 <= age < ctx.parts.options.formation_ttl * spread",
        "return False",
        EVALUATING,
    ),
    Fault(
        "a refused app is asked for at every poll",
        f"{EVALUATE}/platform_calls.py",
        "memory = _refused(ctx, memory, refusal, cause)",
        "memory = memory",
        EVALUATING,
    ),
    Fault(
        "a refusal outlives a change of the app's row",
        f"{EVALUATE}/platform_calls.py",
        "return refusal if refusal and refusal.revision == app.revision else None",
        "return refusal",
        "tests/unit/test_several_accounts.py",
    ),
    Fault(
        "dynos are scaled without the lease",
        f"{EVALUATE}/act.py",
        "if not ctx.parts.states.store(lease, in_doubt(ctx, seen)):",
        "if ctx.parts.states.store(lease, in_doubt(ctx, seen)) is None:",
        EVALUATING,
    ),
    Fault(
        "a PATCH without an answer is forgotten",
        f"{EVALUATE}/act.py",
        "if isinstance(failed.error, PlatformUnavailable):",
        "if failed.error is None:",
        EVALUATING,
    ),
    Fault(
        "dynos that were not quiesced are removed",
        f"{EVALUATE}/quiesce.py",
        "decisions=tuple(_at_least(d, fewest) for d in again.decisions),",
        "decisions=again.decisions,",
        "tests/unit/test_quiesce.py",
    ),
    Fault(
        "events that the journal did not take are dropped",
        f"{EVALUATE}/record.py",
        "return events[-MOST_UNWRITTEN:]",
        "return ()",
        EVALUATING,
    ),
    Fault(
        "a journal that is away ends the protection of manual changes",
        f"{EVALUATE}/recall.py",
        "return seen.held(Cause(Reason.JOURNAL_UNAVAILABLE, why))",
        "return replace(seen, memory=memory)",
        f"{EVALUATING} {SCENARIOS}",
    ),
    Fault(
        "a second tick of one period polls again",
        "scalar/service/fan_out.py",
        "if tick is None:",
        "if tick is ...:",
        "tests/unit/test_fan_out.py",
    ),
    Fault(
        "apps that back off are polled all the same",
        "scalar/service/fan_out.py",
        "awake = [key for key in page if key.id not in resting]",
        "awake = list(page)",
        "tests/unit/test_backoff.py",
    ),
    Fault(
        "a change is asked for before it is stored that it is in doubt",
        f"{EVALUATE}/act.py",
        """        if not ctx.parts.states.store(lease, in_doubt(ctx, seen)):
            why = Cause(Reason.LEASE_LOST, "another evaluation has taken over")
            raise CallDenied(why)
        return platform.scale(quantities, urgency)
""",
        """        answer = platform.scale(quantities, urgency)
        if not ctx.parts.states.store(lease, in_doubt(ctx, seen)):
            why = Cause(Reason.LEASE_LOST, "another evaluation has taken over")
            raise CallDenied(why)
        return answer
""",
        SIMULATION,
    ),
    Fault(
        "a change whose answer was lost is never confirmed",
        f"{EVALUATE}/platform_calls.py",
        "        for event in memory.unconfirmed\n",
        "        for event in ()\n",
        SIMULATION,
    ),
    Fault(
        "what waits for the journal is not remembered",
        f"{EVALUATE}/poll_and_scale.py",
        "        after = record(ctx, done)\n",
        "        record(ctx, done)\n",
        SIMULATION,
    ),
    Fault(
        "apps of the second page are not polled",
        "scalar/service/paging.py",
        "        page = apps.page(page[-1].id, PAGE)",
        "        return",
        SIMULATION,
    ),
    Fault(
        "a reservation outlives its lost message for long",
        "scalar/service/fan_out.py",
        "return period * RESERVED_PART",
        "return period * 500",
        SIMULATION,
    ),
    Fault(
        "an app that failed for a while rests fifty times as long",
        f"{EVALUATE}/observe.py",
        'return {"unanswered": unanswered, "rest": rest}',
        'return {"unanswered": unanswered, "rest": rest * 50}',
        SIMULATION,
    ),
    Fault(
        "an app is called by its name, not by its id",
        f"{EVALUATE}/identity.py",
        "self._platform = find(replace(app, platform_id=self.known_id))",
        'self._platform = find(replace(app, platform_id=""))',
        IDENTITY,
    ),
    Fault(
        "the answer of another app is believed",
        f"{EVALUATE}/identity.py",
        'if self.known_id not in ("", found.platform_id):',
        "if False:",
        IDENTITY,
    ),
    Fault(
        "an app that was created again counts as gone",
        f"{EVALUATE}/identity.py",
        "reason=Reason.APP_RECREATED",
        "reason=refused.reason",
        IDENTITY,
    ),
    Fault(
        "the memory of another app is believed",
        f"{EVALUATE}/identity.py",
        'if memory.platform_id and app.platform_id not in ("", memory.platform_id):',
        "if False:",
        IDENTITY,
    ),
    Fault(
        "counts that were read at an address of before are used",
        f"{EVALUATE}/identity.py",
        "if self.app.address != before:",
        "if False:",
        IDENTITY,
    ),
    Fault(
        "an app's own address stays after a rename",
        "scalar/core/own_address.py",
        "moved = replace(app.address, url=app.address.url.at(own))",
        "moved = app.address",
        IDENTITY,
    ),
    Fault(
        "a renamed app at its own address is never looked up",
        f"{EVALUATE}/identity.py",
        "if not _is_time_to_look(memory.unanswered) or memory.refusal:",
        "if True:",
        IDENTITY,
    ),
    Fault(
        "a message acts for an app that has another name",
        f"{EVALUATE}/poll_and_scale.py",
        "if app is None or key.name not in app.names:",
        "if app is None:",
        IDENTITY,
    ),
    Fault(
        "what is under way for a removed app goes on",
        "scalar/service/fleet.py",
        "        remove(parts, name)\n",
        "        parts.registry.remove(name)\n",
        "tests/unit/test_fleet.py",
    ),
    Fault(
        "a secret is not bound to its host",
        "scalar/adapters/sql/secret_cipher.py",
        "[PURPOSE, place.owner.context, place.column, place.origin]",
        "[PURPOSE, place.owner.context, place.column]",
        CIPHER,
    ),
    Fault(
        "a secret is not bound to its app",
        "scalar/adapters/sql/secret_cipher.py",
        "[PURPOSE, place.owner.context, place.column, place.origin]",
        "[PURPOSE, place.column, place.origin]",
        CIPHER,
    ),
    Fault(
        "a secret that is not bound is read all the same",
        "scalar/adapters/sql/secret_cipher.py",
        "if self._refuses_unbound and not is_bound:",
        "if False:",
        CIPHER,
    ),
)
