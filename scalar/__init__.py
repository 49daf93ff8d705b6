"""Scale the process types of many Heroku apps by the counts they report.

The life of one evaluation: beat ticks (`celeryconfig.py`) -> `tasks.fan_out`
puts one message per app on the queue (`service/fan_out.py`) -> a worker runs
`tasks.poll_and_scale` (`service/evaluate/poll_and_scale.py`): read the counts,
decide (`core/decision/decide.py`), ask Heroku for what changes, record why.

To read first: `core/reading.py`, `core/decision/stages.py`,
`service/evaluate/poll_and_scale.py`.
"""

#: The one place that has it: `pyproject.toml` and `cli.py --version` read it here.
__version__ = "0.1.0"
