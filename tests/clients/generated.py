"""What the generators make of a document, and the names in it."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contracts.building import HERE, run

VERBS = frozenset({"get", "put", "post", "patch", "delete"})


@dataclass(frozen=True)
class Api:
    """An OpenAPI document."""

    file: Path
    document: dict[str, Any]

    @property
    def operations(self) -> list[str]:
        paths = self.document["paths"].values()
        return [operation["operationId"] for path in paths for verb, operation in path.items() if verb in VERBS]

    @property
    def schemas(self) -> list[str]:
        return list(self.document["components"]["schemas"])


def api(service: str) -> Api:
    file = HERE / f"openapi/{service}.json"
    return Api(file, json.loads(file.read_text(encoding="utf-8")))


def typescript_types(document: Path, file: Path) -> str:
    run("node_modules/.bin/openapi-typescript", document, "-o", file)
    return file.read_text(encoding="utf-8")


def python_models(document: Path, file: Path) -> str:
    run(
        ".venv/bin/datamodel-codegen", "--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel",
        "--naming-strategy", "parent-prefixed", "--target-python-version", "3.11", "--formatters", "builtin",
        "--input", document, "--output", file,
    )  # fmt: skip
    return file.read_text(encoding="utf-8")


def compiled(folder: Path) -> None:
    """Raises `GeneratorFailed` unless TypeScript accepts the files of a folder under its strict rules."""
    settings = {
        "compilerOptions": {
            "strict": True,
            "noEmit": True,
            "target": "es2022",
            "module": "preserve",
            "lib": ["es2022", "dom", "dom.iterable"],
            "types": [],
        },
        "include": ["**/*.ts"],
    }
    (folder / "tsconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    run("node_modules/.bin/tsc", "-p", folder / "tsconfig.json")


def found(pattern: str, text: str) -> list[str]:
    return re.findall(pattern, text, re.MULTILINE)


def twice(names: list[str]) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def numbered(names: list[str]) -> list[str]:
    """Names that a generator has made different by a number, because another schema has the same."""
    return sorted(name for name in names if name != (plain := name.rstrip("0123456789_")) and plain in names)
