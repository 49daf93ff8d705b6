"""What users of autoscalers complain about, walked through poll by poll.

The clock starts at noon UTC of Thursday 1 January 2026; a poll comes every 10 s
and one dyno carries 10, unless a test says otherwise.
"""
