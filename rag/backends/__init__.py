"""The parts from outside: one vendor, one file. Vendor exceptions end here.

What vendors read of the environment is settled here, before any of them is imported: none calls home, and what stands
on this machine (Milvus Lite's own server, a model beside the bot) is never asked through a proxy.
"""

import os

NO_TELEMETRY = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
"""onnxruntime's, Hugging Face's, and what others have agreed on."""
GRPC_LOG = {"GRPC_VERBOSITY": "NONE", "GLOG_minloglevel": "3"}
"""gRPC writes past every log to standard error, into the midst of an answer; what it says reaches us as errors too."""
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _settle_environment() -> None:
    os.environ.update(NO_TELEMETRY)
    for name, value in GRPC_LOG.items():
        os.environ.setdefault(name, value)
    direct = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        hosts = [host for host in (os.environ.get(name) or direct).split(",") if host]
        os.environ[name] = ",".join([*hosts, *(host for host in LOOPBACK if host not in hosts)])


_settle_environment()
