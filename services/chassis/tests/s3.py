"""The part of the S3 protocol that our storage uses, on a port of this machine: for tests."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit


class Objects(BaseHTTPRequestHandler):
    """Objects, and uploads in parts, which become an object when they are completed."""

    protocol_version = "HTTP/1.1"
    objects: dict[str, bytes]
    uploads: dict[str, dict[int, bytes]]

    @property
    def key(self) -> str:
        return urlsplit(self.path).path

    @property
    def upload(self) -> dict[int, bytes]:
        return self.uploads[parse_qs(urlsplit(self.path).query)["uploadId"][0]]

    def do_POST(self) -> None:
        body = self._body()
        if urlsplit(self.path).query.startswith("delete"):
            keys = [each.decode() for each in re.findall(rb"<Key>(.*?)</Key>", body)]
            for key in keys:
                self.objects.pop(f"{self.key.rstrip('/')}/{key}", None)
            told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            self._answer(200, f"<DeleteResult>{told}</DeleteResult>".encode())
            return
        if urlsplit(self.path).query.startswith("uploads"):
            name = str(len(self.uploads))
            self.uploads[name] = {}
            self._answer(200, f"<R><UploadId>{name}</UploadId></R>".encode())
            return
        numbers = [int(each) for each in re.findall(rb"<PartNumber>(\d+)", body)]
        self.objects[self.key] = b"".join(self.upload[number] for number in numbers)
        self._answer(200, b"<R><ETag>whole</ETag></R>")

    def do_PUT(self) -> None:
        number = int(parse_qs(urlsplit(self.path).query)["partNumber"][0])
        self.upload[number] = self._body()
        self._answer(200, ETag='"part"')

    def do_GET(self) -> None:
        if self.key not in self.objects:
            self._answer(404)
            return
        whole = self.objects[self.key]
        found = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        assert found is not None
        start, end = int(found[1]), min(int(found[2]) + 1, len(whole))
        told = {"ETag": '"whole"', "Last-Modified": "Sat, 28 Nov 2026 10:00:00 GMT"}
        self._answer(206, whole[start:end], **told, **{"Content-Range": f"bytes {start}-{end - 1}/{len(whole)}"})

    def do_DELETE(self) -> None:
        self.upload.clear()
        self._answer(204)

    def log_message(self, *_: object) -> None:
        """Nothing is logged."""

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def s3() -> Iterator[str]:
    """The address of such a server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Objects,), {"objects": {}, "uploads": {}}))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
