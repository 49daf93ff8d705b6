"""One evaluation of one app: observe, decide, quiesce, act, record."""
