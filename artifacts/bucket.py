"""Blobs in a bucket that speaks S3: uploads in parts that we fill, downloads by range.

boto3's own transfers take a short read for the end of a file, and django-storages reads
whole objects; from both only the connection is used.
"""

import hashlib
import io
import logging
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import IO, Any, Self
from weakref import WeakKeyDictionary

from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage
from urllib3.exceptions import HTTPError

from artifacts.blobs import PIECE_BYTES, Missing, Stored
from tracker.errors import Full, Unavailable

log = logging.getLogger(__name__)

PART_BYTES = 8 * 1024**2
MAX_PARTS = 10_000  # of one upload

# One client for the process: it is safe between threads, and slow to make. django-storages
# makes one for each thread, and there are many.
_clients: WeakKeyDictionary[S3Storage, Any] = WeakKeyDictionary()


class Bucket:
    """The other BlobStorage: blobs as objects below a prefix."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self.client = client
        self.bucket = bucket
        self.prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    @classmethod
    def behind(cls, configured: S3Storage) -> Self:
        if configured not in _clients:
            _clients[configured] = configured.connection.meta.client
        return cls(_clients[configured], configured.bucket_name, configured.location)

    def named(self, blob: str) -> dict[str, str]:
        return {"Bucket": self.bucket, "Key": self.prefix + blob}

    def prepare(self) -> bool:
        with bucket_errors():
            try:
                self.client.head_bucket(Bucket=self.bucket)
            except ClientError as problem:
                if problem.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                    raise
                self.client.create_bucket(Bucket=self.bucket)
                return True
        return False

    def draft(self, blob: str, size_bytes: int) -> "BucketDraft":
        return BucketDraft(self, blob, max(PART_BYTES, -(-size_bytes // MAX_PARTS)))

    def open(self, blob: str, start: int, stop: int) -> "BucketRange":
        return BucketRange(self, blob, start, stop)

    def read(self, blob: str, start: int, stop: int) -> Any:
        """The body of one ranged answer."""
        if stop <= start:
            # S3 has no empty range; the object must be there all the same.
            self.size(blob)
            return io.BytesIO()
        with bucket_errors():
            answer = self.client.get_object(
                **self.named(blob), Range=f"bytes={start}-{stop - 1}"
            )
            return answer["Body"]

    def size(self, blob: str) -> int:
        with bucket_errors():
            return int(self.client.head_object(**self.named(blob))["ContentLength"])

    def seekable(self, blob: str) -> IO[bytes]:
        return io.BufferedReader(BucketFile(self, blob), PIECE_BYTES)

    def remove(self, blob: str) -> None:
        with bucket_errors():
            self.client.delete_object(**self.named(blob))

    def walk(self, after: str = "") -> Iterator[Stored]:
        start = {"StartAfter": self.prefix + after} if after else {}
        with bucket_errors():
            pages = self.client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix, **start
            )
            for page in pages:
                for entry in page.get("Contents", []):
                    blob = entry["Key"].removeprefix(self.prefix)
                    yield Stored(blob, entry["Size"], entry["LastModified"])

    def remove_drafts(self, before: datetime) -> int:
        removed = 0
        with bucket_errors():
            pages = self.client.get_paginator("list_multipart_uploads").paginate(
                Bucket=self.bucket, Prefix=self.prefix
            )
            for page in pages:
                for upload in page.get("Uploads", []):
                    removed += self.remove_draft(upload, before)
        return removed

    def remove_draft(self, upload: dict[str, Any], before: datetime) -> bool:
        """A slow upload may be older than that; its last part must be, too."""
        which = {
            "Bucket": self.bucket,
            "Key": upload["Key"],
            "UploadId": upload["UploadId"],
        }
        if upload["Initiated"] >= before:
            return False
        try:
            pages = self.client.get_paginator("list_parts").paginate(**which)
            parts = (part for page in pages for part in page.get("Parts", []))
            newest = max((part["LastModified"] for part in parts), default=before)
            if newest > before:
                return False
            self.client.abort_multipart_upload(**which)
        except ClientError as problem:
            if is_missing(problem):
                return False  # completed or aborted meanwhile
            raise
        return True


class BucketDraft:
    """Fills parts by itself, because a read may be short of a part and a part may not.

    One part or less is one request; only a longer file is a multipart upload.
    """

    def __init__(self, bucket: Bucket, blob: str, part_bytes: int) -> None:
        self.bucket = bucket
        self.client = bucket.client
        self.blob = blob
        self.part_bytes = part_bytes
        self.part = bytearray()
        self.size_bytes = 0
        self.upload: dict[str, str] = {}  # key and id, once there is one
        self.sent: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        if self.upload:
            try:
                self.client.abort_multipart_upload(**self.upload)
            except (ClientError, BotoCoreError) as failure:
                log.warning("a draft is left to the sweep: %s", failure)

    def write(self, piece: bytes) -> None:
        self.size_bytes += len(piece)
        rest = memoryview(piece)
        while rest:
            room = self.part_bytes - len(self.part)
            self.part += rest[:room]
            rest = rest[room:]
            if len(self.part) == self.part_bytes:
                self.send_part()

    def send_part(self) -> None:
        named = self.bucket.named(self.blob)
        with bucket_errors():
            if not self.upload:
                started = self.client.create_multipart_upload(**named)
                self.upload = {**named, "UploadId": started["UploadId"]}
            number = len(self.sent) + 1
            answer = self.client.upload_part(
                **self.upload,
                PartNumber=number,
                Body=self.part,
                ContentMD5=checksum(self.part),
            )
        self.sent.append({"PartNumber": number, "ETag": answer["ETag"]})
        self.part.clear()

    def keep(self) -> None:
        if not self.upload:
            with bucket_errors():
                self.client.put_object(
                    **self.bucket.named(self.blob),
                    Body=self.part,
                    ContentMD5=checksum(self.part),
                )
            return
        if self.part:
            self.send_part()
        with bucket_errors():
            self.client.complete_multipart_upload(
                **self.upload, MultipartUpload={"Parts": self.sent}
            )
        self.upload = {}
        kept = self.bucket.size(self.blob)
        if kept != self.size_bytes:
            raise Unavailable(
                f"The artifact storage kept {kept} of {self.size_bytes} bytes."
            )


class BucketRange:
    """One answer of S3, asked for again from where it broke off.

    A client that reads slowly outlives S3's patience.
    """

    MAX_TRIES = 3

    def __init__(self, bucket: Bucket, blob: str, start: int, stop: int) -> None:
        self.bucket = bucket
        self.blob = blob
        self.at = start
        self.stop = stop
        self.body = bucket.read(blob, start, stop)

    def __iter__(self) -> Iterator[bytes]:
        tries = 0
        while self.at < self.stop:
            piece = b""
            try:
                piece = self.body.read(min(self.stop - self.at, PIECE_BYTES))
            except (BotoCoreError, HTTPError) as problem:
                log.warning("a download from the storage broke off: %s", problem)
            if piece:
                tries = 0
                self.at += len(piece)
                yield piece
                continue
            tries += 1
            if tries == self.MAX_TRIES:
                raise Unavailable("The artifact storage stopped sending.")
            self.body.close()
            self.body = self.bucket.read(self.blob, self.at, self.stop)

    def close(self) -> None:
        self.body.close()


class BucketFile(io.RawIOBase):
    """An object as a file; each read is a request, so put a buffer around it."""

    def __init__(self, bucket: Bucket, blob: str) -> None:
        self.bucket = bucket
        self.blob = blob
        self.at = 0
        self.size_bytes = bucket.size(blob)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size_bytes}
        self.at = max(0, base[whence] + offset)
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: Any) -> int:
        data = self.read_to(self.at + len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        return self.read_to(self.size_bytes)

    def read_to(self, stop: int) -> bytes:
        stop = min(stop, self.size_bytes)
        if stop <= self.at:
            return b""
        with closing(self.bucket.open(self.blob, self.at, stop)) as pieces:
            data = b"".join(pieces)
        self.at += len(data)
        return data


def checksum(part: bytearray) -> str:
    """The header that makes S3 compare what it got with what we sent."""
    return b64encode(hashlib.md5(part, usedforsecurity=False).digest()).decode()


def is_missing(problem: ClientError) -> bool:
    return problem.response.get("Error", {}).get("Code") in {
        "404",
        "NoSuchKey",
        "NoSuchUpload",
    }


def is_full(problem: ClientError) -> bool:
    status = problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == 507 or problem.response.get("Error", {}).get("Code") in {
        "QuotaExceeded",
        "XMinioStorageFull",
    }


@contextmanager
def bucket_errors() -> Iterator[None]:
    try:
        yield
    except ClientError as problem:
        if is_missing(problem):
            raise Missing(str(problem)) from problem
        if is_full(problem):
            raise Full("The storage has no room left for this file.") from problem
        log.error("artifact storage: %s", problem)
        raise Unavailable("The artifact storage cannot be used now.") from problem
    except BotoCoreError as problem:
        log.error("artifact storage: %s", problem)
        raise Unavailable("The artifact storage cannot be used now.") from problem
