"""The documentation page, with what it loads: nothing comes from another host."""

from pathlib import Path
from typing import Annotated, Literal

import browsers
import fastapi_offline
from chassis.auth import public
from chassis.settings import Settings
from fastapi import APIRouter, Query, Request
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse

from documentation import sign_in

ASSETS = Path(fastapi_offline.__file__).parent / "static"
router = APIRouter(dependencies=[public], include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    settings: Settings = request.app.state.settings
    page = get_swagger_ui_html(
        openapi_url=sign_in.DOCUMENT.removeprefix("/"),
        title=request.app.title,
        swagger_js_url="docs/swagger-ui-bundle.js",
        swagger_css_url="docs/swagger-ui.css",
        swagger_favicon_url="docs/favicon.png",
        swagger_ui_parameters={"persistAuthorization": True, "displayRequestDuration": True},
        **sign_in.options(settings),
    )
    page.headers["Content-Security-Policy"] = browsers.page_loads(*sign_in.origins(settings))
    return page


@router.get(sign_in.DOCUMENT)
async def documented(request: Request) -> JSONResponse:
    return JSONResponse(await sign_in.described(request.app.state.settings, request.app.openapi()))


@router.get(sign_in.REDIRECT)
async def signed_in(_: Annotated[sign_in.Answer, Query()]) -> HTMLResponse:
    return get_swagger_ui_oauth2_redirect_html()


@router.get("/docs/{name}")
async def asset(name: Literal["swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"]) -> FileResponse:
    return FileResponse(ASSETS / name, headers={"Cache-Control": "max-age=86400"})
