"""A stateful exchange on the loopback interface that speaks the venues' dialects; for tests and the demo only.

Open it with ``server.Server``.
"""
