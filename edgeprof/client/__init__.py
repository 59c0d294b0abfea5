"""A hub's client in Python. `Hub` of `edgeprof` adds what a person does with one."""

from edgeprof.client.http_client import HubClient, HubError

__all__ = ["HubClient", "HubError"]
