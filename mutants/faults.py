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
STALE = "tests/unit/test_stale_formation.py"
EVENTS = "tests/unit/test_events.py"
GONE = "tests/unit/test_gone_apps.py"
SHOWN = "tests/unit/test_shown_secrets.py"
REDIS = "scalar/adapters/redis"
COORDINATOR = "tests/integration/test_coordinator.py"
HTTP_SECRETS = "tests/integration/test_http_secrets.py"
ORDERS = "tests/unit/test_heed_orders.py"
MEANWHILE = "tests/integration/database/test_changed_meanwhile.py"
SWITCHED_OFF = f"{SCENARIOS}/test_switched_off.py"
LEASES = f"{SCENARIOS}/test_leases.py"
NEARER = "tests/unit/test_nearer.py"
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
        "        if name not in ours\n",
        "        if name\n",
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
        "if unknown and not _acts_without_counts(ctx, memory, readings):",
        "if unknown and not memory.reported:",
        EVALUATING,
    ),
    Fault(
        "the formation is never read again",
        f"{EVALUATE}/platform_calls.py",
        "return not 0 <= _age(ctx, memory) < longest",
        "return False",
        EVALUATING,
    ),
    Fault(
        "a refused app is asked for at every poll",
        f"{EVALUATE}/platform_calls.py",
        "memory = replace(memory, refusal=refuse(ctx, refusal, cause))",
        "memory = memory",
        EVALUATING,
    ),
    Fault(
        "a refusal outlives a change of the app's row",
        f"{EVALUATE}/platform_calls.py",
        "if refusal is None or refusal.revision != app.revision:",
        "if refusal is None:",
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
        "unwritten events are cut to 1",
        "scalar/ports/outbox.py",
        "MOST_WAITING = 10_000",
        "MOST_WAITING = 1",
        EVENTS,
    ),
    Fault(
        "events are dropped with a lost lease",
        "scalar/adapters/inmemory/coordination.py",
        "backlog = self.outbox.add(events)",
        "backlog = self.outbox.add(events if self._holder(lease.app_id) else ())",
        EVENTS,
    ),
    Fault(
        "events that the journal did not take are taken out of the outbox",
        "scalar/service/write_events.py",
        "        return False\n    try:",
        "    try:",
        EVENTS,
    ),
    Fault(
        "an evaluation's events are lost with Redis while others wait",
        "scalar/service/write_events.py",
        "            _write(parts, events)  # Redis may come back empty\n",
        "",
        EVENTS,
    ),
    Fault(
        "events that wait are never written",
        "scalar/service/fan_out.py",
        "    write_waiting(parts)\n",
        "",
        EVENTS,
    ),
    Fault(
        "a change that is confirmed later has another id",
        f"{EVALUATE}/act.py",
        "id=event_id(ctx.token, decision.process_type),",
        "id=event_id(ctx.parts.chance.token(), decision.process_type),",
        EVENTS,
    ),
    Fault(
        "two evaluations give the same hold two ids",
        f"{EVALUATE}/record.py",
        "base = (holds[name].since,)",
        "pass",
        EVENTS,
    ),
    Fault(
        "the journal records an id twice",
        "scalar/adapters/inmemory/sql.py",
        "if event.id not in known:",
        "if event.id != known:",
        EVENTS,
    ),
    Fault(
        "`forget` leaves an app's changes waiting",
        "scalar/adapters/inmemory/coordination.py",
        "*(self._polled, self._resting, self._stuck),",
        "*(self._polled, self._resting),",
        GONE,
    ),
    Fault(
        "`forget` leaves an app's changes waiting in Redis",
        f"{REDIS}/redis_keys.py",
        "TIMED_MARKS = (POLLED, RESTING_UNTIL, STUCK, LEASED_UNTIL)",
        "TIMED_MARKS = (POLLED, RESTING_UNTIL, LEASED_UNTIL)",
        COORDINATOR,
    ),
    Fault(
        "events are dropped with a lost lease in Redis",
        f"{REDIS}/scripts.py",
        "local backlog = append(KEYS[7], KEYS[8], tonumber(ARGV[8]), 10)",
        "local backlog = {0, 0}\nif holder == ARGV[1] then\n"
        "backlog = append(KEYS[7], KEYS[8], tonumber(ARGV[8]), 10)\nend",
        "tests/integration/test_outbox.py",
    ),
    Fault(
        "a memory is kept for a minute only",
        f"{REDIS}/coordinator.py",
        "MEMORY_SECONDS = 7 * 86_400",
        "MEMORY_SECONDS = 60",
        COORDINATOR,
    ),
    Fault(
        "a keeper never drops a lease",
        f"{REDIS}/lease_keeper.py",
        "self._held.pop(redis_key, None)",
        "self._held.get(redis_key)",
        COORDINATOR,
    ),
    Fault(
        "an evaluation has no deadline",
        "scalar/tasks.py",
        "with within(EVALUATION_SECONDS):",
        "with within(10_000):",
        "tests/unit/test_tasks_and_celeryconfig.py",
    ),
    Fault(
        "a reservation lasts 5 % of a period",
        "scalar/service/fan_out.py",
        "RESERVED_PART = 0.9",
        "RESERVED_PART = 0.05",
        "tests/unit/test_fan_out.py",
    ),
    Fault(
        "the Authorization header is logged at each poll",
        "scalar/adapters/http/counts.py",
        "            with self._send(",
        '            __import__("logging").getLogger("scalar").debug(trusted)\n'
        "            with self._send(",
        HTTP_SECRETS,
    ),
    Fault(
        "an answer is read without bound, then measured",
        "scalar/adapters/http/counts.py",
        "response.read(self._max_bytes + 1, decode_content=True)",
        "response.read(decode_content=True)",
        HTTP_SECRETS,
    ),
    Fault(
        "a redirect from https to http is followed",
        "scalar/adapters/http/counts.py",
        'if urlsplit(url).scheme == "https" and parts.scheme == "http":',
        'if urlsplit(url).scheme == "https" and parts.scheme == "":',
        "tests/integration/test_http_counts.py",
    ),
    Fault(
        "an app's secret in its own reason is shown",
        "scalar/adapters/http/counts.py",
        "return without_secrets(readings, address)",
        "return without_secrets(readings, address) and readings",
        HTTP_SECRETS,
    ),
    Fault(
        "an app's secret in an error is shown",
        "scalar/adapters/http/counts.py",
        "type(problem)(address.redact(str(problem)))",
        "type(problem)(str(problem))",
        HTTP_SECRETS,
    ),
    Fault(
        "a percent-encoded secret is shown",
        "scalar/core/secret.py",
        'either = [re.escape(char), f"(?i:{encoded})"]',
        "either = [re.escape(char)]",
        "tests/unit/test_secret.py",
    ),
    Fault(
        "the journal keeps a URL that the log redacts",
        f"{EVALUATE}/record.py",
        "detail=ctx.redact(cause.detail)",
        "detail=cause.detail",
        SHOWN,
    ),
    Fault(
        "a traceback shows an app's secret",
        f"{EVALUATE}/poll_and_scale.py",
        'log.exception(line, extra={"redact": ctx.redact})',
        "log.exception(line)",
        SHOWN,
    ),
    Fault(
        "a setting's secret is logged",
        "scalar/logs.py",
        "    return _redactor.redact(text)",
        "    return text",
        SHOWN,
    ),
    Fault(
        "a Heroku key that Heroku echoes is shown",
        "scalar/adapters/heroku/errors.py",
        "    message = redactor.redact(",
        "    message = str(",
        SHOWN,
    ),
    Fault(
        "a removed app that Redis still has is never forgotten",
        "scalar/service/fan_out.py",
        "found[0].id != app_id:",
        "found[0].id == 0:",
        GONE,
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
        "a change is asked for before it is stored that it is in doubt",
        f"{EVALUATE}/act.py",
        """        if not ctx.parts.states.store(lease, in_doubt(ctx, seen)):
            why = Cause(Reason.LEASE_LOST, "another evaluation has taken over")
            raise CallDenied(why)
        _check_age(ctx, seen)
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
        f"{DECISION}/formation_changes.py",
        "for event in (*recorded, *memory.unconfirmed)",
        "for event in recorded",
        STALE,
    ),
    Fault(
        "an order typed before a change is not heard",
        f"{EVALUATE}/heed_orders.py",
        "    if revision == ctx.app.revision or _is_our_own(ctx, revision):\n",
        "    if revision:\n",
        ORDERS,
    ),
    Fault(
        "an app that was removed is scaled",
        f"{EVALUATE}/heed_orders.py",
        "    if revision == ctx.app.revision or _is_our_own(ctx, revision):\n",
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
        "        if done.is_outdated and not done.scaled:\n",
        "        if done.is_outdated and done.memory is None:\n",
        ORDERS,
    ),
    Fault(
        "a command overwrites what another one has changed meanwhile",
        "scalar/adapters/sql/registry.py",
        "if is_other or not _bump_revision(connection, app_id, revision):",
        "if is_other or not _bump_revision(connection, app_id):",
        MEANWHILE,
    ),
    Fault(
        "an app registered anew is taken for the one that was read",
        "scalar/adapters/sql/registry.py",
        "is_other = read is not None and read.id != app_id",
        "is_other = False",
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
        "*(respect_manual_change, stay_off, pause),",
        "*(respect_manual_change, pause),",
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
        "return starts or decision.count is None",
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
        "what an evaluation records is not handed on",
        f"{EVALUATE}/poll_and_scale.py",
        "        after, events = record(ctx, memory, done)\n",
        "        record(ctx, memory, done)\n",
        EVENTS,
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
        "a change is carried out by a formation of long ago",
        f"{DECISION}/decide.py",
        "return replace(decision, rests_on_formation=rests)",
        "return decision",
        STALE,
    ),
    Fault(
        "an up on an unknown count is carried out by a formation of long ago",
        f"{DECISION}/decide.py",
        "return replace(most, rests_on_formation=True)",
        "return most",
        STALE,
    ),
    Fault(
        "a doubtful memory is believed",
        f"{EVALUATE}/platform_calls.py",
        "if memory.read_at is None or memory.doubtful or memory.unconfirmed:",
        "if memory.read_at is None:",
        STALE,
    ),
    Fault(
        "a PATCH without an answer counts as not made after the first read",
        "scalar/core/app_state.py",
        "return any(at - event.at < IN_DOUBT_FOR for event in self.unconfirmed)",
        "return False",
        STALE,
    ),
    Fault(
        "another Redis server is not noticed",
        "scalar/adapters/redis/memory_json.py",
        'is_other = bool(server) and data.get("server") != server',
        "is_other = False",
        "tests/integration/test_coordinator.py",
    ),
    Fault(
        "a process type that was added waits for the next read",
        f"{EVALUATE}/platform_calls.py",
        "        longest = min(longest, LOOK_AGAIN)\n",
        "        pass\n",
        STALE,
    ),
    Fault(
        "what one read leaves out is forgotten",
        f"{DECISION}/formation_changes.py",
        "absent=_absent(memory, formation, at),",
        "absent={},",
        STALE,
    ),
    Fault(
        "one refused process type holds the others",
        f"{EVALUATE}/act.py",
        "if isinstance(done, NotDone) and _may_concern_one(done):",
        "if isinstance(done, NotDone) and done is None:",
        STALE,
    ),
    Fault(
        "dynos are removed by counts of long ago",
        f"{EVALUATE}/act.py",
        "        _check_age(ctx, seen)\n",
        "",
        STALE,
    ),
    Fault(
        "the first known count removes dynos",
        f"{DECISION}/protect.py",
        "stays = quantity < observed.quantity and left > NONE",
        "stays = False",
        STALE,
    ),
    Fault(
        "the fewest dynos wait for the count",
        f"{DECISION}/decide.py",
        "    trail = run(FOR_UNKNOWN, policy, observed, (first,))\n",
        "    trail = (first,)\n",
        SCENARIOS,
    ),
    Fault(
        "a span that begins in the future is over",
        f"{DECISION}/spans.py",
        "return max(span - max(at - since, NONE), NONE)",
        "return NONE if at < since else max(span - (at - since), NONE)",
        DECIDING,
    ),
    Fault(
        "a clock ahead makes a span last as long as it is ahead",
        f"{EVALUATE}/poll_and_scale.py",
        "known = memory.not_after(lease.at)",
        "known = memory",
        f"{SCENARIOS} {SIMULATION}",
    ),
    Fault(
        "a partial answer of a PATCH counts as a fresh read",
        f"{EVALUATE}/act.py",
        "read_at=at if known.keys() <= answer.keys() else read_at,",
        "read_at=at,",
        EVALUATING,
    ),
    Fault(
        "a 0 beside an error is a count",
        "scalar/formats/rich.py",
        "if contradiction := _contradiction(data, count):",
        "if contradiction := None:",
        "tests/unit/test_answers.py",
    ),
    Fault(
        "a plain 0 beside an error is a count",
        "scalar/formats/plain.py",
        "if error := told_error(answer):",
        "if error := None:",
        "tests/unit/test_answers.py",
    ),
    Fault(
        "an answer from a cache is a count",
        "scalar/adapters/http/freshness.py",
        "if age is not None and age > self._period:",
        "if False:",
        "tests/unit/test_freshness.py",
    ),
    Fault(
        "a date that stands still is of now",
        "scalar/adapters/http/freshness.py",
        "if behind > max(self._period, SKEW):",
        "if False:",
        "tests/unit/test_freshness.py",
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
