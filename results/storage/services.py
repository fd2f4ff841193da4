"""Connections to object stores, with credentials, region and endpoint from where the services' own tools take them.

In: a bucket and the options of a URI. Out: a file system of pyarrow. No request is made, but to ask for a region.
"""

import os
from datetime import timedelta

from pyarrow.fs import AwsStandardS3RetryStrategy, GcsFileSystem, S3FileSystem, resolve_s3_region

_CONNECT_SECONDS = 10.0
_GCS_RETRY_SECONDS = 10
_REGION_WHERE_NONE_MATTERS = "us-east-1"


def connect_s3(bucket: str, options: dict[str, str]) -> S3FileSystem:
    """Connect to Amazon S3 or what speaks its protocol.

    Raises:
        OSError: there is no such bucket, or it may not be asked where it is.
    """
    endpoint = (
        options.get("endpoint_override")
        or os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL")
        or None
    )
    region = options.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region is None:
        region = _REGION_WHERE_NONE_MATTERS if endpoint else resolve_s3_region(bucket)
    return S3FileSystem(
        anonymous=options.get("anonymous") == "true",
        region=region,
        endpoint_override=endpoint,
        scheme=options.get("scheme", "https"),
        connect_timeout=_CONNECT_SECONDS,
        allow_delayed_open=True,  # a small object is one request
        retry_strategy=AwsStandardS3RetryStrategy(max_attempts=3),
    )


def connect_gcs(options: dict[str, str]) -> GcsFileSystem:
    """Connect to Google Cloud Storage."""
    endpoint = options.get("endpoint_override") or os.environ.get("STORAGE_EMULATOR_HOST") or None
    scheme = options.get("scheme", "https")
    if endpoint is not None and "://" in endpoint:
        scheme, _, endpoint = endpoint.partition("://")
    return GcsFileSystem(
        anonymous=options.get("anonymous") == "true",
        endpoint_override=endpoint,
        scheme=scheme,
        retry_time_limit=timedelta(seconds=_GCS_RETRY_SECONDS),
    )
