"""Isolation: one module per backend, behind the contract in `base`.

Both backends use `safety`, `volumes`, `cgroups`, `layers`, `processes` and
`oom`. Docker is in `docker` and its parts; bubblewrap in `bubblewrap` (the
backend), `bubblewrapped` (one sandbox), `nests` and `rootfs` (what sandboxes
are forked from), `nest` (what runs inside), `seccomp`, `limits` and `watch`.
Nothing here knows functions, accounts or the pool.
"""
