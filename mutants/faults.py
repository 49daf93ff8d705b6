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
ORDERS = "tests/unit/test_heed_orders.py"
MEANWHILE = "tests/integration/database/test_changed_meanwhile.py"
SWITCHED_OFF = f"{SCENARIOS}/test_switched_off.py"
LEASES = f"{SCENARIOS}/test_leases.py"
NEARER = "tests/unit/test_nearer.py"


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
        "an order typed before a change is not heard",
        f"{EVALUATE}/heed_orders.py",
        "    if revision == ctx.app.revision:\n",
        "    if revision:\n",
        ORDERS,
    ),
    Fault(
        "an app that was removed is scaled",
        f"{EVALUATE}/heed_orders.py",
        "    if revision == ctx.app.revision:\n",
        "    if revision in (None, ctx.app.revision):\n",
        ORDERS,
    ),
    Fault(
        "dynos are removed though the database cannot be asked",
        f"{EVALUATE}/heed_orders.py",
        "if decision.is_to_be_made and not decision.is_up:",
        "if decision.is_to_be_made and not decision.changes:",
        ORDERS,
    ),
    Fault(
        "an order is heard, and the change left to the next evaluation",
        f"{EVALUATE}/poll_and_scale.py",
        "        if done.is_outdated:\n",
        "        if done.is_outdated and not done.memory:\n",
        ORDERS,
    ),
    Fault(
        "a command overwrites what another one has changed meanwhile",
        "scalar/adapters/sql/registry.py",
        "        row &= (AppRow.id == read.id) & (AppRow.revision == read.revision)\n",
        "        row &= AppRow.id == read.id\n",
        MEANWHILE,
    ),
    Fault(
        "an app registered anew is taken for the one that was read",
        "scalar/adapters/sql/registry.py",
        "        row &= (AppRow.id == read.id) & (AppRow.revision == read.revision)\n",
        "        row &= AppRow.revision == read.revision\n",
        MEANWHILE,
    ),
    Fault(
        "set-policy and pause-app write whatever row is there",
        "scalar/service/policies.py",
        "set_policy(name, process_type, values, read=app.key)",
        "set_policy(name, process_type, values)",
        MEANWHILE,
    ),
    Fault(
        "apply writes whatever row is there",
        "scalar/service/fleet.py",
        "registry.set_policy(name, process_type, values, read=rows[name])",
        "registry.set_policy(name, process_type, values)",
        MEANWHILE,
    ),
    Fault(
        "move-app and set-heroku-key undo each other",
        "scalar/service/unless_changed.py",
        "if _identity(readable(parts, name)) != _identity(before):",
        "if before is None:",
        MEANWHILE,
    ),
    Fault(
        "a 0 by hand is started again",
        f"{DECISION}/protect.py",
        "off = observed.quantity == 0 and is_off(policy, observed.past)",
        "off = False",
        SWITCHED_OFF,
    ),
    Fault(
        "our own 0 is taken for a person's",
        f"{DECISION}/formation_changes.py",
        "ours = event.kind is EventKind.SCALED and event.to_quantity == 0",
        "ours = False",
        SWITCHED_OFF,
    ),
    Fault(
        "a fallback starts what a person has set to 0",
        f"{DECISION}/stages.py",
        "    stay_off,\n    pause,\n)",
        "    pause,\n)",
        SWITCHED_OFF,
    ),
    Fault(
        "the journal is not asked who set a process type to 0",
        f"{EVALUATE}/recall.py",
        "return replace(seen, memory=note_stopped(memory, in_order))",
        "return replace(seen, memory=memory)",
        SWITCHED_OFF,
    ),
    Fault(
        "an app in maintenance mode is scaled",
        f"{EVALUATE}/maintenance.py",
        "return _held(seen) if found.maintenance else seen",
        "return seen",
        SWITCHED_OFF,
    ),
    Fault(
        "a fallback adds dynos in maintenance mode",
        f"{EVALUATE}/maintenance.py",
        "return starts or decision.trail[0].reason is Reason.FALLBACK",
        "return starts",
        SWITCHED_OFF,
    ),
    Fault(
        "dynos are started though Heroku cannot be asked for the mode",
        f"{EVALUATE}/maintenance.py",
        "if decision.process_type not in asking:",
        "if decision.process_type:",
        SWITCHED_OFF,
    ),
    Fault(
        "Heroku is asked for the mode at each poll of a maintenance",
        f"{EVALUATE}/maintenance.py",
        "at = ctx.now() if found.maintenance else None",
        "at = None",
        SWITCHED_OFF,
    ),
    Fault(
        "a deploy begins a lease",
        f"{EVALUATE}/settle_leases.py",
        "    if by_deploy:\n",
        "    if by_deploy and made is None:\n",
        LEASES,
    ),
    Fault(
        "when Heroku says that a change was made is not looked at",
        f"{EVALUATE}/settle_leases.py",
        "made = past.made_by_hand_at or past.changed_by_hand_at",
        "made = past.changed_by_hand_at",
        LEASES,
    ),
    Fault(
        "the last release is asked for at each poll of a lease",
        f"{EVALUATE}/settle_leases.py",
        "return replace(past, lease_is_sure=True)",
        "return past",
        LEASES,
    ),
    Fault(
        "resume-app ends no lease",
        "scalar/service/policies.py",
        "    ended = {} if up != down else _leases(parts, app, process_type)\n",
        "    ended = {}\n",
        LEASES,
    ),
    Fault(
        "status tells of no lease",
        f"{EVALUATE}/record.py",
        "return max(ends, default=None)",
        "return None",
        LEASES,
    ),
    Fault(
        "a value of the environment freezes an app",
        "scalar/core/policy/resolve.py",
        "            nearer.settle()\n",
        "",
        NEARER,
    ),
    Fault(
        "of two values that contradict each other the farther one wins",
        "scalar/core/policy/nearer.py",
        "return one if ranks[one] < ranks[other] else other",
        "return one if ranks[one] > ranks[other] else other",
        NEARER,
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
)
