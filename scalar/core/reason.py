"""Reasons: the fixed vocabulary of every explanation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why a quantity is what it is; the fixed vocabulary of every explanation."""

    # stages of a decision, in their order
    RECOMMENDED = "recommended"
    DRAIN_TIME = "drain_time"
    NOT_ENOUGH_HISTORY = "not_enough_history"
    LATENCY = "latency"
    COUNT_AT_LEAST = "count_at_least"
    FALLBACK = "fallback"
    WITHIN_TOLERANCE = "within_tolerance"
    STRANDED = "stranded"
    WOKEN = "woken"
    JOBS_LEFT = "jobs_left"
    SCALE_UP_STABILIZED = "scale_up_stabilized"
    SCALE_DOWN_STABILIZED = "scale_down_stabilized"
    SCALE_UP_LIMITED = "scale_up_limited"
    SCALE_DOWN_LIMITED = "scale_down_limited"
    ETA_SOON = "eta_soon"
    TOO_FEW_DYNOS = "too_few_dynos"
    TOO_MANY_DYNOS = "too_many_dynos"
    WEB_KEPT = "web_kept"
    HEROKU_LIMIT = "heroku_limit"
    COOLDOWN_UP = "cooldown_up"
    COOLDOWN_DOWN = "cooldown_down"
    BUSY_DYNOS = "busy_dynos"
    BUSY_UNKNOWN = "busy_unknown"
    MANUAL_LEASE = "manual_lease"
    MANUAL_OFF = "manual_off"
    PAUSED = "paused"
    RELEASED_RECENTLY = "released_recently"
    COUNT_JUST_KNOWN = "count_just_known"
    # holds of one process type
    COUNT_NULL = "count_null"
    COUNT_INVALID = "count_invalid"
    COUNT_MISSING = "count_missing"
    LATENCY_UNKNOWN = "latency_unknown"
    NOT_IN_FORMATION = "not_in_formation"
    RELEASE_PHASE = "release_phase"
    POLICY_INVALID = "policy_invalid"
    REGISTRY_UNAVAILABLE = "registry_unavailable"
    # holds of a whole app
    SECRET_UNREADABLE = "secret_unreadable"  # noqa: S105 - a reason, not a secret
    COUNTS_UNAVAILABLE = "counts_unavailable"
    COUNTS_MALFORMED = "counts_malformed"
    NOT_AUTHORIZED = "not_authorized"
    FORBIDDEN = "forbidden"
    PAYMENT_REQUIRED = "payment_required"
    APP_NOT_ON_HEROKU = "app_not_on_heroku"
    APP_RECREATED = "app_recreated"
    ANOTHER_APP = "another_app"
    HEROKU_REFUSED = "heroku_refused"
    PLATFORM_UNKNOWN = "platform_unknown"
    HEROKU_UNAVAILABLE = "heroku_unavailable"
    RATE_LIMITED = "rate_limited"
    CALLS_LOW = "calls_low"
    LEASE_LOST = "lease_lost"
    ANSWER_TOO_OLD = "answer_too_old"
    JOURNAL_UNAVAILABLE = "journal_unavailable"
    APP_CHANGED = "app_changed"
    MAINTENANCE = "maintenance"
    INTERNAL_ERROR = "internal_error"
    # changes that are not ours
    CHANGED_ELSEWHERE = "changed_elsewhere"
    RENAMED = "renamed"
    ORDERED = "ordered"
    # the end of a hold
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is unknown, not allowed or not done.

    Attributes:
        reason: The word that logs, events and programs use.
        detail: Details for people, in a sentence.
    """

    reason: Reason
    detail: str = ""
