"""HTTP of modules that a tenant turns off and on."""

from typing import Annotated

from chassis.audit import add_facts, audited
from chassis.auth import Principal, requires
from chassis.db import Session
from chassis.preconditions import SeenIfThere, etag
from chassis.routing import Router
from contracts.text import ShortText
from fastapi import Path, Response

from modules.optional import queries
from modules.optional.models import OptionalModule
from modules.optional.options import OptionalModules
from modules.optional.schemas import ModuleBody, ModuleList, ModuleOut

READ = requires("access:read")
Writer = Annotated[Principal, requires("access:write")]
Name = Annotated[ShortText, Path(description="The name of a module, as in the list.")]


def modules_router(options: OptionalModules) -> Router:
    """The routes, for these modules."""
    router = Router(prefix="/v1/modules", tags=["access"])

    @router.get("", dependencies=[READ])
    async def list_modules(session: Session) -> ModuleList:
        """The modules that a tenant can turn off, and whether they are on. All others are required."""
        return ModuleList(items=await queries.every(session, options))

    @router.get("/{name}", dependencies=[READ])
    async def read_module(name: Name, session: Session, response: Response) -> ModuleOut:
        """One module, with the `ETag` to turn it off or on."""
        return _tagged(queries.shown(options, name, await queries.one(session, name)), response)

    @router.put("/{name}", dependencies=[audited])
    async def switch_module(
        name: Name, body: ModuleBody, session: Session, caller: Writer, seen: SeenIfThere, response: Response
    ) -> ModuleOut:
        """Turn a module off or on for your tenant. It takes effect within ten seconds.

        The routes of a module that is off answer 404 `module-off`; its scopes and records are not shown, imports and
        exports of its records are refused. Its data is kept and goes on being synchronised: nothing is lost.
        """
        row = await queries.one(session, name, lock=True)
        known = queries.shown(options, name, row)
        if row is None:
            row = OptionalModule(name=name, version=0)
            session.add(row)
        else:
            seen.check(row.version, known)
        add_facts(session, enabled=body.enabled)
        row.enabled = body.enabled
        row.count_on(caller.subject)
        await session.flush()
        return _tagged(queries.shown(options, name, row), response)

    return router


def _tagged(answer: ModuleOut, response: Response) -> ModuleOut:
    response.headers["ETag"] = etag(answer.version)
    return answer
