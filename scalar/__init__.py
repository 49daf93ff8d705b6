"""Scale the process types of many Heroku apps by the counts they report.

The life of one evaluation: beat ticks (`celeryconfig.py`) -> `tasks.fan_out`
puts one message per app on the queue (`service/fan_out.py`) -> a worker runs
`tasks.poll_and_scale` (`service/poll_and_scale.py`): read the counts, decide
(`decision.py`), ask Heroku for what changes, record why.

To read first: `model.py`, `decision.py`, `service/poll_and_scale.py`.
"""
