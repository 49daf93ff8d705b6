"""Celery's settings and the beat schedule; the values come from `scalar.settings`."""

from celery.schedules import schedule

from scalar.adapters.redis.connection import PREFIX, tls_options
from scalar.start import settings_or_exit
from scalar.worker import LONG_AGO, LONGEST_PAUSE, SCHEDULER, TASK_POOL, uptime_now

_settings = settings_or_exit()

broker_url = _settings.redis_url.reveal()
broker_use_ssl = tls_options(broker_url, _settings.redis_ca_file) or False
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
# A broadcast (`inspect`, `doctor`) needs two at once; with one it would hang.
broker_pool_limit = 2
broker_transport_options = {
    # A late evaluation is useless: the next tick is the retry. So messages are not kept
    # until acknowledged (at most once), which saves two thirds of the work.
    "ack_emulation": False,
    "global_keyprefix": f"{PREFIX}celery:",
    "client_name": "scalar-celery",
    "health_check_interval": 25,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "socket_timeout": 10,
    # Seconds between two connections to a Redis that refuses commands.
    "longest_pause": float(min(_settings.sleep_period, LONGEST_PAUSE)),
}

task_ignore_result = True
task_store_errors_even_if_ignored = False
result_backend = None
task_serializer = "json"
accept_content = ["json"]
task_default_queue = "poll"
task_routes = {"scalar.fan_out": {"queue": "tick"}}
task_acks_late = False

worker_concurrency = _settings.worker_concurrency
worker_pool = TASK_POOL
worker_prefetch_multiplier = 1
# Celery restores the count as its event loop acknowledges; our requests bypass that.
worker_enable_prefetch_count_reduction = False
worker_send_task_events = False
# None of our tasks is acknowledged late; unset, it warns at each lost connection.
worker_cancel_long_running_tasks_on_connection_loss = True
worker_hijack_root_logger = False
worker_redirect_stdouts = False
task_send_sent_event = False

enable_utc = True
beat_schedule = {
    "fan-out": {
        "task": "scalar.fan_out",
        "schedule": schedule(_settings.sleep_period, nowfun=uptime_now),
        # Redis rejects the extra tick of a restart, and ticks that waited. They have no
        # time at which they expire: a worker's clock may be ahead of beat's.
        "last_run_at": LONG_AGO,
        "options": {"queue": "tick"},
    }
}
# The default one stores times in a file; uptimes mean nothing after a restart.
beat_scheduler = SCHEDULER
