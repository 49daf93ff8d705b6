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
        "healthy = [key for key in page if key.id not in standing]",
        "healthy = list(page)",
        "tests/unit/test_backoff.py",
    ),
    Fault(
        "a PostgreSQL that is gone without a word holds a thread for minutes",
        "scalar/adapters/sql/engine.py",
        "    waiting.install()\n",
        "",
        "tests/unit/test_engine.py",
    ),
    Fault(
        "a database elsewhere may be spoken to in plain text",
        "scalar/adapters/sql/engine.py",
        'return {} if all(map(_is_local, each)) else {"sslmode": "require"}',
        "return {}",
        "tests/unit/test_engine.py",
    ),
    Fault(
        "the sslmode of the URL is overridden",
        "scalar/adapters/sql/engine.py",
        'said = {"sslmode", "service"} & url.query.keys()',
        "said = set()",
        "tests/unit/test_engine.py",
    ),
    Fault(
        "each address of a name has the whole timeout",
        "scalar/adapters/http/connecting.py",
        "sock.settimeout(left / (len(addresses) - number))",
        "sock.settimeout(left)",
        "tests/integration/test_connecting.py",
    ),
    Fault(
        "a dead man's switch that drips holds a thread for ever",
        "scalar/adapters/http/ping.py",
        "within(LONGEST_PING),",
        "within(3_600),",
        "tests/integration/test_status.py",
    ),
    Fault(
        "an evaluation that hangs keeps its lease for ever",
        "scalar/adapters/redis/lease_keeper.py",
        "                del self._held[key]\n",
        "                pass\n",
        "tests/integration/test_coordinator.py",
    ),
    Fault(
        "a byte of a header that is a digit to Python raises",
        "scalar/core/whole_number.py",
        "return int(value) if _DIGITS.fullmatch(value) else None",
        "return int(value) if value.strip().isdigit() else None",
        "tests/unit/test_whole_number.py",
    ),
    Fault(
        "one memory that is no text fails the calls of all apps",
        "scalar/adapters/redis/connection.py",
        '        encoding_errors="backslashreplace",\n',
        "",
        "tests/integration/test_script_batcher.py",
    ),
    Fault(
        "a Redis that becomes read-only ends the workers",
        "scalar/worker/_transport.py",
        "connection_errors = (*redis.Transport.connection_errors, RedisError)",
        "connection_errors = redis.Transport.connection_errors",
        "tests/unit/test_refused.py",
    ),
    Fault(
        "a worker that Redis refuses connects anew without a pause",
        "scalar/worker/_transport.py",
        "self._pause = min(max(FIRST_PAUSE, 2 * self._pause), longest)",
        "self._pause = 0.0",
        "tests/unit/test_refused.py",
    ),
    Fault(
        "slow apps take all threads of a worker",
        "scalar/worker/_slow_lane.py",
        "            if not self._free:\n",
        "            if self._is_closed:\n",
        "tests/unit/test_slow_lane.py",
    ),
    Fault(
        "slow apps of later pages starve",
        "scalar/service/fan_out.py",
        "slow.sort(key=lambda one: -one[0])",
        "slow.sort(key=lambda one: one[1].id)",
        "tests/unit/test_fan_out.py",
    ),
    Fault(
        "health says well while an app is not polled",
        "scalar/core/health.py",
        "    well = age <= longest\n",
        "    well = True\n",
        "tests/unit/test_health.py",
    ),
    Fault(
        "an app that is gone counts as not polled for ever",
        "scalar/service/fan_out.py",
        "if app_id not in registered:",
        "if app_id in ():",
        "tests/unit/test_fan_out.py",
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
)
