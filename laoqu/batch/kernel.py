"""Warm kernels: a provisioner for `jupyter_client` that has them forked instead of started.

A kernel so started has its own process, session and memory, and begins where `laoqu.batch.fork`
stands after its imports: in hundredths of a second. papermill, nbclient, nbval and JupyterLab reach
it as the kernel ``laoqu-warm``. Where the system cannot fork, an ordinary kernel is started and
the log says so.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from importlib.metadata import EntryPoint
from pathlib import Path

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

from laoqu.batch import fork, warm

NAME = "laoqu-warm"
KERNELS = Path(__file__).parent / "kernels"


class WarmProvisioner(LocalProvisioner):
    """Have kernels forked by the warm server; else start them as `LocalProvisioner` does."""

    async def launch_kernel(self, cmd: list[str], **kwargs: object) -> dict[str, object]:
        """Fork a kernel and return its connection information."""
        try:
            self.process = await asyncio.to_thread(
                lambda: warm.server().start(
                    fork.KERNEL, cmd, env=kwargs.get("env"), cwd=kwargs.get("cwd")
                )
            )
        except warm.ColdError as error:
            self.log.warning("no warm kernel (%s): an ordinary one is started", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd") or Path.cwd()
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel and wait for its end: who asks later asks ten times a second."""
        await super().kill(restart)
        if isinstance(self.process, warm.Forked):
            with suppress(TimeoutError):
                await asyncio.to_thread(self.process.wait, 5)


class WarmClient(AsyncKernelClient):
    """A client that does not listen for a fifth of a second to the silence of a kernel that is up.

    What it would have heard is about a request that nobody waits for any more.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers."""
        channel, heard = self.iopub_channel, []
        listen = channel.get_msg

        async def once(timeout: float | None = None) -> dict[str, object]:
            heard.append(await listen(timeout=0 if heard else timeout))
            return heard[-1]

        channel.get_msg = once
        try:
            await super().wait_for_ready(timeout)
        finally:
            del channel.get_msg


def specs() -> KernelSpecManager:
    """Return a finder of kernels that knows ``laoqu-warm`` also where laoqu is not installed."""
    group = KernelProvisionerFactory.GROUP_NAME
    known = KernelProvisionerFactory.instance().provisioners
    known.setdefault(NAME, EntryPoint(NAME, f"{__name__}:WarmProvisioner", group))
    return KernelSpecManager(kernel_dirs=[str(KERNELS)])
